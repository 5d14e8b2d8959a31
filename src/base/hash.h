/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Keyed hashing of words that a stranger may choose. The hash is multilinear, namely the upper 64 bits of
 *
 *	keys[0] + keys[1] * words[0] + keys[2] * words[1] + … mod 2^128
 *
 * with random keys of 128 bits. It is strongly universal (Lemire and Kaser, 2014: Strongly universal string hashing is
 * fast): for any two different inputs of one length, each pair of hashes is equally likely over the choice of the
 * secret. So two inputs have one hash with the probability 2^-64, and agree in any n bits of it with 2^-n. A fixed hash
 * that merely starts from a secret does not give that: some differences cancel out under every secret. The
 * multiplications do not depend on each other, which makes it fast.
 *
 * The guarantee holds against strangers who see no hashes: a few hashes would reveal much of the secret. Hashes are
 *never printed or stored.
 */
#include <stddef.h>
#include <stdint.h>

enum { HASH_WORDS_MAX = 6 };

struct hash_key {
	uint64_t low, high;
};

struct hash_secret {
	struct hash_key keys[HASH_WORDS_MAX + 1];
};

/* Draws a new secret from the kernel; early after boot this may have to wait. Returns 0, or a negative errno of
 * getrandom(), which is logged: -ENOSYS, or -EPERM where a sandbox forbids the call. */
int hash_secret_init(struct hash_secret *secret);

/* Computes the same as hash_words(), by 64-bit arithmetic: for compilers without 128-bit integers (32-bit machines). */
static inline uint64_t hash_words_by_halves(const struct hash_secret *secret, const uint64_t *words, size_t count)
{
	uint64_t sum_low = secret->keys[0].low, sum_high = secret->keys[0].high;

	for (size_t i = 0; i < count; i++) {
		const struct hash_key *key = &secret->keys[i + 1];
		uint64_t key_upper = key->low >> 32, key_lower = (uint32_t)key->low;
		uint64_t upper = words[i] >> 32, lower = (uint32_t)words[i];
		uint64_t middle = key_upper * lower + (key_lower * lower >> 32);
		uint64_t other = key_lower * upper + (uint32_t)middle;
		uint64_t low = key->low * words[i];

		sum_low += low;
		sum_high += key_upper * upper + (middle >> 32) + (other >> 32) + key->high * words[i] + (sum_low < low);
	}
	return sum_high;
}

/* Hashes at most HASH_WORDS_MAX words. All inputs under one secret must have the same length, since a further word of 0
 * changes nothing. */
static inline uint64_t hash_words(const struct hash_secret *secret, const uint64_t *words, size_t count)
{
#ifdef __SIZEOF_INT128__
	unsigned __int128 sum = (unsigned __int128)secret->keys[0].high << 64 | secret->keys[0].low;

	for (size_t i = 0; i < count; i++) {
		const struct hash_key *key = &secret->keys[i + 1];

		sum += ((unsigned __int128)key->high << 64 | key->low) * words[i];
	}
	return (uint64_t)(sum >> 64);
#else
	return hash_words_by_halves(secret, words, count);
#endif
}
