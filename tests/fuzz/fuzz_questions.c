// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The answers of sock_diag to questions for single minisockets: whatever bytes come, each question has an answer that
 * means something, and no more are answered than were asked. Input: the messages.
 */
#include "diag_answer.h"
#include "fuzz.h"

enum { QUESTIONS = 4, SEQUENCE = 1, PORT = 2, GUARD = 0xa5 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mini_question all[QUESTIONS + 1] = {0};
	struct diag_questions questions = {.all = all, .count = QUESTIONS, .sequence = SEQUENCE, .port = PORT};
	char *answer = copy_bytes(data, size);
	int err;

	all[QUESTIONS].state = GUARD;
	err = diag_questions_take(&questions, answer, size);
	MUST(err <= 0);
	MUST(all[QUESTIONS].state == GUARD);
	for (size_t i = 0; i < QUESTIONS; i++)
		MUST(all[i].state == 0 || all[i].state == STATE_CLOSE || all[i].state == STATE_TIME_WAIT ||
		     all[i].state == STATE_FIN_WAIT2);
	MUST(err || questions.answered <= size / 16);
	free(answer);
	return 0;
}
