// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns_names.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "escape.h"
#include "index.h"
#include "number.h"

enum {
	MAX_ENTRIES = 8192,
	PROCESSES_TRIED = 8, /* of a namespace, for the container they may be in, in one walk */
	SPENDING_SHARE = 20, /* of the time is what looking may take */
	REREAD_SHARE = 100,  /* … and reading /run/netns again, where nothing is missed */
};

#define REREAD_MIN_NS (20 * NS_PER_MS)
#define REREAD_MAX_NS NS_PER_SEC
#define RETRY_MIN_NS  (200 * NS_PER_MS)
#define RETRY_MAX_NS  (3200 * NS_PER_MS)
#define RECHECK_NS    NS_PER_SEC        /* whether the process is still there that told of a container */
#define GRACE_NS      (10 * NS_PER_SEC) /* for which a name is kept that is there no more */
#define FORGET_NS     (60 * NS_PER_SEC) /* after which one is forgotten that nobody has asked for */
#define CREDIT_MAX_NS (100 * NS_PER_MS) /* what may be spent at once, after a quiet time */
#define DEBT_MAX_NS   NS_PER_SEC        /* more than that we were stopped for */

struct entry {
	struct link by_inode;
	struct netns_label label;
	char *text;           /* the name, NUL, and as it is shown; owned */
	enum netns_rank rank; /* of the name */
	uint32_t pid;         /* who told of the container */
	uint32_t reading;     /* of /run/netns, the last that had it */
	uint32_t walk;        /* over the processes, the last that came by */
	uint32_t tried;       /* processes, in that walk */
	uint64_t gone_ns;     /* since when nothing bears the name out; 0: something does */
	uint64_t asked_ns;
	uint64_t look_ns; /* when to look for a container (again) */
	uint64_t retry_ns;
};

struct netns_names {
	const struct netns_finder *finder;
	struct index by_inode;
	uint32_t last; /* inode; what was answered last, and until when it needs no second look */
	uint64_t until_ns;
	const struct netns_label *label;
	uint64_t now_ns; /* when the look in progress began */
	uint64_t reread_ns;
	int64_t credit_ns; /* what may be spent on looking; less than 0: what the last look took too long */
	uint64_t credited_ns;
	uint32_t reading;
	uint32_t walk;
	struct entry spare; /* where there is no room for another: no name */
};

/* ---- entries ---- */

static void set_number(struct entry *entry, uint32_t inode)
{
	struct netns_label *label = &entry->label;
	char *end = decimal_put(label->number, inode);

	free(entry->text);
	entry->text = NULL;
	entry->rank = NETNS_NAMELESS;
	entry->gone_ns = 0;
	*end = '\0';
	label->number_length = (size_t)(end - label->number);
	label->name = NULL;
	label->shown = label->number;
}

static bool is_plain(const char *name)
{
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:") == strlen(name);
}

static void set_name(struct entry *entry, enum netns_rank rank, const char *name)
{
	size_t length = strlen(name), shown_size = 4 * length + 1;
	char *text;

	entry->gone_ns = 0;
	if (entry->text && strcmp(entry->text, name) == 0) {
		entry->rank = rank;
		return;
	}
	text = malloc(length + 1 + shown_size);
	if (!text)
		return;
	memcpy(text, name, length + 1);
	escape_word(text + length + 1, shown_size, name, length);
	free(entry->text);
	entry->text = text;
	entry->rank = rank;
	entry->label.name = text;
	entry->label.length = length;
	entry->label.plain = is_plain(name);
	entry->label.shown = text + length + 1;
}

static struct entry *entry_of(const struct netns_names *names, uint32_t inode)
{
	struct link *link = index_find(&names->by_inode, inode);

	return link ? LINK_OWNER(link, struct entry, by_inode) : NULL;
}

/* NULL when there is no room, or memory. */
static struct entry *entry_made(struct netns_names *names, uint32_t inode)
{
	struct entry *entry = entry_of(names, inode);

	if (entry || names->by_inode.count >= MAX_ENTRIES)
		return entry;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	set_number(entry, inode);
	entry->asked_ns = names->now_ns;
	entry->retry_ns = RETRY_MIN_NS;
	index_insert(&names->by_inode, &entry->by_inode, inode);
	return entry;
}

static void entry_free(struct entry *entry)
{
	free(entry->text);
	free(entry);
}

/* ---- what looking may cost ---- */

static bool may_look(struct netns_names *names)
{
	names->credit_ns += (int64_t)((names->now_ns - names->credited_ns) / SPENDING_SHARE);
	names->credited_ns = names->now_ns;
	if (names->credit_ns > (int64_t)CREDIT_MAX_NS)
		names->credit_ns = CREDIT_MAX_NS;
	return names->credit_ns > 0;
}

