/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Texts of /proc with a name at the beginning of each line, and its value behind it.
 */

/* Returns what follows `name`, and blanks, in the first line that begins with it; NULL: no line does. A name that
 * stands elsewhere in a line is part of a value, which may be text that anybody chose. */
const char *line_value(const char *text, const char *name);
