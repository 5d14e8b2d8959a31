// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "identity_json.h"

#include "json_parts.h"

/* The longest that a byte of a text becomes: \u00NN. */
enum { BYTE_MAX = 6, MEMBERS_MAX = 256 };

static size_t measure_text(const char *text)
{
	return text ? strlen(text) * BYTE_MAX : 0;
}

/* True when all members, as they are written, fit into the room that an output has at least. */
static bool fits_in_room(const struct identity *identity)
{
	return MEMBERS_MAX + COMM_LEN * BYTE_MAX + measure_text(identity->exe) + measure_text(identity->cmdline) +
		       measure_text(identity->unit) + measure_text(identity->container) <
	       OUTPUT_ROOM_MAX;
}

static void put_members(struct json_writer *json, const struct identity *identity)
{
	const struct lineage *lineage = &identity->lineage;

	json_known(json, "ppid", lineage->ppid, lineage->ppid && !(lineage->ppid & OWNER_FOREIGN));
	json_text_or_null(json, "pcomm", lineage->pcomm);
	json_text_or_null(json, "exe", identity->exe);
	json_text_or_null(json, "cmdline", identity->cmdline);
	json_text_or_null(json, "unit", identity->unit);
	json_text_or_null(json, "container", identity->container);
}

/* Keeps what was written since `before` for the next line: a process has many. The comma before it is left out. */
static void keep_members(struct identity *identity, const struct output *output, size_t before)
{
	identity->json = strndup(output->buffer + before + 1, output->used - before - 1);
}

void identity_json_put(struct json_writer *json, struct identity *identity)
{
	struct output *output = json->output;
	bool keep;
	size_t before;

	if (!identity) {
		json_members(json, "\"ppid\":null,\"pcomm\":null,\"exe\":null,\"cmdline\":null,\"unit\":null,"
				   "\"container\":null");
		return;
	}
	if (identity->json) {
		json_members(json, identity->json);
		return;
	}
	keep = fits_in_room(identity) && json->has_items[json->depth - 1];
	output_room(output, OUTPUT_ROOM_MAX); /* no flush comes in between */
	before = output->used;
	put_members(json, identity);
	if (keep)
		keep_members(identity, output, before);
}
