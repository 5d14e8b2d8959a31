/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Explanations: of all states in a line each, of one state, of one port. As text for people, and as one object of JSON
 * of the type "explanation".
 */
#include "clock.h"
#include "netns_view.h"
#include "output.h"
#include "port_verdict.h"
#include "socket_namer.h"
#include "state_guide.h"
#include "state_survey.h"

/* What all of them tell. All is borrowed. */
struct explain_style {
	struct output *output;
	const struct socket_namer *namer;
	/* What a user is called: hostile text; NULL: there is none of this number. */
	const char *(*user)(void *users, uint32_t uid);
	void *users;
	const struct netns_view *netns;
	uint32_t home;   /* the inode of the network namespace that is told of */
	uint64_t now_ns; /* CLOCK_MONOTONIC */
	bool color;
	size_t width; /* of text */
};

struct states_page {
	const uint64_t *counts; /* by state */
};

struct state_page {
	const struct state_survey *survey;
	char *const *values; /* of the settings that the guide of the state names; NULL: not known */
	bool denied;         /* some processes did not let us look */
	bool hidden;         /* the kernel does not show sockets of this state: the survey knows of none */
};

struct port_page {
	const struct port_survey *survey;
	const struct port_facts *facts;
	const struct port_verdict *verdict;
	uint32_t protocols;                /* a set: TCP, UDP */
	const char *names[PORT_PROTOCOLS]; /* of the service; hostile text; NULL: none, or not wanted */
	bool denied;
};

void explain_states_text(const struct explain_style *style, const struct states_page *page);
void explain_state_text(const struct explain_style *style, const struct state_page *page);
void explain_port_text(const struct explain_style *style, const struct port_page *page);

void explain_states_json(const struct explain_style *style, const struct states_page *page);
void explain_state_json(const struct explain_style *style, const struct state_page *page);
void explain_port_json(const struct explain_style *style, const struct port_page *page);
