/* saturation.c - the most that a case can do, and a share of it.
 *
 * A rate given as a share is a share of what this very case does when every
 * message is due at once: the same sizes, the same work of the consumer, the
 * same clocks read and times written, in the same run. The throughput mode's
 * figure would be another program's.
 *
 * Measured once, before the case's first round: were it measured anew each time,
 * the load would follow what disturbs the machine, and the latencies of two
 * rounds would be those of two loads.
 */
#include "run/saturation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/stats.h"
#include "case/axes.h"
#include "plan/plan.h"
#include "run/run.h"
#include "transport/transport.h"

/* Do two cases differ in nothing but when their messages are due? */
static bool same_but_arrivals(
	const struct bench_case *a, const struct bench_case *b)
{
	unsigned same =
		AXES_ALL & ~(AXIS_BIT(AXIS_SECTION) | AXIS_BIT(AXIS_RATE) |
				   AXIS_BIT(AXIS_ARRIVAL));

	return axes_equal(a, b, same) && a->work_ns == b->work_ns &&
	       memcmp(&a->mix, &b->mix, sizeof(a->mix)) == 0;
}

static double found_before(
	const struct plan *plan, size_t index, const struct outcome *outcomes)
{
	for (size_t i = 0; i < plan->case_count; i++)
		if (outcomes[i].saturation_per_s > 0 &&
			same_but_arrivals(&plan->cases[i], &plan->cases[index]))
			return outcomes[i].saturation_per_s;
	return 0;
}

/* The median of a few slices in which everything is always due. */
static int measure(const struct bench_case *bench,
	const struct transport *transport, uint64_t seed, const char *name,
	double *ret_per_s, char *reason, size_t reason_bytes)
{
	double rates[SATURATION_SLICES];

	for (unsigned i = 0; i < SATURATION_SLICES; i++) {
		const struct slice_request request = {
			.bench = bench,
			.seed = seed + i,
		};
		struct slice_report report = {0};
		int err = slice_run(transport, &request, name, &report);

		if (err) {
			snprintf(reason, reason_bytes, "%s", report.reason);
			return err;
		}
		rates[i] =
			1e9 * (double)report.msgs / (double)report.elapsed_ns;
	}
	*ret_per_s = stats_median(rates, SATURATION_SLICES);
	if (*ret_per_s > 0)
		return 0;
	snprintf(reason, reason_bytes,
		"no message got through while the most it can do was measured; "
		"a longer slice may help");
	return -ETIMEDOUT;
}

int saturation_settle(const struct plan *plan, size_t index,
	const struct transport *transport, uint64_t seed, const char *name,
	struct outcome *outcomes, char *reason, size_t reason_bytes)
{
	const struct bench_case *bench = &plan->cases[index];
	double rate = (double)(bench->rate & ~RATE_SHARE);
	double most = 0;
	int err = 0;

	if (!(bench->rate & RATE_SHARE)) {
		outcomes[index].offered_per_s = rate;
		return 0;
	}
	most = found_before(plan, index, outcomes);
	if (most <= 0)
		err = measure(bench, transport, seed, name, &most, reason,
			reason_bytes);
	if (err)
		return err;
	outcomes[index].saturation_per_s = most;
	outcomes[index].offered_per_s = most * rate / 100;
	return 0;
}
