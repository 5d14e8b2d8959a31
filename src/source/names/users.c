// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "users.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "index.h"
#include "parse.h"

enum { ENTRY_BYTES = 1 << 14, TYPED_NAME_SIZE = 256 };

struct user {
	struct link by_id;
	char *name; /* NULL: none */
};

struct users {
	struct index by_id;
};

struct users *users_new(void)
{
	struct users *users = calloc(1, sizeof(*users));

	if (users && index_init(&users->by_id)) {
		free(users);
		return NULL;
	}
	return users;
}

void users_free(struct users *users)
{
	struct link *link, *next;
	size_t bucket;

	if (!users)
		return;
	for (link = index_each(&users->by_id, NULL, &bucket); link; link = next) {
		struct user *user = LINK_OWNER(link, struct user, by_id);

		next = index_each(&users->by_id, link, &bucket);
		free(user->name);
		free(user);
	}
	index_free(&users->by_id);
	free(users);
}

/* Looks up the name. One of digits alone would be read as the number of another user: it is none. */
static struct user *look_up_user(uint32_t uid)
{
	struct user *user = calloc(1, sizeof(*user));
	struct passwd entry, *found = NULL;
	char bytes[ENTRY_BYTES];

	if (user && getpwuid_r(uid, &entry, bytes, sizeof(bytes), &found) == 0 && found && !is_digits(found->pw_name))
		user->name = strdup(found->pw_name);
	return user;
}

const char *users_name(struct users *users, uint32_t uid)
{
	struct link *link = index_find(&users->by_id, uid);
	struct user *user = link ? LINK_OWNER(link, struct user, by_id) : look_up_user(uid);

	if (user && !link)
		index_insert(&users->by_id, &user->by_id, uid);
	return user ? user->name : NULL;
}

int users_find(const char *typed, uint32_t *uid)
{
	char bytes[ENTRY_BYTES], name[TYPED_NAME_SIZE];
	struct passwd entry, *found = NULL;

	unescape(name, sizeof(name), typed);
	if (getpwnam_r(name, &entry, bytes, sizeof(bytes), &found) || !found)
		return -ENOENT;
	*uid = found->pw_uid;
	return 0;
}
