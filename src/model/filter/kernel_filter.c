// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel_filter.h"

#include <stdlib.h>
#include <string.h>

#include "filter_node.h"

static void fill_ports(struct port_set *set, const struct filter *leaf, bool negated)
{
	for (uint32_t port = 0; port <= UINT16_MAX; port++)
		if ((port >= leaf->low && port <= leaf->high) != negated)
			port_set_add(set, (uint16_t)port);
}

static void narrow_to_ports(struct kernel_filter *out, const struct filter *leaf, bool negated)
{
	if (leaf->side == SIDE_EITHER && !negated) {
		out->by_either = true;
		fill_ports(&out->either, leaf, false);
		return;
	}
	if (leaf->side != SIDE_REMOTE) {
		out->by_lport = true;
		fill_ports(&out->lports, leaf, negated);
	}
	if (leaf->side != SIDE_LOCAL) {
		out->by_rport = true;
		fill_ports(&out->rports, leaf, negated);
	}
}

static void narrow_to_family(struct kernel_filter *out, const struct filter *leaf, bool negated)
{
	out->by_family = true;
	out->want_ipv4 = (leaf->number == 4) != negated;
	out->want_ipv6 = !out->want_ipv4;
}

static void narrow_to_leaf(struct kernel_filter *out, const struct filter *leaf, bool negated)
{
	memset(out, 0, sizeof(*out));
	if (leaf->kind == FILTER_PORT) {
		narrow_to_ports(out, leaf, negated);
	} else if (leaf->kind == FILTER_FAMILY) {
		narrow_to_family(out, leaf, negated);
	} else if (leaf->kind == FILTER_NETNS && !negated) {
		out->by_netns = true;
		out->netns_count = 1;
		out->netns[0] = leaf->number;
	}
}

/* Keeps what passes both filters, aspect by aspect. If only one filter restricts an aspect, its restriction holds; if
 * both do, what both pass. */
static void intersect_ports(bool *by, struct port_set *set, bool other_by, const struct port_set *other)
{
	for (int i = 0; other_by && i < PORT_WORDS; i++)
		set->words[i] = *by ? set->words[i] & other->words[i] : other->words[i];
	*by = *by || other_by;
}

static bool lists_netns(const struct kernel_filter *kernel_filter, uint32_t netns)
{
	for (uint32_t i = 0; i < kernel_filter->netns_count; i++)
		if (kernel_filter->netns[i] == netns)
			return true;
	return false;
}

static void intersect_netns(struct kernel_filter *out, const struct kernel_filter *other)
{
	uint32_t kept = 0;

	if (!other->by_netns)
		return;
	if (!out->by_netns) {
		memcpy(out->netns, other->netns, sizeof(out->netns));
		kept = other->netns_count;
	}
	for (uint32_t i = 0; out->by_netns && i < out->netns_count; i++)
		if (lists_netns(other, out->netns[i]))
			out->netns[kept++] = out->netns[i];
	out->by_netns = true;
	out->netns_count = kept;
}

static void intersect_filters(struct kernel_filter *out, const struct kernel_filter *other)
{
	intersect_ports(&out->by_lport, &out->lports, other->by_lport, &other->lports);
	intersect_ports(&out->by_rport, &out->rports, other->by_rport, &other->rports);
	if (!out->by_either) { /* "either port in A, and either port in B" is no single set */
		out->by_either = other->by_either;
		out->either = other->either;
	}
	if (other->by_family) {
		out->want_ipv4 = other->want_ipv4 && (!out->by_family || out->want_ipv4);
		out->want_ipv6 = other->want_ipv6 && (!out->by_family || out->want_ipv6);
		out->by_family = true;
	}
	intersect_netns(out, other);
}

/* Keeps what passes one filter or the other: an aspect stays restricted only if both filters restrict it. */
static void unite_ports(bool *by, struct port_set *set, bool other_by, const struct port_set *other)
{
	*by = *by && other_by;
	for (int i = 0; *by && i < PORT_WORDS; i++)
		set->words[i] |= other->words[i];
}

