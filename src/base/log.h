/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Messages for the person at the terminal, on stderr, each on a line that begins with the program's
 * name. Arguments that another program may have chosen must be escaped by the caller (escape.h).
 */

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* From now on, a reader of stderr that takes nothing for `patience_ms` gets no further messages until it reads again.
 * Before the first call such a reader is waited for, without limit. */
void log_set_patience(int patience_ms);

/* Messages above this level are dropped; LOG_WARNING to begin with. */
void log_set_level(enum log_level level);
enum log_level log_level(void);

__attribute__((format(printf, 2, 3))) void log_write(enum log_level level, const char *format, ...);

#define log_error(...)   log_write(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_DEBUG, __VA_ARGS__)
