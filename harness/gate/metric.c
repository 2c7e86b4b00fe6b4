/* metric.c - one table of what is measured; see metric.h. */
#include "gate/metric.h"

#include <math.h>
#include <string.h>

static const struct {
	const char *name, *unit;
	bool more_is_better;
	bool roundtrip, throughput; /* of cases of that mode */
} metrics[METRICS] = {
	[METRIC_THROUGHPUT] = {"throughput", "/s", true, false, true},
	[METRIC_P50] = {"p50", "ns", false, true, false},
	[METRIC_CPU] = {"cpu", "ns", false, true, true},
	[METRIC_P99] = {"p99", "ns", false, true, false},
	[METRIC_P999] = {"p99.9", "ns", false, true, false},
};

const char *metric_name(enum gate_metric metric)
{
	return metrics[metric].name;
}

const char *metric_unit(enum gate_metric metric)
{
	return metrics[metric].unit;
}

int metric_from(const char *name)
{
	for (int i = 0; i < METRICS; i++)
		if (strcmp(name, metrics[i].name) == 0)
			return i;
	return -1;
}

bool metric_more_is_better(enum gate_metric metric)
{
	return metrics[metric].more_is_better;
}

bool metric_applies(enum gate_metric metric, const struct bench_case *bench)
{
	return bench->mode == MODE_ROUNDTRIP ? metrics[metric].roundtrip
					     : metrics[metric].throughput;
}

bool metric_gates(enum gate_metric metric, const struct bench_case *bench)
{
	return metric_applies(metric, bench) &&
	       (metric != METRIC_CPU || bench->wait == WAIT_BLOCK);
}

double metric_value(enum gate_metric metric, const struct gate_figures *figures)
{
	double msgs = (double)figures->msgs;

	switch (metric) {
	case METRIC_THROUGHPUT:
		return figures->elapsed_ns
			       ? 1e9 * msgs / (double)figures->elapsed_ns
			       : NAN;
	case METRIC_CPU:
		return msgs > 0 ? (double)figures->cpu_ns / msgs : NAN;
	case METRIC_P50:
		return figures->p50_ns;
	case METRIC_P99:
		return figures->p99_ns;
	default:
		return figures->p999_ns;
	}
}
