/* metric.h - the figures that a gate looks at, and how they come of a slice. */
#ifndef IPCMARK_GATE_METRIC_H
#define IPCMARK_GATE_METRIC_H

#include <stdbool.h>

#include "gate/order.h"

enum gate_metric {
	METRIC_THROUGHPUT, /* messages a second */
	METRIC_P50,	   /* round trip, ns */
	METRIC_CPU,	   /* CPU time a message, ns */
	METRIC_P99,
	METRIC_P999,
	METRICS,
};

/* metric_name - "throughput"; as options and files have it.
 * metric_unit - "/s" or "ns". */
const char *metric_name(enum gate_metric metric);
const char *metric_unit(enum gate_metric metric);
int metric_from(const char *name); /* -1: no such */

bool metric_more_is_better(enum gate_metric metric);

/* metric_applies - does such a case have it? */
bool metric_applies(enum gate_metric metric, const struct bench_case *bench);

/* metric_gates - does a verdict follow from it, where it is wanted? CPU time of
 * workers that spin is time, which is gated already: only of those that sleep. */
bool metric_gates(enum gate_metric metric, const struct bench_case *bench);

/* metric_value - NaN: a slice without. */
double metric_value(
	enum gate_metric metric, const struct gate_figures *figures);

#endif
