/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A page for people to read: headings, paragraphs, items and counts, within the width of a terminal. Text that another
 * program chose must be escaped by the caller (escape.h).
 */
#include <stdbool.h>

#include "wrap.h"

struct page {
	struct wrap wrap;
	bool color;
};

#define PAGE_FORMAT __attribute__((format(printf, 2, 3)))

/* `width`: in columns; 0: no limit. */
void page_open(struct page *page, struct output *output, size_t width, bool color);

PAGE_FORMAT void page_title(struct page *page, const char *format, ...);
/* Puts an empty line before the heading. */
PAGE_FORMAT void page_heading(struct page *page, const char *format, ...);
PAGE_FORMAT void page_paragraph(struct page *page, const char *format, ...);
PAGE_FORMAT void page_item(struct page *page, const char *format, ...);

/* Puts a count in a column, then the text that says of what. */
__attribute__((format(printf, 3, 4))) void page_count(struct page *page, uint64_t count, const char *format, ...);

/* Puts a name, within `width` columns, then a text about it. `sequence` colours the name; NULL: no colour. */
__attribute__((format(printf, 5, 6))) void page_entry(struct page *page, const char *name, size_t width,
						      const char *sequence, const char *format, ...);
