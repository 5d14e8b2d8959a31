// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "audit_text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "colors.h"
#include "escape.h"
#include "identity.h"
#include "line.h"
#include "policy.h"
#include "socket_text.h"

enum {
	NETID_WIDTH = 5,
	NAME_TEXT = 4 * NETNS_NAME_MAX + 1, /* the names of network namespaces and units are the longest */
	PROGRAM_TEXT = 4 * PATH_MAX + 1,
};

/* The texts of one row. */
struct audit_cells {
	char netns[NAME_TEXT];
	char local[SOCKET_ENDPOINT_MAX];
	char reach[NAME_TEXT];
	char process[NAME_TEXT];
	char user[NAME_TEXT];
	char unit[NAME_TEXT];
	char container[NAME_TEXT];
};

struct audit_columns {
	const struct audit_style *style;
	const struct socket_namer *namer;
	size_t netns, local, reach, process, user;
	size_t unit, container; /* 0: no such column */
};

/* ---- cells ---- */

static void spell_name_cell(char out[NAME_TEXT], const char *name)
{
	if (*name)
		escape_name(out, NAME_TEXT, name, strlen(name));
	else
		strcpy(out, "-");
}

/* Spells the name, or the number of a user who has none. */
static void spell_user_cell(char out[NAME_TEXT], const char *user)
{
	if (user[strspn(user, "0123456789")])
		spell_name_cell(out, user);
	else
		strcpy(out, *user ? user : "-");
}

/* Spells a process's name as an entry of a policy does. */
static const char *spell_process_name(char out[NAME_TEXT], const char *name)
{
	char quoted[4 * COMM_LEN + 1];

	if (!policy_name_needs_quotes(name)) {
		escape_name(out, NAME_TEXT, name, COMM_LEN);
		return out;
	}
	escape_quoted(quoted, sizeof(quoted), name, COMM_LEN);
	snprintf(out, NAME_TEXT, "\"%s\"", quoted);
	return out;
}

static size_t count_other_holders(const struct socket *socket)
{
	uint32_t last = socket->owners->pid;
	size_t others = 0;

	for (size_t i = 1; i < socket->owner_count; i++) { /* the owners are sorted by pid */
		others += socket->owners[i].pid != last;
		last = socket->owners[i].pid;
	}
	return others;
}

/* Spells "1234/nginx +2": pid and name as in netstat, then the number of other processes that hold the socket. Of a
 * listener that has gone only the name of its process is known. */
static void spell_process_cell(char out[NAME_TEXT], const struct audit_row *row)
{
	const struct socket *socket = &row->socket;
	char name[NAME_TEXT];
	size_t others;

	if (!socket->owner_count) {
		strcpy(out, *row->listener.process ? spell_process_name(name, row->listener.process) : "-");
		return;
	}
	others = count_other_holders(socket);
	spell_process_name(name, socket->owners->comm);
	if (others)
		snprintf(out, NAME_TEXT, "%u/%.80s +%zu", socket->owners->pid, name, others);
	else
		snprintf(out, NAME_TEXT, "%u/%.80s", socket->owners->pid, name);
}

/* Spells the reach. A socket that is bound to all addresses and to an interface takes only what comes by that
 * interface. */
static void spell_reach_cell(char out[NAME_TEXT], const struct audit_row *row)
{
	const struct listener *listener = &row->listener;
	char interface[NAME_TEXT];

	escape_service(interface, sizeof(interface), listener->interface, strlen(listener->interface));
	if (reach_is_wide(listener->reach) && *listener->interface)
		snprintf(out, NAME_TEXT, "%s on %.80s", reach_name(listener->reach), interface);
	else
		strcpy(out, reach_name(listener->reach));
}

static const struct identity *find_holder_identity(const struct audit_row *row)
{
	return row->socket.owner_count ? row->socket.owners->identity : NULL;
}

/* Returns the unit; "" for none, and for that of a container, which has a number for a name. */
static const char *find_shown_unit(const struct audit_row *row)
{
	const struct identity *identity = find_holder_identity(row);

	return identity && identity->unit && !*row->listener.container ? identity->unit : "";
}

static void fill_audit_cells(struct audit_cells *cells, const struct audit_row *row,
			     const struct audit_columns *columns)
{
	spell_name_cell(cells->netns, row->listener.netns);
	if (!*row->listener.netns && row->socket.tuple.netns)
		number_text(row->socket.tuple.netns, true, cells->netns);
	socket_local_text(&row->socket, columns->namer, cells->local);
	spell_reach_cell(cells->reach, row);
	spell_process_cell(cells->process, row);
	spell_user_cell(cells->user, row->listener.user);
	spell_name_cell(cells->unit, find_shown_unit(row));
	spell_name_cell(cells->container, row->listener.container);
}

/* ---- lines ---- */

static void measure_audit_row(struct audit_columns *columns, const struct audit_row *row)
{
	struct audit_cells cells;

	fill_audit_cells(&cells, row, columns);
	line_widen(&columns->netns, cells.netns);
	line_widen(&columns->local, cells.local);
	line_widen(&columns->reach, cells.reach);
	line_widen(&columns->process, cells.process);
	line_widen(&columns->user, cells.user);
	if (*find_shown_unit(row))
		line_widen(&columns->unit, cells.unit);
	if (*row->listener.container)
		line_widen(&columns->container, cells.container);
}

