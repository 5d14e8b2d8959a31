// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "resolver.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "index.h"

enum { MAX_THREADS = 16, NAME_SIZE = 256 };

enum progress { WAITING, ANSWERED, NAMELESS };

struct question {
	struct link by_address;
	struct question *next; /* asked after this one */
	struct address address;
	uint8_t family;
	enum progress progress;
	char name[NAME_SIZE];
};

/* Shared by the asking and the answering threads. The last of them frees it. */
struct resolver {
	pthread_mutex_t lock;
	pthread_cond_t asked;
	pthread_cond_t answered;
	struct index by_address;
	struct question *first, *last; /* questions that no thread has taken up yet */
	uint64_t patience_ns;
	uint64_t deadline_ns; /* CLOCK_MONOTONIC; 0: nothing was asked yet */
	size_t waiting;       /* questions without an answer */
	int threads;
	int idle;
	int users;
	bool closing;
};

static uint64_t make_address_key(const struct resolver *resolver, const struct address *address, uint8_t family)
{
	uint64_t words[3] = {family};

	memcpy(words + 1, address->bytes, ADDRESS_LEN);
	return hash_words(&resolver->by_address.secret, words, 3);
}

struct resolver *resolver_new(uint64_t patience_ns)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	pthread_condattr_t monotonic;

	if (!resolver)
		return NULL;
	if (index_init(&resolver->by_address)) {
		free(resolver);
		return NULL;
	}
	resolver->patience_ns = patience_ns;
	resolver->users = 1;
	pthread_mutex_init(&resolver->lock, NULL);
	pthread_cond_init(&resolver->asked, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&resolver->answered, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return resolver;
}

static void destroy_resolver(struct resolver *resolver)
{
	struct link *link, *next;
	size_t bucket;

	for (link = index_each(&resolver->by_address, NULL, &bucket); link; link = next) {
		next = index_each(&resolver->by_address, link, &bucket);
		free(LINK_OWNER(link, struct question, by_address));
	}
	index_free(&resolver->by_address);
	pthread_mutex_destroy(&resolver->lock);
	pthread_cond_destroy(&resolver->asked);
	pthread_cond_destroy(&resolver->answered);
	free(resolver);
}

/* Drops a user and unlocks. The last user frees the resolver. */
static void leave_resolver(struct resolver *resolver)
{
	bool last = --resolver->users == 0;

	pthread_mutex_unlock(&resolver->lock);
	if (last)
		destroy_resolver(resolver);
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	pthread_mutex_lock(&resolver->lock);
	resolver->closing = true;
	pthread_cond_broadcast(&resolver->asked);
	leave_resolver(resolver);
}

/* ---- answering ---- */

static socklen_t fill_sockaddr(const struct question *question, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (question->family == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)out;

		in->sin_family = AF_INET;
		memcpy(&in->sin_addr, question->address.bytes + ADDRESS_LEN - sizeof(in->sin_addr),
		       sizeof(in->sin_addr));
		return sizeof(*in);
	}
	((struct sockaddr_in6 *)out)->sin6_family = AF_INET6;
	memcpy(&((struct sockaddr_in6 *)out)->sin6_addr, question->address.bytes, ADDRESS_LEN);
	return sizeof(struct sockaddr_in6);
}

static void answer_question(struct resolver *resolver, struct question *question)
{
	struct sockaddr_storage address;
	socklen_t length = fill_sockaddr(question, &address);
	char name[NAME_SIZE];
	int failed;

	pthread_mutex_unlock(&resolver->lock);
	failed = getnameinfo((struct sockaddr *)&address, length, name, sizeof(name), NULL, 0, NI_NAMEREQD);
	pthread_mutex_lock(&resolver->lock);
	if (!failed)
		memcpy(question->name, name, sizeof(name));
	question->progress = failed ? NAMELESS : ANSWERED;
	resolver->waiting--;
	pthread_cond_broadcast(&resolver->answered);
}

static void *answer_questions(void *context)
{
	struct resolver *resolver = context;

	pthread_mutex_lock(&resolver->lock);
	while (!resolver->closing) {
		struct question *question = resolver->first;

		if (question) {
			resolver->first = question->next;
			answer_question(resolver, question);
			continue;
		}
		resolver->idle++;
		pthread_cond_wait(&resolver->asked, &resolver->lock);
		resolver->idle--;
	}
	leave_resolver(resolver);
	return NULL;
}

static void start_resolver_thread(struct resolver *resolver)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, answer_questions, resolver))
		return;
	pthread_detach(thread);
	resolver->threads++;
	resolver->users++;
}

/* ---- asking ---- */

static struct question *find_question(const struct resolver *resolver, const struct address *address, uint8_t family)
{
	struct link *link = index_find(&resolver->by_address, make_address_key(resolver, address, family));

	for (; link; link = index_find_next(link)) {
		struct question *question = LINK_OWNER(link, struct question, by_address);

		if (question->family == family && address_equal(&question->address, address))
			return question;
	}
	return NULL;
}

static void enqueue_question(struct resolver *resolver, struct question *question)
{
	uint64_t key = make_address_key(resolver, &question->address, question->family);

	index_insert(&resolver->by_address, &question->by_address, key);
	if (resolver->first)
		resolver->last->next = question;
	else
		resolver->first = question;
	resolver->last = question;
	resolver->waiting++;
	if (!resolver->deadline_ns)
		resolver->deadline_ns = clock_monotonic_ns() + resolver->patience_ns;
	if (!resolver->idle && resolver->threads < MAX_THREADS)
		start_resolver_thread(resolver);
	pthread_cond_signal(&resolver->asked);
}

void resolver_ask(struct resolver *resolver, const struct address *address, uint8_t family)
{
	struct question *question;

	pthread_mutex_lock(&resolver->lock);
	question = find_question(resolver, address, family) ? NULL : calloc(1, sizeof(*question));
	if (question) {
		question->address = *address;
		question->family = family;
		enqueue_question(resolver, question);
	}
	pthread_mutex_unlock(&resolver->lock);
}

const char *resolver_name(struct resolver *resolver, const struct address *address, uint8_t family)
{
	const struct question *question;
	struct timespec deadline;
	const char *name = NULL;
	int timeout = 0;

	pthread_mutex_lock(&resolver->lock);
	question = find_question(resolver, address, family);
	deadline.tv_sec = (time_t)(resolver->deadline_ns / NS_PER_SEC);
	deadline.tv_nsec = (long)(resolver->deadline_ns % NS_PER_SEC);
	while (question && question->progress == WAITING && !timeout)
		timeout = pthread_cond_timedwait(&resolver->answered, &resolver->lock, &deadline);
	if (question && question->progress == ANSWERED)
		name = question->name;
	pthread_mutex_unlock(&resolver->lock);
	return name;
}

size_t resolver_unanswered(struct resolver *resolver)
{
	size_t waiting;

	pthread_mutex_lock(&resolver->lock);
	waiting = resolver->waiting;
	pthread_mutex_unlock(&resolver->lock);
	return waiting;
}
