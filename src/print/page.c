// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "page.h"

#include <stdarg.h>
#include <stdio.h>

#include "colors.h"

enum { PAGE_TEXT = 4096, INDENT = 2, ITEM_INDENT = 4, COUNT_WIDTH = 9, COUNT_INDENT = COUNT_WIDTH + 2 };

void page_open(struct page *page, struct output *output, size_t width, bool color)
{
	*page = (struct page){.wrap = {.output = output, .width = width}, .color = color};
}

/* ---- one line, with its continuation lines ---- */

static void begin_page_line(struct page *page, const char *prefix, size_t indent)
{
	page->wrap.column = 0;
	page->wrap.indent = indent;
	output_text(page->wrap.output, prefix);
	page->wrap.column = wrap_width_of(prefix);
}

__attribute__((format(printf, 2, 0))) static void put_page_text(struct page *page, const char *format,
								va_list arguments)
{
	char text[PAGE_TEXT];

	vsnprintf(text, sizeof(text), format, arguments);
	wrap_text(&page->wrap, text);
}

static void put_page_color(struct page *page, const char *sequence)
{
	if (page->color && sequence)
		output_text(page->wrap.output, sequence);
}

static void end_page_line(struct page *page)
{
	output_char(page->wrap.output, '\n');
}

/* ---- the parts of a page ---- */

__attribute__((format(printf, 2, 0))) static void put_bold_line(struct page *page, const char *format,
								va_list arguments)
{
	begin_page_line(page, "", 0);
	put_page_color(page, COLOR_BOLD);
	put_page_text(page, format, arguments);
	put_page_color(page, COLOR_END);
	end_page_line(page);
}

void page_title(struct page *page, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put_bold_line(page, format, arguments);
	va_end(arguments);
}

void page_heading(struct page *page, const char *format, ...)
{
	va_list arguments;

	end_page_line(page);
	va_start(arguments, format);
	put_bold_line(page, format, arguments);
	va_end(arguments);
}

void page_paragraph(struct page *page, const char *format, ...)
{
	va_list arguments;

	begin_page_line(page, "  ", INDENT);
	va_start(arguments, format);
	put_page_text(page, format, arguments);
	va_end(arguments);
	end_page_line(page);
}

void page_item(struct page *page, const char *format, ...)
{
	va_list arguments;

	begin_page_line(page, "  - ", ITEM_INDENT);
	va_start(arguments, format);
	put_page_text(page, format, arguments);
	va_end(arguments);
	end_page_line(page);
}

void page_count(struct page *page, uint64_t count, const char *format, ...)
{
	char number[32];
	va_list arguments;

	snprintf(number, sizeof(number), "%*llu  ", COUNT_WIDTH, (unsigned long long)count);
	begin_page_line(page, number, COUNT_INDENT);
	va_start(arguments, format);
	put_page_text(page, format, arguments);
	va_end(arguments);
	end_page_line(page);
}

void page_entry(struct page *page, const char *name, size_t width, const char *sequence, const char *format, ...)
{
	va_list arguments;

	begin_page_line(page, "  ", INDENT + width + 2);
	put_page_color(page, sequence);
	wrap_text(&page->wrap, name);
	put_page_color(page, sequence ? COLOR_END : NULL);
	for (size_t used = wrap_width_of(name); used < width + 2; used++)
		wrap_text(&page->wrap, " ");
	va_start(arguments, format);
	put_page_text(page, format, arguments);
	va_end(arguments);
	end_page_line(page);
}
