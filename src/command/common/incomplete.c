// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "incomplete.h"

#include "json_parts.h"

void incomplete_json(struct output *output, const char *what, uint64_t count, const char *why)
{
	struct json_writer json;

	json_line_begin(&json, output);
	json_word(&json, "type", "incomplete");
	json_word(&json, "what", what);
	json_u64(&json, "count", count);
	json_text_or_null(&json, "why", why);
	json_line_end(&json);
}
