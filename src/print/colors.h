/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The escape sequences that colour text on a terminal.
 */
#define COLOR_RED    "\033[31m"
#define COLOR_GREEN  "\033[32m"
#define COLOR_YELLOW "\033[33m"
#define COLOR_BLUE   "\033[34m"
#define COLOR_CYAN   "\033[36m"
#define COLOR_GREY   "\033[90m"
#define COLOR_BOLD   "\033[1m"
#define COLOR_END    "\033[0m" /* ends all of them */