static void fill_audit_line(struct line *line, const struct audit_cells *cells, const char *netid, const char *note,
			    const char *color, const struct audit_columns *columns)
{
	line_clear(line);
	line_color(line, color);
	line_left(line, netid, NETID_WIDTH);
	if (columns->style->netns)
		line_left(line, cells->netns, columns->netns);
	line_left(line, cells->local, columns->local);
	line_left(line, cells->reach, columns->reach);
	line_left(line, cells->process, columns->process);
	line_color(line, *color ? COLOR_END : "");
	line_left(line, cells->user, columns->user);
	if (columns->unit)
		line_left(line, cells->unit, columns->unit);
	if (columns->container)
		line_left(line, cells->container, columns->container);
	line_text(line, note);
}

static void put_audit_heading(const struct audit_columns *columns, struct output *output)
{
	static const struct audit_cells heading = {.netns = "NETNS",
						   .local = "Local Address:Port",
						   .reach = "Reach",
						   .process = "Process",
						   .user = "User",
						   .unit = "Unit",
						   .container = "Container"};
	struct line line;

	fill_audit_line(&line, &heading, "Netid", "Note", "", columns);
	line_put(&line, output);
}

/* Puts the line of a finding, and behind its note which program it is about. */
static void put_line_and_program(const struct line *line, const char *exe, struct output *output)
{
	char program[PROGRAM_TEXT];

	escape_text(program, sizeof(program), exe, strlen(exe));
	output_bytes(output, line->bytes, line->used);
	output_text(output, "; program ");
	output_text(output, program);
	output_char(output, '\n');
}

static void put_audit_row(const struct audit_row *row, const struct audit_columns *columns, struct output *output)
{
	const char *color = row->flags ? COLOR_RED : row->since == SINCE_GONE ? COLOR_GREY : "";
	char note[AUDIT_NOTE_SIZE], shown[4 * AUDIT_NOTE_SIZE + 1];
	const struct identity *identity = find_holder_identity(row);
	struct audit_cells cells;
	struct line line;

	audit_note(row, note);
	escape_text(shown, sizeof(shown), note, strlen(note));
	fill_audit_cells(&cells, row, columns);
	fill_audit_line(&line, &cells, socket_netid(&row->socket), shown, columns->style->color ? color : "", columns);
	if (row->flags && identity && identity->exe)
		put_line_and_program(&line, identity->exe, output);
	else
		line_put(&line, output);
}

void audit_text_put(const struct audit_row *rows, size_t count, const struct audit_style *style,
		    const struct socket_namer *namer, struct output *output)
{
	struct audit_columns columns = {
		.style = style,
		.namer = namer,
		.netns = sizeof("NETNS") - 1,
		.local = sizeof("Local Address:Port") - 1,
		.reach = sizeof("Reach") - 1,
		.process = sizeof("Process") - 1,
		.user = sizeof("User") - 1,
	};

	for (size_t i = 0; i < count; i++)
		measure_audit_row(&columns, &rows[i]);
	if (columns.unit)
		line_widen(&columns.unit, "Unit");
	if (columns.container)
		line_widen(&columns.container, "Container");
	if (style->heading)
		put_audit_heading(&columns, output);
	for (size_t i = 0; i < count; i++)
		put_audit_row(&rows[i], &columns, output);
}

/* ---- the sum ---- */

__attribute__((format(printf, 3, 4))) static size_t append_sum_text(char *out, size_t used, const char *format, ...)
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
	size_t used = append_sum_text(out, 0, "%llu %s", (unsigned long long)counts->listeners,
				      counts->listeners == 1 ? "listener" : "listeners");

	for (unsigned int reach = 0; reach < REACH_COUNT; reach++) {
		if (!counts->reach[reach])
			continue;
		used = append_sum_text(out, used, "%s%llu %s", separator, (unsigned long long)counts->reach[reach],
				       reach_name(reach));
		separator = ", ";
	}
	if (rules->policy)
		used = append_sum_text(out, used, "; %llu outside the policy", (unsigned long long)counts->outside);
	if (rules->compared)
		used = append_sum_text(out, used, "; since the baseline %llu new, %llu changed, %llu gone",
				       (unsigned long long)counts->appeared, (unsigned long long)counts->changed,
				       (unsigned long long)counts->gone);
	if (!rules->policy && !rules->baseline)
		append_sum_text(out, used, "; %llu that should not be public", (unsigned long long)counts->exposed);
	return out;
}

/* ---- the table of ports ---- */

/* Spells the process as an entry of a policy does: "postgres:*" for a process on any port. */
static const char *spell_exposed_process(const struct exposed_port *port, char out[NAME_TEXT])
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
		line_widen(&port_width, exposed_port_text(&ports[i], text));
		line_widen(&what_width, ports[i].what);
		line_widen(&process_width, spell_exposed_process(&ports[i], process));
	}
	for (size_t i = heading ? 0 : 1; i <= count; i++) {
		const struct exposed_port *port = i ? &ports[i - 1] : NULL;

		line_clear(&line);
		line_left(&line, port ? exposed_port_text(port, text) : "Port", port_width);
		line_left(&line, port ? port->what : "Service", what_width);
		line_left(&line, port ? spell_exposed_process(port, process) : "Process", process_width);
		line_text(&line, port ? port->why : "Why it should not be public");
		line_put(&line, output);
	}
}
