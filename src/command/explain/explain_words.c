// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "explain_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "netns_text.h"

enum { HOLDERS_SHOWN = 4 };

static const char *describe_missing_holder(const struct socket *socket, enum holder_gap gap)
{
	static const char *const holders[] = {
		[HOLDERS_WHOLE] = EXPLAIN_NOBODY,
		[HOLDERS_DENIED] = "a process that may not be looked into (run as root to see it)",
		[HOLDERS_HIDDEN] = "a process that cannot be seen (/proc hides those of others: run as root)",
		[HOLDERS_ELSEWHERE] = "no process of this PID namespace (run in the host's to see it)",
		[HOLDERS_UNTOLD] =
			"somebody who could not be seen (the kernel does not tell all files that are registered with io_urings)",
	};

	return socket->inode ? holders[gap] : "no process";
}

static const char *spell_holder_fd(int32_t fd, char number[64])
{
	if (fd_is_registered(fd))
		snprintf(number, 64, "slot %u of an io_uring", fd_slot(fd));
	else
		snprintf(number, 64, "fd %d", fd);
	return number;
}

const char *explain_holders(const struct socket *socket, enum holder_gap gap, char *out)
{
	size_t used = 0, shown = socket->owner_count < HOLDERS_SHOWN ? socket->owner_count : HOLDERS_SHOWN;

	snprintf(out, EXPLAIN_WORDS, "%s", shown ? "" : describe_missing_holder(socket, gap));
	for (size_t i = 0; i < shown; i++) {
		const struct owner *owner = &socket->owners[i];
		char number[64];

		used += (size_t)snprintf(out + used, EXPLAIN_WORDS - used, "%s%s (pid %u, %s)", i ? ", " : "",
					 NAMED(owner->comm), owner->pid, spell_holder_fd(owner->fd, number));
	}
	if (shown < socket->owner_count)
		snprintf(out + used, EXPLAIN_WORDS - used, " and %zu more", socket->owner_count - shown);
	return out;
}

__attribute__((format(printf, 3, 4))) static size_t add_words(char *out, size_t used, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(out + used, EXPLAIN_WORDS - used, format, arguments);
	va_end(arguments);
	used += (size_t)length;
	return used < EXPLAIN_WORDS ? used : EXPLAIN_WORDS - 1;
}

/* The unit of a container is named after it, and says nothing more. */
const char *explain_identity(const struct explain_style *style, const struct owner *owner, char *out)
{
	const struct identity *identity = explain_identity_of(style, owner);
	size_t used = 0;

	*out = '\0';
	if (!identity)
		return out;
	if (identity->exe)
		used = add_words(out, used, ", %s", ESCAPED(identity->exe));
	if (identity->container)
		used = add_words(out, used, ", container %s", ESCAPED(identity->container));
	else if (identity->unit)
		used = add_words(out, used, ", unit %s", ESCAPED(identity->unit));
	if (identity->lineage.ppid && !(identity->lineage.ppid & OWNER_FOREIGN))
		add_words(out, used, ", started by %s (pid %u)", NAMED(identity->lineage.pcomm),
			  identity->lineage.ppid);
	return out;
}

const char *explain_families(unsigned int families)
{
	if (families == PORT_BOTH)
		return "IPv4 and IPv6";
	return families == 1u << PORT_IPV4 ? "IPv4" : "IPv6";
}

const char *explain_number(uint64_t count, const char *one, const char *many, char *out)
{
	snprintf(out, EXPLAIN_WORDS, "%llu %s", (unsigned long long)count, count == 1 ? one : many);
	return out;
}

const char *explain_netns(const struct explain_style *style, char *out)
{
	char number[32];

	snprintf(out, EXPLAIN_WORDS, "%s", netns_inode_text(style->netns, style->home, 0, style->now_ns, number));
	return out;
}

uint32_t explain_seconds(uint32_t ms)
{
	return ms / 1000 + (ms % 1000 != 0);
}

void explain_more(struct page *page, size_t count)
{
	if (count)
		page_paragraph(page, "         and %zu more", count);
}

void explain_processes(struct page *page, const struct explain_style *style, const struct tally *tally)
{
	struct tally_count top[EXPLAIN_TOP];
	size_t count = tally_top(tally, top, EXPLAIN_TOP);
	char identity[EXPLAIN_WORDS];

	for (size_t i = 0; i < count; i++) {
		const struct owner owner = tally_owner(&top[i].key);

		page_count(page, top[i].count, "%s (pid %u)%s", NAMED(owner.comm), owner.pid,
			   explain_identity(style, &owner, identity));
	}
	explain_more(page, tally->index.count - count);
}
