// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The ring's records: bytes of any length are refused, or become one event whose states and families are known ones.
 * Input: records, each behind a byte with its length.
 */
#include "backlog.h"
#include "fuzz.h"
#include "record_event.h"

static void check_owner(const struct event *event)
{
	MUST(event->owner_count <= 1 && (event->owners || !event->owner_count));
	if (event->owners)
		must_be_terminated(event->owners->comm, COMM_LEN);
}

static void check_closing(const struct closing *closing)
{
	MUST(closing->lives_on == 0 || closing->lives_on == STATE_TIME_WAIT || closing->lives_on == STATE_FIN_WAIT2);
}

static int check_event(void *context, const struct event *event)
{
	MUST(event->kind == EVENT_TRANSITION || event->kind == EVENT_ROW || event->kind == EVENT_HOLDER ||
	     event->kind == EVENT_ACCEPT);
	MUST(event->oldstate < STATE_COUNT && event->newstate < STATE_COUNT);
	if (event->kind == EVENT_TRANSITION || event->kind == EVENT_ROW)
		MUST(event->tuple.family == 4 || event->tuple.family == 6);
	else
		MUST(event->owner_count == 1);
	MUST(event->kind == EVENT_TRANSITION || !event->again);
	MUST(!event->closing || (event->kind == EVENT_TRANSITION && event->newstate == STATE_CLOSE));
	MUST(!event->mini || (event->kind == EVENT_ROW && event->sk == 0));
	MUST(!event->netns && !event->gone && !event->there);
	check_owner(event);
	if (event->closing)
		check_closing(event->closing);
	++*(unsigned int *)context;
	return 5;
}

static void check_record(const void *record, size_t size)
{
	unsigned int count = 0;

	if (!record_is_whole(record, size))
		return;
	record_is_transition(record);
	MUST(record_hand_on(record, check_event, &count) == 5 && count == 1);
}

/* All records wait in the backlog first, as those of the ring do. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct backlog backlog = {.first = NULL};
	uint64_t position = 0;

	while (size) {
		size_t length = take_byte(&data, &size);
		char *record;

		length = length < size ? length : size;
		record = copy_bytes(data, length);
		check_record(record, length);
		if (record_is_whole(record, length)) {
			MUST(backlog_make_room(&backlog));
			backlog_put(&backlog, position++, record, length);
		}
		data += length;
		size -= length;
		free(record);
	}
	for (uint64_t i = 0; !backlog_is_empty(&backlog); i++) {
		unsigned int count = 0;

		MUST(backlog_position(&backlog) == i && i < position);
		MUST(record_hand_on(backlog_first(&backlog), check_event, &count) == 5 && count == 1);
		backlog_drop_first(&backlog);
	}
	backlog_free(&backlog);
	return 0;
}
