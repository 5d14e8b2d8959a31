/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Explanations: of all states in a line each, of one state, of one port. Each is printed as text for people, or as one
 * object of JSON of the type "explanation".
 */
#include "clock.h"
#include "holders.h"
#include "identity.h"
#include "netns_view.h"
#include "output.h"
#include "port_verdict.h"
#include "socket_namer.h"
#include "state_guide.h"
#include "state_survey.h"

/* The output of an explanation, its form, and the names to show. All pointers are borrowed. */
struct explain_style {
	struct output *output;
	const struct socket_namer *namer;
	/* Returns the name of a user, which is hostile text; NULL: there is no user of this number. */
	const char *(*user)(void *users, uint32_t uid);
	void *users;
	/* Returns who a process is, which is borrowed until the next call; NULL: not known. NULL itself: of none it is.
	 */
	struct identity *(*identity)(void *identities, const struct owner *owner);
	void *identities;
	const struct netns_view *netns;
	uint32_t home;   /* the inode of the network namespace that the explanation is about */
	uint64_t now_ns; /* CLOCK_MONOTONIC */
	bool color;
	size_t width; /* of a line of text, in columns */
};

struct states_page {
	const uint64_t *counts; /* indexed by state */
};

struct state_page {
	const struct state_survey *survey;
	char *const *values; /* of the settings that the guide of the state names; NULL: not known */
	enum holder_gap gap; /* where holders may be missing */
	bool hidden;         /* the kernel does not show sockets of this state: the survey is empty */
};

struct port_page {
	const struct port_survey *survey;
	const struct port_facts *facts;
	const struct port_verdict *verdict;
	uint32_t protocols;                /* a set: TCP, UDP */
	const char *names[PORT_PROTOCOLS]; /* of the service, by protocol; hostile text; NULL: none, or not wanted */
	enum holder_gap gap;
};

static inline struct identity *explain_identity_of(const struct explain_style *style, const struct owner *owner)
{
	return style->identity ? style->identity(style->identities, owner) : NULL;
}

static inline bool port_page_covers(const struct port_page *page, enum protocol protocol)
{
	return page->protocols >> protocol & 1;
}

void explain_states_text(const struct explain_style *style, const struct states_page *page);
void explain_state_text(const struct explain_style *style, const struct state_page *page);
void explain_port_text(const struct explain_style *style, const struct port_page *page);

void explain_states_json(const struct explain_style *style, const struct states_page *page);
void explain_state_json(const struct explain_style *style, const struct state_page *page);
void explain_port_json(const struct explain_style *style, const struct port_page *page);
