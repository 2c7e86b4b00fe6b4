/* scenario.h - text -> scenario: what the user wrote, checked word by word.
 *
 * A scenario is sections; a section is a value, or a list of values (an axis
 * of the sweep), for every key. [global] and `inherit =` are already applied.
 */
#ifndef IPCMARK_SCENARIO_SCENARIO_H
#define IPCMARK_SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "case/case.h"
#include "scenario/load.h"

enum { SCENARIO_ZIP_MAX = 16 };

struct scenario_section {
	char name[CASE_NAME_BYTES];
	const char *file; /* for messages; owned by the scenario */
	int line;
	enum case_mode mode;
	/* axes; each at least one value, owned */
	char **transports;
	size_t transport_count;
	uint64_t *msg_sizes_bytes;
	size_t msg_size_count;
	unsigned *batches;
	size_t batch_count;
	unsigned *producers;
	size_t producer_count;
	unsigned *consumers;
	size_t consumer_count;
	char **placements;
	size_t placement_count;
	enum memory_place *memories;
	size_t memory_count;
	enum wait_mode *waits;
	size_t wait_count;
	uint32_t *spins_us; /* or SPIN_AUTO and its like */
	size_t spin_count;
	enum huge_pages *huges;
	size_t huge_count;
	enum access_mode *accesses;
	size_t access_count;
	uint64_t *capacities_bytes; /* 0: the transport's default */
	size_t capacity_count;
	uint64_t *rates; /* see RATE_SHARE */
	size_t rate_count;
	enum arrival *arrivals;
	size_t arrival_count;
	enum kill_at *kill_ats;
	size_t kill_at_count;
	uint64_t *holder_memories_bytes;
	size_t holder_memory_count;
	/* `zip`: of these axes the first values belong together, then the
	 * second ones; as the offset of each one's count in this struct */
	int zip_counts[SCENARIO_ZIP_MAX];
	size_t zip_count;
	/* scalars */
	enum verify_mode verify;
	uint64_t warmup_ns;
	uint64_t slice_ns;
	unsigned rounds;
	uint64_t count;
	unsigned until_percent;
	struct burst burst;  /* its every_ns has become the rate */
	struct size_mix mix; /* of ->count 0: none */
	uint64_t work_ns;
	enum late_mode late;
	unsigned kills;
	bool kill_victim[2]; /* by enum victim */
	bool faults[2];	     /* by enum fault_kind */
	uint64_t soak_ns;
	uint64_t recover_within_ns;
};

struct scenario {
	struct scenario_section *sections;
	size_t section_count;
	uint64_t seed;
	char *text; /* every file as it was read, then one line a --set */
	char **files;
	size_t file_count;
	char *command; /* that runs it as it was asked for */
};

/* scenario_load - read and check scenario files, as one.
 * @sets: "section.key=value" each, as given by --set; "global.key=value" too.
 * Says file, line and what was meant for everything it does not take.
 * Returns 0; -EINVAL after saying what is wrong; -errno. */
int scenario_load(const char *const *files, size_t file_count,
	const char *const *sets, size_t set_count,
	struct scenario *ret_scenario);

/* scenario_load_wide - the same for a search: a setting that nobody gives is not
 * left at its default but becomes an axis with what is worth a try, and slices
 * are short, as many will be needed. */
int scenario_load_wide(const char *const *files, size_t file_count,
	const char *const *sets, size_t set_count,
	struct scenario *ret_scenario);

/* scenario_shorten - the smoke form: at most 2 rounds of 10 ms slices, 3
 * kills, a soak of 300 ms and 64 MiB of a holder's memory. The figures mean nothing,
 * the way through is the same. */
void scenario_shorten(struct scenario *scenario);

void scenario_free(struct scenario *scenario);

#endif
