/* steps.c - see steps.h.
 *
 * A row for each transport: how many deaths, what came of those that harmed
 * somebody, and in what time the others went on. Below it what that proves, or
 * the first harm and the command that has it again.
 */
#include "report/steps.h"

#include <inttypes.h>
#include <math.h>

#include "base/human.h"
#include "result/result.h"

enum { PAGE_COLUMNS = 100, INDENT = 6 };

bool report_steps_is(const struct bench_case *bench)
{
	return bench->mode == MODE_CRASH && kill_at_is_step(bench->kill_at);
}

void report_steps_method(
	const struct report_page *page, const struct bench_case *bench)
{
	char within[HUMAN_BYTES];

	fprintf(page->out,
		"  each trial one victim, then all messages counted; survivors "
		"must go on within %s\n",
		human_time((double)bench->recover_within_ns, within));
}

void report_steps_columns(const struct report_page *page, int columns)
{
	fprintf(page->out, "    %-*s %8s %5s %5s %5s %5s %7s %5s %7s %7s\n",
		columns, "transport", "kills", "hung", "lost", "twice", "torn",
		"refused", "other", "p50", "max");
}

static void recovery_text(
	const struct hist *hist, double percent, char text[HUMAN_BYTES])
{
	human_time(hist && hist->total ? (double)hist_percentile(hist, percent)
				       : NAN,
		text);
}

static void put_wrapped(FILE *out, const char *text)
{
	fprintf(out, "%*s%.*s\n", INDENT, "", PAGE_COLUMNS - INDENT, text);
}

void report_steps_row(const struct report_page *page,
	const struct result_case *one, const char *name, int columns)
{
	static const char *const words[] = {
		[STATUS_OK] = "ok",
		[STATUS_SKIP] = "skip",
		[STATUS_VIOLATED] = "VIOLATED",
		[STATUS_FAILED] = "FAILED",
		[STATUS_UNREACHED] = "UNREACHED",
	};
	const struct crash_steps *steps = one->outcome.crash.steps;
	bool good = one->outcome.status == STATUS_OK;
	char p50[HUMAN_BYTES], max[HUMAN_BYTES], text[STEPS_VERDICT_BYTES];

	if (!steps) {
		fprintf(page->out, "    %-*s  %s%s%s  %.60s\n", columns, name,
			page_red(page), words[one->outcome.status],
			page_plain(page), one->outcome.reason);
		return;
	}
	recovery_text(one->outcome.crash.recovery, 50, p50);
	recovery_text(one->outcome.crash.recovery, 100, max);
	fprintf(page->out,
		"    %-*s %8" PRIu64 " %5" PRIu64 " %5" PRIu64 " %5" PRIu64
		" %5" PRIu64 " %7" PRIu64 " %5" PRIu64 " %7s %7s  %s%s%s\n",
		columns, name, steps->struck, steps->verdicts[VERDICT_HANG],
		steps->verdicts[VERDICT_LOST],
		steps->verdicts[VERDICT_DUPLICATED],
		steps->verdicts[VERDICT_TORN], steps->verdicts[VERDICT_REFUSED],
		crash_steps_other(steps), p50, max, good ? "" : page_red(page),
		words[one->outcome.status], good ? "" : page_plain(page));
	put_wrapped(page->out,
		crash_steps_verdict(steps,
			one->bench.kill_at == KILL_AT_STOP	? "stops"
			: one->bench.kill_at == KILL_AT_SYSCALL ? "failures"
								: "kills",
			text));
	if (!steps->first[0])
		return;
	put_wrapped(page->out, steps->first);
	fprintf(page->out, "%*sagain: %s\n", INDENT, "", steps->command);
}
