// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "audit_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "line.h"
#include "socket_text.h"
#include "state_color.h"

#define COLOR_FINDING "\033[31m"
#define COLOR_GONE    "\033[90m"

enum { NETID_WIDTH = 5, NAME_TEXT = 4 * NETNS_NAME_MAX + 1 }; /* that of a namespace is the longest */

/* What a row shows. */
struct cells {
	char netns[NAME_TEXT];
	char local[SOCKET_ENDPOINT_MAX];
	char reach[NAME_TEXT];
	char process[NAME_TEXT];
	char user[NAME_TEXT];
	char container[NAME_TEXT];
};

struct columns {
	const struct audit_style *style;
	const struct socket_namer *namer;
	size_t netns, local, reach, process, user;
	size_t container; /* 0: no such column */
};

/* ---- cells ---- */

static void put_name(char out[NAME_TEXT], const char *name)
{
	if (*name)
		escape_text(out, NAME_TEXT, name, strlen(name));
	else
		strcpy(out, "-");
}

static size_t count_others(const struct socket *socket)
{
	uint32_t last = socket->owners->pid;
	size_t others = 0;

	for (size_t i = 1; i < socket->owner_count; i++) { /* by pid */
		others += socket->owners[i].pid != last;
		last = socket->owners[i].pid;
	}
	return others;
}

/* "1234/nginx +2", as netstat spells it, and two others that hold it; of one that has gone only the name is known. */
static void put_process(char out[NAME_TEXT], const struct audit_row *row)
{
	const struct socket *socket = &row->socket;
	char name[4 * COMM_LEN + 1];
	size_t others;

	if (!socket->owner_count) {
		put_name(out, row->listener.process);
		return;
	}
	others = count_others(socket);
	escape_text(name, sizeof(name), socket->owners->comm, COMM_LEN);
	if (others)
		snprintf(out, NAME_TEXT, "%u/%s +%zu", socket->owners->pid, name, others);
	else
		snprintf(out, NAME_TEXT, "%u/%s", socket->owners->pid, name);
}

/* Bound to all addresses, it still takes only what comes by its interface. */
static void put_reach(char out[NAME_TEXT], const struct listener *listener)
{
	char interface[NAME_TEXT];

	put_name(interface, listener->interface);
	if (reach_is_wide(listener->reach) && *listener->interface)
		snprintf(out, NAME_TEXT, "%s on %.80s", reach_name(listener->reach), interface);
	else
		strcpy(out, reach_name(listener->reach));
}

static void fill(struct cells *cells, const struct audit_row *row, const struct columns *columns)
{
	put_name(cells->netns, row->listener.netns);
	if (!*row->listener.netns && row->socket.tuple.netns)
		number_text(row->socket.tuple.netns, true, cells->netns);
	socket_local_text(&row->socket, columns->namer, cells->local);
	put_reach(cells->reach, &row->listener);
	put_process(cells->process, row);
	put_name(cells->user, row->listener.user);
	put_name(cells->container, row->listener.container);
}

/* ---- lines ---- */

static void widen(size_t *width, const char *text)
{
	size_t length = text_width(text);

	if (length > *width)
		*width = length;
}

static void measure(struct columns *columns, const struct audit_row *row)
{
	struct cells cells;

	fill(&cells, row, columns);
	widen(&columns->netns, cells.netns);
	widen(&columns->local, cells.local);
	widen(&columns->reach, cells.reach);
	widen(&columns->process, cells.process);
	widen(&columns->user, cells.user);
	if (*row->listener.container)
		widen(&columns->container, cells.container);
}

static void put_line(const struct cells *cells, const char *netid, const char *note, const char *color,
		     const struct columns *columns, struct output *output)
{
	struct line line;

	line_clear(&line);
	line_color(&line, color);
	line_left(&line, netid, NETID_WIDTH);
	if (columns->style->netns)
		line_left(&line, cells->netns, columns->netns);
	line_left(&line, cells->local, columns->local);
	line_left(&line, cells->reach, columns->reach);
	line_left(&line, cells->process, columns->process);
	line_color(&line, *color ? COLOR_END : "");
	line_left(&line, cells->user, columns->user);
	if (columns->container)
		line_left(&line, cells->container, columns->container);
	line_text(&line, note);
	line_put(&line, output);
}

