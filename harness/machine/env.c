/* env.c - the machine in a page of facts, so that an old figure can be judged.
 *
 * Every source is a file that may be missing (another kernel, a container) or
 * hold something unexpected. A fact that cannot be had is null. Nothing that
 * names the machine or its owner is recorded, the host name least of all: a
 * result is made to be passed on.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <mmapipc/mmapipc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "machine/env.h"
#include "machine/grade.h"
#include "machine/noise.h"
#include "machine/topo.h"

enum { LINE_BYTES = 512 };

/* Add @value; the error, if any, is kept for the end. Takes over @value. */
static void add(json_t *facts, const char *key, json_t *value, int *err)
{
	if (json_object_set_new(facts, key, value))
		*err = -ENOMEM;
}

static void add_text(json_t *facts, const char *key, const char *text, int *err)
{
	json_t *value = NULL;

	if (text && text[0])
		value = json_string(text);
	add(facts, key, value ? value : json_null(), err);
}

static void add_count(json_t *facts, const char *key, uint64_t count, int *err)
{
	add(facts, key, count ? json_integer((json_int_t)count) : json_null(),
		err);
}

/* The first line of @path without its end; "" when there is none. */
static const char *first_line(const char *path, char line[LINE_BYTES])
{
	FILE *file = fopen(path, "re");

	line[0] = '\0';
	if (!file)
		return line;
	if (!fgets(line, LINE_BYTES, file))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	fclose(file);
	return line;
}

/* "always [madvise] never" -> "madvise" */
static const char *bracketed(char *line)
{
	char *open = strchr(line, '[');

	if (!open)
		return line;
	open[strcspn(open, "]")] = '\0';
	return open + 1;
}

static const char *switch_word(
	const char *line, const char *when_one, const char *when_zero)
{
	if (strcmp(line, "1") == 0)
		return when_one;
	return strcmp(line, "0") == 0 ? when_zero : NULL;
}

static const char *turbo_state(char line[LINE_BYTES])
{
	const char *word = switch_word(
		first_line(
			"/sys/devices/system/cpu/intel_pstate/no_turbo", line),
		"off", "on");

	if (word)
		return word;
	return switch_word(
		first_line("/sys/devices/system/cpu/cpufreq/boost", line), "on",
		"off");
}

static int name_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* List those CPU bugs in @text whose line starts with @state. */
static void list_bugs(struct dirent **names, int count, const char *state,
	char *text, size_t text_bytes)
{
	static const char folder[] = "/sys/devices/system/cpu/vulnerabilities";
	char path[LINE_BYTES], line[LINE_BYTES];

	text[0] = '\0';
	for (int i = 0; i < count; i++) {
		const char *name = names[i]->d_name;
		size_t used = strlen(text);

		snprintf(path, sizeof(path), "%s/%s", folder, name);
		if (name[0] == '.' ||
			strncmp(first_line(path, line), state, strlen(state)))
			continue;
		snprintf(text + used, text_bytes - used, "%s%s",
			used ? ", " : "", name);
	}
}

/* Which CPU bugs slow this kernel down, and which it lives with. */
static void add_mitigations(json_t *facts, int *err)
{
	char mitigated[LINE_BYTES], vulnerable[LINE_BYTES];
	char text[2 * LINE_BYTES + 64];
	struct dirent **names = NULL;
	int count = scandir("/sys/devices/system/cpu/vulnerabilities", &names,
		NULL, name_order);

	if (count < 0) {
		add(facts, "mitigations", json_null(), err);
		return;
	}
	list_bugs(names, count, "Mitigation", mitigated, sizeof(mitigated));
	list_bugs(names, count, "Vulnerable", vulnerable, sizeof(vulnerable));
	snprintf(text, sizeof(text), "mitigated: %s; vulnerable: %s",
		mitigated[0] ? mitigated : "none",
		vulnerable[0] ? vulnerable : "none");
	add_text(facts, "mitigations", text, err);
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

#if defined(__x86_64__) || defined(__i386__)
/* What the CPU says: leaf 1 has a bit for "there is a hypervisor", leaf
 * 0x40000000 its name. */
static void add_hypervisor(json_t *facts, int *err)
{
	static const struct {
		const char *signature, *name;
	} known[] = {
		{"KVMKVMKVM", "KVM"},
		{"VMwareVMware", "VMware"},
		{"Microsoft Hv", "Hyper-V"},
		{"XenVMMXenVMM", "Xen"},
		{"TCGTCGTCGTCG", "QEMU TCG"},
		{"bhyve bhyve ", "bhyve"},
	};
	unsigned a, b, c, d;
	char signature[13] = "";

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 31))) {
		add_text(facts, "hypervisor", "none", err);
		return;
	}
	__cpuid(0x40000000, a, b, c, d);
	memcpy(signature, &b, 4);
	memcpy(signature + 4, &c, 4);
	memcpy(signature + 8, &d, 4);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(signature, known[i].signature) == 0) {
			add_text(facts, "hypervisor", known[i].name, err);
			return;
		}
	}
	add_text(facts, "hypervisor", signature, err);
}
#else
static void add_hypervisor(json_t *facts, int *err)
{
	char line[LINE_BYTES];

	add_text(facts, "hypervisor", first_line("/sys/hypervisor/type", line),
		err);
}
#endif

/* The share of CPU time since boot that the host kept for itself. */
static void add_steal(json_t *facts, int *err)
{
	uint64_t t[8] = {0}, total = 0;
	char line[LINE_BYTES];
	int got = sscanf(first_line("/proc/stat", line),
		"cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		" %" SCNu64 " %" SCNu64 " %" SCNu64,
		&t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]);

	for (int i = 0; i < 8; i++)
		total += t[i];
	add(facts, "steal_percent",
		got == 8 && total > 0
			? json_real(100 * (double)t[7] / (double)total)
			: json_null(),
		err);
}

