// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "identities.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "identity_reader.h"
#include "index.h"

/* So many processes are remembered at least, and twice as many at most. */
enum { GENERATION = 4096 };

/* One process. Of those with one pid only the last is remembered. */
struct known_process {
	struct link by_pid;
	char comm[COMM_LEN];
	struct identity *identity;
	uint64_t round; /* in which it was last seen to be this process; 0: not asked */
};

/* When a generation is full, the processes that were not asked for since the one before are forgotten. */
struct identities {
	struct index recent, older;
	bool with_cmdline;
};

static void free_known_process(struct known_process *known)
{
	identity_unref(known->identity);
	free(known);
}

static struct known_process *process_of_link(struct link *link)
{
	return LINK_OWNER(link, struct known_process, by_pid);
}

static void empty_generation(struct index *generation)
{
	struct link *link, *next;
	size_t bucket;

	for (link = generation->buckets ? index_each(generation, NULL, &bucket) : NULL; link; link = next) {
		next = index_each(generation, link, &bucket);
		index_remove(generation, link);
		free_known_process(process_of_link(link));
	}
}

struct identities *identities_new(bool with_cmdline)
{
	struct identities *identities = calloc(1, sizeof(*identities));
	int err;

	if (!identities)
		return NULL;
	identities->with_cmdline = with_cmdline;
	err = index_init(&identities->recent);
	if (!err)
		err = index_init(&identities->older);
	if (!err)
		return identities;
	identities_free(identities);
	errno = -err;
	return NULL;
}

void identities_free(struct identities *identities)
{
	if (!identities)
		return;
	empty_generation(&identities->recent);
	empty_generation(&identities->older);
	index_free(&identities->recent);
	index_free(&identities->older);
	free(identities);
}

static void remember_process(struct identities *identities, struct known_process *known, uint32_t pid)
{
	struct index full;

	if (identities->recent.count >= GENERATION) {
		empty_generation(&identities->older);
		full = identities->recent;
		identities->recent = identities->older;
		identities->older = full;
	}
	index_insert(&identities->recent, &known->by_pid, pid);
}

/* Finds the process last seen under that pid, and keeps it from being forgotten soon. */
static struct known_process *find_known_process(struct identities *identities, uint32_t pid)
{
	struct link *link = index_find(&identities->recent, pid);

	if (link)
		return process_of_link(link);
	link = index_find(&identities->older, pid);
	if (!link)
		return NULL;
	index_remove(&identities->older, link);
	remember_process(identities, process_of_link(link), pid);
	return process_of_link(link);
}

static struct identity *learn_process(struct identities *identities, struct known_process *known,
				      const struct owner *owner, const struct lineage *lineage, uint64_t round)
{
	struct identity *identity = identity_read(owner, lineage, identities->with_cmdline);

	if (!identity)
		return NULL;
	if (!known) {
		known = calloc(1, sizeof(*known));
		if (!known) {
			identity_unref(identity);
			return NULL;
		}
		remember_process(identities, known, owner->pid);
	}
	identity_unref(known->identity);
	known->identity = identity;
	known->round = round;
	memcpy(known->comm, owner->comm, COMM_LEN);
	return identity;
}

static bool goes_by_same_name(const struct known_process *known, const struct owner *owner)
{
	return strncmp(known->comm, owner->comm, COMM_LEN) == 0;
}

struct identity *identities_of_caller(struct identities *identities, const struct owner *owner,
				      const struct lineage *lineage)
{
	struct known_process *known = find_known_process(identities, owner->pid);
	const struct lineage *before = known ? &known->identity->lineage : NULL;

	if (before && before->start_ns == lineage->start_ns && before->execs == lineage->execs &&
	    goes_by_same_name(known, owner))
		return known->identity;
	return learn_process(identities, known, owner, lineage, 0);
}

struct identity *identities_of_holder(struct identities *identities, const struct owner *owner, uint64_t round)
{
	struct known_process *known = find_known_process(identities, owner->pid);

	if (known && goes_by_same_name(known, owner) &&
	    (known->round == round || identity_holds(known->identity, owner))) {
		known->round = round;
		return known->identity;
	}
	return learn_process(identities, known, owner, NULL, round);
}
