// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "process_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "grow.h"
#include "nearest.h"

int process_names_add(struct process_names *names, const char comm[COMM_LEN])
{
	if (!comm[0])
		return 0;
	if (!GROW(names->all, names->count, names->room, 128))
		return -ENOMEM;
	memcpy(names->all[names->count++], comm, COMM_LEN);
	return 0;
}

void process_names_free(struct process_names *names)
{
	free(names->all);
	*names = (struct process_names){0};
}

const char *process_names_nearest(const struct process_names *names, const char *name)
{
	CLEANUP(cleanup_free) const char **words = calloc(names->count + 1, sizeof(*words));

	for (size_t i = 0; words && i < names->count; i++) {
		words[i] = names->all[i];
		if (strlen(names->all[i]) == COMM_LEN - 1 && strncmp(name, names->all[i], COMM_LEN - 1) == 0)
			return names->all[i];
	}
	return words ? nearest_word(name, words, names->count) : NULL;
}