static void unite_netns(struct kernel_filter *out, const struct kernel_filter *other)
{
	out->by_netns =
		out->by_netns && other->by_netns && out->netns_count + other->netns_count <= KERNEL_FILTER_NETNS_MAX;
	for (uint32_t i = 0; out->by_netns && i < other->netns_count; i++)
		out->netns[out->netns_count++] = other->netns[i];
}

static void unite_filters(struct kernel_filter *out, const struct kernel_filter *other)
{
	unite_ports(&out->by_lport, &out->lports, other->by_lport, &other->lports);
	unite_ports(&out->by_rport, &out->rports, other->by_rport, &other->rports);
	unite_ports(&out->by_either, &out->either, other->by_either, &other->either);
	out->by_family = out->by_family && other->by_family;
	out->want_ipv4 = out->want_ipv4 || other->want_ipv4;
	out->want_ipv6 = out->want_ipv6 || other->want_ipv6;
	unite_netns(out, other);
}

/* Narrows `out` to what `filter` passes; `negated`: to what its contrary passes. Without memory for the right side, the
 * left side alone restricts (for and), or nothing does (for or). */
static void narrow_to_filter(struct kernel_filter *out, const struct filter *filter, bool negated)
{
	struct kernel_filter *right;
	bool is_and = (filter->kind == FILTER_AND) != negated;

	if (filter->kind == FILTER_NOT) {
		narrow_to_filter(out, filter->left, !negated);
		return;
	}
	if (filter->kind != FILTER_AND && filter->kind != FILTER_OR) {
		narrow_to_leaf(out, filter, negated);
		return;
	}
	narrow_to_filter(out, filter->left, negated);
	right = malloc(sizeof(*right));
	if (!right) {
		if (!is_and)
			memset(out, 0, sizeof(*out));
		return;
	}
	narrow_to_filter(right, filter->right, negated);
	if (is_and)
		intersect_filters(out, right);
	else
		unite_filters(out, right);
	free(right);
}

struct kernel_filter *kernel_filter_of(const struct filter *filter)
{
	struct kernel_filter *kernel_filter = calloc(1, sizeof(*kernel_filter));

	if (kernel_filter && filter)
		narrow_to_filter(kernel_filter, filter, false);
	return kernel_filter;
}

bool kernel_filter_fixes_netns(const struct kernel_filter *kernel_filter)
{
	for (uint32_t i = 1; i < kernel_filter->netns_count; i++)
		if (kernel_filter->netns[i] != kernel_filter->netns[0])
			return false;
	return kernel_filter->by_netns;
}

static bool allows_ports(const struct kernel_filter *pd, const struct tuple *tuple, uint8_t state)
{
	bool lport_open = tuple->lport == 0 && state == STATE_SYN_SENT;
	bool rport_open = tuple->rport == 0 && state == STATE_SYN_RECV;

	if (pd->by_lport && !lport_open && !port_set_has(&pd->lports, tuple->lport))
		return false;
	if (pd->by_rport && !rport_open && !port_set_has(&pd->rports, tuple->rport))
		return false;
	return !pd->by_either || lport_open || rport_open || port_set_has(&pd->either, tuple->lport) ||
	       port_set_has(&pd->either, tuple->rport);
}

static bool allows_family(const struct kernel_filter *pd, const struct tuple *tuple, uint8_t state)
{
	if (!pd->by_family || (tuple->rport == 0 && state == STATE_SYN_RECV))
		return true;
	if (tuple->family == 4)
		return pd->want_ipv4;
	return pd->want_ipv6 || address_is_ipv4(&tuple->laddr) || address_is_ipv4(&tuple->raddr);
}

bool kernel_filter_leaves_out(const struct kernel_filter *pd)
{
	return pd->by_family || pd->by_netns || pd->by_lport || pd->by_rport || pd->by_either;
}

bool kernel_filter_passes(const struct kernel_filter *pd, const struct tuple *tuple, uint8_t state)
{
	if (pd->by_netns && !lists_netns(pd, tuple->netns))
		return false;
	return state == STATE_LISTEN || (allows_family(pd, tuple, state) && allows_ports(pd, tuple, state));
}
