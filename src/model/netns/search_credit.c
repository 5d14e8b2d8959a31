// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "search_credit.h"

#include "clock.h"

enum { SPENDING_SHARE = 20 }; /* part of the time that searching may take: one in so many */

#define DEBT_MAX_NS                                                                                                    \
	((int64_t)NS_PER_SEC) /* the most that counts as overspent: beyond that this program was stopped               \
			       */

struct search_credit search_credit_new(uint64_t now_ns, uint64_t most_ns)
{
	return (struct search_credit){.left_ns = (int64_t)most_ns, .most_ns = (int64_t)most_ns, .credited_ns = now_ns};
}

bool search_credit_is_left(struct search_credit *credit, uint64_t now_ns)
{
	credit->left_ns += (int64_t)((now_ns - credit->credited_ns) / SPENDING_SHARE);
	credit->credited_ns = now_ns;
	if (credit->left_ns > credit->most_ns)
		credit->left_ns = credit->most_ns;
	return credit->left_ns > 0;
}

void search_credit_charge(struct search_credit *credit, uint64_t spent_ns)
{
	credit->left_ns -= (int64_t)spent_ns;
	if (credit->left_ns < -DEBT_MAX_NS)
		credit->left_ns = -DEBT_MAX_NS;
}