/* The smallest step that CLOCK_MONOTONIC was seen to make, in nanoseconds;
 * clock_getres() tells the promise, this what a stamp is worth. */
static uint64_t clock_step_ns(void)
{
	uint64_t smallest = UINT64_MAX, before = 0;

	for (int i = 0; i < 20000; i++) {
		struct timespec now;
		uint64_t now_ns;

		if (clock_gettime(CLOCK_MONOTONIC, &now))
			return 0;
		now_ns = (uint64_t)now.tv_sec * 1000000000 +
			 (uint64_t)now.tv_nsec;
		if (before && now_ns > before && now_ns - before < smallest)
			smallest = now_ns - before;
		before = now_ns;
	}
	return smallest == UINT64_MAX ? 0 : smallest;
}

/* CPUs with a property, "none" when the kernel knows of it and none has it. */
static void add_list(
	json_t *facts, const char *key, const char *property, int *err)
{
	char path[LINE_BYTES], line[LINE_BYTES];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/%s", property);
	first_line(path, line);
	if (access(path, R_OK) == 0 && (!line[0] || line[0] == '('))
		snprintf(line, sizeof(line), "none");
	add_text(facts, key, line, err);
}

static void add_cpu(json_t *facts, const struct topo *topo, int *err)
{
	static const char governor[] =
		"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
	char line[LINE_BYTES];

	add_text(facts, "cpu_model", topo ? topo->cpu_model : NULL, err);
	add_count(facts, "cpus", topo ? topo->cpu_count : 0, err);
	add_count(facts, "cores", topo ? topo->cores : 0, err);
	add_count(facts, "l1d_bytes", topo ? topo->l1d_bytes : 0, err);
	add_count(facts, "l2_bytes", topo ? topo->l2_bytes : 0, err);
	add_count(facts, "l3_bytes", topo ? topo->l3_bytes : 0, err);
	add_text(facts, "governor", first_line(governor, line), err);
	add_text(facts, "turbo", turbo_state(line), err);
	add_text(facts, "smt",
		switch_word(
			first_line("/sys/devices/system/cpu/smt/active", line),
			"on", "off"),
		err);
	add_list(facts, "isolated_cpus", "isolated", err);
	add_list(facts, "nohz_full_cpus", "nohz_full", err);
	add_mitigations(facts, err);
	add_hypervisor(facts, err);
}

static void add_system(json_t *facts, size_t cpus, int *err)
{
	static const char clock[] = "/sys/devices/system/clocksource/"
				    "clocksource0/current_clocksource";
	long page_bytes = sysconf(_SC_PAGESIZE);
	char line[LINE_BYTES];
	struct utsname system;
	double load, per_cpu;

	add_steal(facts, err);
	add(facts, "load_1m",
		getloadavg(&load, 1) == 1 ? json_real(load) : json_null(), err);
	per_cpu = json_number_value(json_object_get(facts, "load_1m")) /
		  (double)(cpus ? cpus : 1);
	add(facts, "load_per_cpu", json_real(per_cpu), err);
	line[0] = '\0';
	if (uname(&system) == 0)
		snprintf(line, sizeof(line), "%s %s %s", system.sysname,
			system.release, system.machine);
	add_text(facts, "kernel", line, err);
	add_count(facts, "page_size_bytes",
		page_bytes > 0 ? (uint64_t)page_bytes : 0, err);
	first_line("/sys/kernel/mm/transparent_hugepage/enabled", line);
	add_text(facts, "thp", bracketed(line), err);
	add_text(facts, "clock_source", first_line(clock, line), err);
	add_count(facts, "clock_resolution_ns", clock_step_ns(), err);
}

static void add_versions(json_t *facts, int *err)
{
#if defined(__clang__)
	add_text(facts, "compiler", __VERSION__, err);
#elif defined(__GNUC__)
	add_text(facts, "compiler", "gcc " __VERSION__, err);
#else
	add_text(facts, "compiler", NULL, err);
#endif
#ifdef PACKAGE_VERSION
	add_text(facts, "ipcmark_version", PACKAGE_VERSION, err);
#else
	add_text(facts, "ipcmark_version", NULL, err);
#endif
	add_text(facts, "library_version", mipc_version_string(), err);
	add_text(facts, "jansson_version", JANSSON_VERSION, err);
	add_text(facts, "zlib_version", zlibVersion(), err);
}

int env_collect(const struct topo *topo, struct environment *ret_environment)
{
	json_t *facts = json_object();
	int err = facts ? 0 : -ENOMEM;

	if (!facts)
		return err;
	add_cpu(facts, topo, &err);
	add_system(facts, topo ? topo->cpu_count : 0, &err);
	add_versions(facts, &err);
	if (err) {
		json_decref(facts);
		return err;
	}
	ret_environment->facts = facts;
	return 0;
}

int env_grade(const struct topo *topo, struct environment *environment)
{
	struct grade grade;
	int err = noise_measure(topo, environment->facts);

	if (err)
		return err;
	grade_make(environment->facts, &grade);
	return grade_store(&grade, environment->facts);
}

const char *env_text(const struct environment *environment, const char *key)
{
	const char *text = NULL;

	if (environment)
		text = json_string_value(
			json_object_get(environment->facts, key));
	return text ? text : "";
}

void env_free(struct environment *environment)
{
	if (!environment)
		return;
	json_decref(environment->facts);
	environment->facts = NULL;
}
