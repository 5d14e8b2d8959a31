// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "identity.h"

#include <stdlib.h>
#include <string.h>

/* Copies a text into *copy; NULL stays NULL. False when memory is short. */
static bool copy_text(const char *text, char **copy)
{
	*copy = text ? strdup(text) : NULL;
	return *copy || !text;
}

struct identity *identity_new(const struct lineage *lineage, const struct identity_texts *texts)
{
	struct identity *identity = calloc(1, sizeof(*identity));

	if (!identity)
		return NULL;
	identity->references = 1;
	identity->lineage = *lineage;
	if (copy_text(texts->exe, &identity->exe) && copy_text(texts->cmdline, &identity->cmdline) &&
	    copy_text(texts->unit, &identity->unit) && copy_text(texts->container, &identity->container))
		return identity;
	identity_unref(identity);
	return NULL;
}

void identity_ref(struct identity *identity)
{
	if (identity)
		identity->references++;
}

void identity_unref(struct identity *identity)
{
	if (!identity || --identity->references)
		return;
	free(identity->exe);
	free(identity->cmdline);
	free(identity->unit);
	free(identity->container);
	free(identity->json);
	free(identity);
}

bool identity_is_of_same_program(const struct identity *a, const struct identity *b)
{
	const struct lineage *x = &a->lineage, *y = &b->lineage;
	bool exact = !x->start_span_ns && !y->start_span_ns;

	if (x->start_ns + y->start_span_ns < y->start_ns || y->start_ns + x->start_span_ns < x->start_ns)
		return false;
	return !exact || x->execs == y->execs;
}
