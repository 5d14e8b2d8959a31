// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "hash.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "log.h"

/* getrandom(2): a request of up to 256 bytes gets all of them or none. No signal interrupts the call once the kernel
 * has its entropy. */
_Static_assert(sizeof(struct hash_secret) <= 256, "a secret comes whole");

int hash_secret_init(struct hash_secret *secret)
{
	ssize_t length;
	int err;

	do
		length = getrandom(secret, sizeof(*secret), 0);
	while (length < 0 && errno == EINTR);
	if (length >= 0)
		return 0;
	err = -errno;
	log_error("getrandom() gives no secret for hashing: %s", strerror(-err));
	return err;
}
