/* worker_main.c - ipcmark-gate-worker: measures slices with the shared library
 * that it was started with. Not for the command line: `ipcmark gate` runs one for
 * each build, see order.h.
 *
 * It is a program of its own because ipcmark has the library's archive in it: here
 * the dynamic linker puts in what the build to be judged has. It has no state from
 * one slice to the next, except what the system keeps for any process. It ends
 * when its socket is closed, and at the latest with the process that started it.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/hist.h"
#include "gate/count.h"
#include "gate/identity.h"
#include "gate/order.h"
#include "gate/slow.h"
#include "run/slice.h"
#include "transport/list.h"

/* 24 MHz, the slowest in use, has 42. */
#define CLOCK_STEP_NS 64.0

/* The program's own: what is judged is the library, so nobody else's. */
const struct transport *transport_find(const char *spec)
{
	if (strcmp(spec, transport_ring.name) == 0)
		return &transport_ring;
	if (strcmp(spec, transport_queue.name) == 0)
		return &transport_queue;
	return NULL;
}

/* The next bucket with something in it, from @index on; HIST_COUNTS: none. */
static size_t occupied(const struct hist *hist, size_t index)
{
	while (index < HIST_COUNTS && !hist->counts[index])
		index++;
	return index;
}

/* Half-way between two buckets, as far as a clock's steps go; beyond that there is a
 * gap, and what is in a bucket stays in it. */
static double half_gap(size_t lower, size_t upper)
{
	double gap = (double)hist_lowest_at(upper) -
		     (double)hist_highest_at(lower) - 1;

	return fmin(gap, CLOCK_STEP_NS) / 2;
}

/* As if what one value counts lay evenly between it and its neighbours that occur.
 * A clock may tell the time in steps of 10 or 20 ns: then the middle of round trips
 * would stand still until it moves by a whole step, 5 % of it. Hundreds of
 * thousands of them say more than that. */
static double percentile(const struct hist *hist, double percent)
{
	double wanted = (double)hist->total * percent / 100, seen = 0;
	size_t at = occupied(hist, 0);
	double from = at < HIST_COUNTS ? (double)hist_lowest_at(at) : NAN;

	while (at < HIST_COUNTS) {
		double here = (double)hist->counts[at];
		size_t next = occupied(hist, at + 1);
		double gap = next < HIST_COUNTS ? half_gap(at, next) : 0;
		double to = (double)hist_highest_at(at) + 1 + gap;

		if (seen + here >= wanted)
			return from + (to - from) * (wanted - seen) / here;
		seen += here;
		at = next;
		from = at < HIST_COUNTS ? (double)hist_lowest_at(at) - gap : to;
	}
	return NAN;
}

static void tell(
	const struct slice_report *report, struct gate_figures *figures)
{
	*figures = (struct gate_figures){
		.msgs = report->msgs,
		.elapsed_ns = report->elapsed_ns,
		.cpu_ns = report->cpu_ns,
		.p50_ns = NAN,
		.p99_ns = NAN,
		.p999_ns = NAN,
		.distance_before_ns = report->distance_before_ns,
		.distance_after_ns = report->distance_after_ns,
		.steal_ns = report->steal_ns,
		.delay_ns = report->delay_ns,
		.moves = report->moves,
		.verify = report->verify,
	};
	if (!report->rtt || !report->rtt->total)
		return;
	figures->p50_ns = percentile(report->rtt, 50);
	figures->p99_ns = percentile(report->rtt, 99);
	figures->p999_ns = percentile(report->rtt, 99.9);
}

static void measure(const struct transport *transport,
	const struct gate_order *order, struct gate_answer *answer)
{
	struct slice_report report = {
		.usage = usage_unknown(), .huge_bytes = -1};
	const struct slice_request request = {
		.bench = &order->bench,
		.seed = order->seed,
	};

	if (order->bench.mode == MODE_ROUNDTRIP) {
		report.rtt = hist_create();
		if (!report.rtt) {
			answer->err = -ENOMEM;
			return;
		}
	}
	if (order->slowed)
		transport = slow_transport(transport, order->delay_ns,
			order->bench.mode == MODE_ROUNDTRIP, order->waits);
	answer->err = slice_run(transport, &request, order->name, &report);
	snprintf(answer->reason, sizeof(answer->reason), "%s", report.reason);
	tell(&report, &answer->figures);
	free(report.rtt);
}

static void answer_to(
	const struct gate_order *order, struct gate_answer *answer)
{
	const struct transport *transport =
		transport_find(order->bench.transport);

	memset(answer, 0, sizeof(*answer));
	if (!transport) {
		answer->err = -ENOTSUP;
		snprintf(answer->reason, sizeof(answer->reason),
			"no such transport here");
	} else if (order->kind == ORDER_COUNT) {
		count_calls(transport, &order->bench, order->name, answer);
	} else {
		measure(transport, order, answer);
	}
}

int main(int argc, char **argv)
{
	struct gate_hello hello = {
		.magic = GATE_HELLO_MAGIC,
		.order_bytes = sizeof(struct gate_order),
		.answer_bytes = sizeof(struct gate_answer),
	};
	static struct gate_order order;
	static struct gate_answer answer;
	int socket = argc == 2 ? atoi(argv[1]) : -1;

	if (socket < 3) {
		diag_error("this program is started by `ipcmark gate`");
		return EXIT_USAGE;
	}
	hello.err = identity_find(&hello.identity);
	if (send(socket, &hello, sizeof(hello), MSG_NOSIGNAL) < 0)
		return EXIT_USAGE;
	while (recv(socket, &order, sizeof(order), 0) ==
		(ssize_t)sizeof(order)) {
		answer_to(&order, &answer);
		if (send(socket, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
			break;
	}
	return EXIT_GOOD;
}
