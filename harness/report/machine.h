/* machine.h - a machine in a line: what it is, how quiet, how far apart its CPUs. */
#ifndef IPCMARK_REPORT_MACHINE_H
#define IPCMARK_REPORT_MACHINE_H

#include <stddef.h>

#include "machine/env.h"
#include "result/result.h"

/* Every distance probe of some cases: one cache line there and back. */
struct distance_seen {
	size_t probes; /* 0: none was taken, the rest is NaN */
	double min_ns, median_ns, max_ns;
};

/* machine_cpu - "AMD EPYC, 2 CPUs, L2 1 MiB, L3 32 MiB, virtual (KVM)" */
char *machine_cpu(
	const struct environment *environment, char *text, size_t text_bytes);

/* machine_name - the same, and the kernel: "..., Linux 6.1.0 x86_64" */
char *machine_name(
	const struct environment *environment, char *text, size_t text_bytes);

/* machine_system - "Linux 6.1.0 x86_64, governor performance, ..." */
char *machine_system(
	const struct environment *environment, char *text, size_t text_bytes);

/* machine_noise - "Noise grade C: governor powersave: ...; SMT on: ..."; "" when
 * it was not graded. */
char *machine_noise(
	const struct environment *environment, char *text, size_t text_bytes);

/* machine_disturbed - "7 of 120 slices disturbed (host took CPU time 6, ..."; ""
 * when none was. */
char *machine_disturbed(
	const struct result *result, char *text, size_t text_bytes);

struct distance_seen machine_distance(
	const struct result_case *const *cases, size_t case_count);

#endif