static void put_heading(const struct columns *columns, struct output *output)
{
	static const struct cells heading = {.netns = "NETNS",
					     .local = "Local Address:Port",
					     .reach = "Reach",
					     .process = "Process",
					     .user = "User",
					     .container = "Container"};

	put_line(&heading, "Netid", "Note", "", columns, output);
}

static void put_row(const struct audit_row *row, const struct columns *columns, struct output *output)
{
	const char *color = row->flags ? COLOR_FINDING : row->since == SINCE_GONE ? COLOR_GONE : "";
	char note[AUDIT_NOTE_SIZE], shown[4 * AUDIT_NOTE_SIZE + 1];
	struct cells cells;

	audit_note(row, note);
	escape_text(shown, sizeof(shown), note, strlen(note));
	fill(&cells, row, columns);
	put_line(&cells, socket_netid(&row->socket), shown, columns->style->color ? color : "", columns, output);
}

void audit_text_put(const struct audit_row *rows, size_t count, const struct audit_style *style,
		    const struct socket_namer *namer, struct output *output)
{
	struct columns columns = {
		.style = style,
		.namer = namer,
		.netns = sizeof("NETNS") - 1,
		.local = sizeof("Local Address:Port") - 1,
		.reach = sizeof("Reach") - 1,
		.process = sizeof("Process") - 1,
		.user = sizeof("User") - 1,
	};

	for (size_t i = 0; i < count; i++)
		measure(&columns, &rows[i]);
	if (columns.container)
		widen(&columns.container, "Container");
	if (style->heading)
		put_heading(&columns, output);
	for (size_t i = 0; i < count; i++)
		put_row(&rows[i], &columns, output);
}

/* ---- the sum ---- */

__attribute__((format(printf, 3, 4))) static size_t append(char *out, size_t used, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(out + used, AUDIT_SUM_SIZE - used, format, args);
	va_end(args);
	used += (size_t)length;
	return used < AUDIT_SUM_SIZE ? used : AUDIT_SUM_SIZE - 1;
}

const char *audit_sum_text(const struct audit_counts *counts, const struct audit_rules *rules, char *out)
{
	const char *separator = ": ";
	size_t used = append(out, 0, "%llu %s", (unsigned long long)counts->listeners,
			     counts->listeners == 1 ? "listener" : "listeners");

	for (unsigned int reach = 0; reach < REACH_COUNT; reach++) {
		if (!counts->reach[reach])
			continue;
		used = append(out, used, "%s%llu %s", separator, (unsigned long long)counts->reach[reach],
			      reach_name(reach));
		separator = ", ";
	}
	if (rules->policy)
		used = append(out, used, "; %llu outside the policy", (unsigned long long)counts->outside);
	if (rules->compared)
		used = append(out, used, "; since the baseline %llu new, %llu changed, %llu gone",
			      (unsigned long long)counts->appeared, (unsigned long long)counts->changed,
			      (unsigned long long)counts->gone);
	if (!rules->policy && !rules->baseline)
		append(out, used, "; %llu that should not be public", (unsigned long long)counts->exposed);
	return out;
}

/* ---- the table of ports ---- */

/* As an entry of a policy spells a process on any port. */
static const char *process_text(const struct exposed_port *port, char out[NAME_TEXT])
{
	snprintf(out, NAME_TEXT, "%s%s", port->process ? port->process : "-", port->anywhere ? ":*" : "");
	return out;
}

void exposed_ports_text(bool heading, struct output *output)
{
	size_t count, port_width = sizeof("Port") - 1, what_width = sizeof("Service") - 1;
	const struct exposed_port *ports = exposed_ports(&count);
	size_t process_width = sizeof("Process") - 1;
	char text[EXPOSED_PORT_TEXT], process[NAME_TEXT];
	struct line line;

	for (size_t i = 0; i < count; i++) {
		widen(&port_width, exposed_port_text(&ports[i], text));
		widen(&what_width, ports[i].what);
		widen(&process_width, process_text(&ports[i], process));
	}
	for (size_t i = heading ? 0 : 1; i <= count; i++) {
		const struct exposed_port *port = i ? &ports[i - 1] : NULL;

		line_clear(&line);
		line_left(&line, port ? exposed_port_text(port, text) : "Port", port_width);
		line_left(&line, port ? port->what : "Service", what_width);
		line_left(&line, port ? process_text(port, process) : "Process", process_width);
		line_text(&line, port ? port->why : "Why it should not be public");
		line_put(&line, output);
	}
}