/* Since `from_ns`. */
static uint64_t pay(struct netns_names *names, uint64_t from_ns)
{
	uint64_t spent_ns = names->finder->now_ns(names->finder->context) - from_ns;

	names->credit_ns -= (int64_t)spent_ns;
	if (names->credit_ns < -(int64_t)DEBT_MAX_NS)
		names->credit_ns = -(int64_t)DEBT_MAX_NS;
	return spent_ns;
}

/* ---- /run/netns ---- */

/* A name that was kept after its time. */
static bool is_over(const struct netns_names *names, const struct entry *entry)
{
	return entry->gone_ns && names->now_ns - entry->gone_ns > GRACE_NS;
}

static void take_name(void *context, uint32_t inode, const char *name)
{
	struct netns_names *names = context;
	struct entry *entry = entry_made(names, inode);
	enum netns_rank rank = netns_rank_of(name);
	bool second;

	if (!entry)
		return;
	second = entry->reading == names->reading;
	entry->reading = names->reading;
	if (entry->rank > rank && !(entry->gone_ns && (rank == NETNS_BY_NAME || is_over(names, entry))))
		return;
	/* Of several names the first by the alphabet, so that it is always the same. */
	if (second && entry->rank == rank && strcmp(entry->text, name) <= 0)
		return;
	if (rank == NETNS_BY_NAME)
		entry->look_ns = UINT64_MAX;
	else if (entry->rank != rank || entry->gone_ns)
		entry->look_ns = names->now_ns;
	set_name(entry, rank, name);
}

/* Sees to a name that is there no more. False: its entry is of no use either. */
static bool outlives(struct netns_names *names, struct entry *entry)
{
	bool by_file = entry->rank == NETNS_BY_NAME || entry->rank == NETNS_BY_MACHINE;

	if (by_file && entry->reading != names->reading && !entry->gone_ns) {
		entry->gone_ns = names->now_ns;
		entry->look_ns = names->now_ns;
	}
	if (is_over(names, entry))
		set_number(entry, (uint32_t)entry->by_inode.key);
	return entry->rank == NETNS_HOST || (by_file && !entry->gone_ns) || names->now_ns - entry->asked_ns < FORGET_NS;
}

static void drop_the_gone(struct netns_names *names)
{
	struct link *link, *next;
	size_t bucket;

	for (link = index_each(&names->by_inode, NULL, &bucket); link; link = next) {
		struct entry *entry = LINK_OWNER(link, struct entry, by_inode);

		next = index_each(&names->by_inode, link, &bucket);
		if (outlives(names, entry))
			continue;
		index_remove(&names->by_inode, link);
		entry_free(entry);
	}
	names->label = NULL;
	index_fit(&names->by_inode);
}

static void read_names(struct netns_names *names)
{
	uint64_t from_ns = names->finder->now_ns(names->finder->context), pause_ns;

	names->reading++;
	names->finder->names(names->finder->context, take_name, names);
	drop_the_gone(names);
	pause_ns = REREAD_SHARE * pay(names, from_ns);
	if (pause_ns < REREAD_MIN_NS)
		pause_ns = REREAD_MIN_NS;
	names->reread_ns = names->now_ns + (pause_ns < REREAD_MAX_NS ? pause_ns : REREAD_MAX_NS);
}

/* ---- containers ---- */

/* Nothing was found: the longer nothing is, the rarer it is looked for. */
static void look_later(struct entry *entry, uint64_t now_ns)
{
	entry->look_ns = now_ns + entry->retry_ns;
	if (entry->retry_ns < RETRY_MAX_NS)
		entry->retry_ns *= 2;
}

static bool ask_process(struct netns_names *names, struct entry *entry, uint32_t pid)
{
	struct container container;
	char name[CONTAINER_NAME_SIZE];

	if (!names->finder->container(names->finder->context, pid, &container))
		return false;
	set_name(entry, NETNS_BY_CONTAINER, container_name(&container, name));
	entry->pid = pid;
	entry->look_ns = names->now_ns + RECHECK_NS;
	entry->retry_ns = RETRY_MIN_NS;
	return true;
}

static void visit_process(void *context, uint32_t inode, uint32_t pid)
{
	struct netns_names *names = context;
	struct entry *entry = entry_made(names, inode);

	if (!entry || entry->look_ns == UINT64_MAX)
		return;
	if (entry->rank == NETNS_BY_CONTAINER && !entry->gone_ns) {
		if (entry->pid == pid)
			entry->look_ns = names->now_ns + RECHECK_NS;
		return;
	}
	if (entry->walk != names->walk) {
		entry->walk = names->walk;
		entry->tried = 0;
		if (entry->look_ns <= names->now_ns)
			look_later(entry, names->now_ns);
	}
	if (entry->tried++ < PROCESSES_TRIED)
		ask_process(names, entry, pid);
}

