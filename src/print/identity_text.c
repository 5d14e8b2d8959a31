// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "identity_text.h"

#include <limits.h>

#include "escape.h"

enum { WORD_MAX = 4 * PATH_MAX + 1 };

/* Receives the pieces of the text: they are written, or only measured. */
struct pieces {
	struct output *output; /* NULL: only measured */
	size_t width;
};

static void add_piece(struct pieces *pieces, const char *text)
{
	pieces->width += text_width(text);
	if (pieces->output)
		output_text(pieces->output, text);
}

static void add_word(struct pieces *pieces, const char *label, const char *word)
{
	char text[WORD_MAX];

	if (!word || !*word)
		return;
	escape_word(text, sizeof(text), word, strlen(word));
	add_piece(pieces, label);
	add_piece(pieces, text);
}

static void add_parent(struct pieces *pieces, const struct lineage *lineage)
{
	char number[DECIMAL_MAX + 2] = "/";

	if (!lineage->ppid || lineage->ppid & OWNER_FOREIGN)
		return;
	*decimal_put(number + 1, lineage->ppid) = '\0';
	add_word(pieces, " parent:", *lineage->pcomm ? lineage->pcomm : "-");
	add_piece(pieces, number);
}

static void add_cmdline(struct pieces *pieces, const char *cmdline)
{
	char text[4 * CMDLINE_MAX + 1];

	if (!cmdline)
		return;
	escape_quoted(text, sizeof(text), cmdline, strlen(cmdline));
	add_piece(pieces, " cmd:\"");
	add_piece(pieces, text);
	add_piece(pieces, "\"");
}

static void add_identity(struct pieces *pieces, const struct identity *identity)
{
	if (!identity)
		return;
	add_parent(pieces, &identity->lineage);
	add_word(pieces, " unit:", identity->unit);
	add_word(pieces, " container:", identity->container);
	add_word(pieces, " exe:", identity->exe);
	add_cmdline(pieces, identity->cmdline);
}

void identity_put(const struct identity *identity, struct output *output)
{
	struct pieces pieces = {.output = output};

	add_identity(&pieces, identity);
}

size_t identity_width(const struct identity *identity)
{
	struct pieces pieces = {0};

	add_identity(&pieces, identity);
	return pieces.width;
}