static void walk(struct netns_names *names)
{
	names->walk++;
	names->finder->processes(names->finder->context, visit_process, names);
}

static bool is_in(const struct netns_names *names, uint32_t pid, uint32_t inode)
{
	return pid && names->finder->of_process(names->finder->context, pid) == inode;
}

/* For the container of a namespace without a name: by who has told of it, by who is said to be in it, by anybody. */
static void look(struct netns_names *names, struct entry *entry, uint32_t pid)
{
	uint64_t from_ns = names->finder->now_ns(names->finder->context);
	uint32_t inode = (uint32_t)entry->by_inode.key;
	bool by_container = entry->rank == NETNS_BY_CONTAINER;

	if (by_container && !entry->gone_ns && is_in(names, entry->pid, inode)) {
		entry->look_ns = names->now_ns + RECHECK_NS;
		pay(names, from_ns);
		return;
	}
	if (by_container && !entry->gone_ns)
		entry->gone_ns = names->now_ns;
	if (!is_in(names, pid, inode) || !ask_process(names, entry, pid)) {
		look_later(entry, names->now_ns);
		walk(names);
	}
	pay(names, from_ns);
}

/* ---- all of it ---- */

struct netns_names *netns_names_new(const struct netns_finder *finder)
{
	struct netns_names *names = calloc(1, sizeof(*names));
	uint32_t host = finder->host(finder->context);
	struct entry *entry;

	if (!names || index_init(&names->by_inode)) {
		free(names);
		return NULL;
	}
	names->finder = finder;
	names->now_ns = finder->now_ns(finder->context);
	names->credited_ns = names->now_ns;
	names->credit_ns = CREDIT_MAX_NS;
	entry = host ? entry_made(names, host) : NULL;
	if (entry) {
		set_name(entry, NETNS_HOST, NETNS_HOST_NAME);
		entry->look_ns = UINT64_MAX;
	}
	return names;
}

void netns_names_free(struct netns_names *names)
{
	struct link *link, *next;
	size_t bucket;

	if (!names)
		return;
	for (link = index_each(&names->by_inode, NULL, &bucket); link; link = next) {
		next = index_each(&names->by_inode, link, &bucket);
		entry_free(LINK_OWNER(link, struct entry, by_inode));
	}
	index_free(&names->by_inode);
	free(names);
}

size_t netns_names_discover(struct netns_names *names)
{
	names->now_ns = names->finder->now_ns(names->finder->context);
	read_names(names);
	walk(names);
	return names->by_inode.count;
}

size_t netns_names_widest(const struct netns_names *names)
{
	struct link *link;
	size_t widest = 0, bucket;

	for (link = index_each(&names->by_inode, NULL, &bucket); link;
	     link = index_each(&names->by_inode, link, &bucket)) {
		size_t width = text_width(LINK_OWNER(link, struct entry, by_inode)->label.shown);

		widest = width > widest ? width : widest;
	}
	return widest;
}

/* Reads /run/netns when it is time, or when there is one that is not known yet; then looks closer at that one. */
static struct entry *find_anew(struct netns_names *names, uint32_t inode, uint32_t pid)
{
	struct entry *entry = entry_of(names, inode);
	bool may, is_new = !entry && names->by_inode.count < MAX_ENTRIES;

	names->now_ns = names->finder->now_ns(names->finder->context);
	may = may_look(names);
	if (entry)
		entry->asked_ns = names->now_ns;
	if (may && (is_new || names->now_ns >= names->reread_ns))
		read_names(names);
	else if (names->now_ns >= names->reread_ns)
		names->reread_ns = names->now_ns + RETRY_MIN_NS;
	entry = entry_made(names, inode);
	if (!entry)
		return NULL;
	if (may && names->now_ns >= entry->look_ns)
		look(names, entry, pid);
	else if (names->now_ns >= entry->look_ns)
		entry->look_ns = names->now_ns + RETRY_MIN_NS;
	return entry;
}

const struct netns_label *netns_names_find(struct netns_names *names, uint32_t inode, uint32_t pid, uint64_t ts_ns)
{
	struct entry *entry;

	if (inode == names->last && ts_ns < names->until_ns && names->label)
		return names->label;
	entry = entry_of(names, inode);
	if (entry && ts_ns < names->reread_ns && ts_ns < entry->look_ns)
		entry->asked_ns = ts_ns;
	else
		entry = find_anew(names, inode, pid);
	if (!entry) {
		set_number(&names->spare, inode);
		return &names->spare.label;
	}
	names->last = inode;
	names->until_ns = entry->look_ns < names->reread_ns ? entry->look_ns : names->reread_ns;
	names->label = &entry->label;
	return names->label;
}
