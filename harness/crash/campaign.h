/* campaign.h - all deaths of all calls of some transports, on all CPUs.
 */
#ifndef IPCMARK_CRASH_CAMPAIGN_H
#define IPCMARK_CRASH_CAMPAIGN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hist.h"
#include "crash/coverage.h"
#include "crash/trial.h"

enum {
	CAMPAIGN_TRANSPORTS_MAX = 32,
	CAMPAIGN_SIZES = 6,
	CAMPAIGN_ROWS_MAX = 2048,
	CAMPAIGN_UNITS_MAX = 4096,
	CAMPAIGN_DIRECTORS_MAX = 64,
	CAMPAIGN_VIOLATIONS_MAX = 256,
	CAMPAIGN_BAD_MAX = 8, /* hangs or violations, then a row ends */
};

#define CAMPAIGN_ANY SIZE_MAX

/* Unless something else is asked for. A first success takes microseconds; a shared
 * machine now and then takes tens of milliseconds away. */
#define CAMPAIGN_PATIENCE_NS UINT64_C(1000000000)
#define CAMPAIGN_LATE_NS UINT64_C(100000000)

struct campaign_request {
	const struct transport *transports[CAMPAIGN_TRANSPORTS_MAX];
	const char *specs[CAMPAIGN_TRANSPORTS_MAX];
	unsigned transport_count;
	unsigned kinds; /* bits 1 << enum crash_kind */
	/* Of these only; NULL, PATHS, CAMPAIGN_ANY: all. */
	const char *operation;
	enum crash_path path;
	size_t step, second_step;
	unsigned pass;
	uint64_t kills; /* about so many of each kind; 0: every point once */
	uint64_t seed;
	uint64_t patience_ns;
	uint64_t late_ns;
	unsigned cpus; /* to use; 0: all */
};

/* A call in one state of the channel with messages of one size, recorded. */
struct campaign_unit {
	unsigned transport; /* of the request's */
	struct crash_operation operation;
	enum crash_path path;
	unsigned size; /* of the sizes */
	unsigned room;
	bool recorded;
	char words[TRIAL_WORDS_BYTES]; /* if not, why not */
	size_t trace;		       /* offset of it in ->traces */
	size_t holder_trace, holder_k;
};

/* The same in one kind of campaign, with messages of all sizes: a line of the
 * table. */
struct campaign_row {
	enum crash_kind kind;
	unsigned units[CAMPAIGN_SIZES]; /* in ->units */
	uint64_t points; /* where it can be struck; of the first size */
	uint64_t blocks; /* planned, of all passes */
	_Atomic unsigned bad;
	_Atomic bool ended; /* before its time: too many of them */
};

/* What one director found of one row. */
struct campaign_tally {
	uint64_t trials;   /* struck or missed */
	uint64_t spent_ns; /* on all its blocks */
	uint64_t struck;
	uint64_t missed;
	uint64_t verdicts[VERDICTS];
	struct hist recovery;
};

struct campaign_violation {
	unsigned row;
	unsigned pass;
	enum verdict verdict;
	size_t k, j; /* j: CAMPAIGN_ANY if there is none */
	int err;
	uint64_t address;
	char words[TRIAL_WORDS_BYTES];
	struct trial_story story;
};

/* In memory that all directors share. */
struct campaign_board {
	_Atomic size_t next_block;
	_Atomic bool stop;
	_Atomic uint64_t trials, violation_count;
	uint64_t first_bad_trial; /* the first violation's, from 1 */
	_Atomic uint64_t beats[CAMPAIGN_DIRECTORS_MAX]; /* it goes on */
	size_t traces_used;
	struct campaign_violation violations[CAMPAIGN_VIOLATIONS_MAX];
	unsigned unit_count, row_count;
	struct campaign_unit units[CAMPAIGN_UNITS_MAX];
	struct campaign_row rows[CAMPAIGN_ROWS_MAX];
};

struct campaign_block {
	unsigned row, pass;
	size_t block;
};

struct campaign {
	struct campaign_request request;
	struct campaign_board *board;
	unsigned char *traces; /* one behind the other */
	size_t traces_bytes;
	struct crash_trace *scratch[CAMPAIGN_DIRECTORS_MAX];
	struct stage_shared *stages[CAMPAIGN_DIRECTORS_MAX];
	struct campaign_tally *tallies; /* by director, then row */
	struct crash_coverage *coverage;
	struct crash_coverage *of_rows; /* map.h's: by row and address */
	struct campaign_block *plan;
	size_t plan_count;
	size_t plan_end; /* directors take blocks up to here */
	unsigned cpus;
	unsigned directors;	 /* at most so many at once */
	unsigned lost_directors; /* that died or had to be killed */
	uint64_t duration_ns;
	bool interrupted;
};

/* campaign_run - all of it. @keep_going: asked now and then; @shown: told how far
 * it is. Returns 0, whatever was found; -errno. campaign_free() in any case. */
int campaign_run(struct campaign *campaign, bool (*keep_going)(void),
	void (*shown)(const struct campaign *campaign));
void campaign_free(struct campaign *campaign);

/* campaign_sum - of all directors. @ret_sum->recovery is complete. */
void campaign_sum(const struct campaign *campaign, unsigned row,
	struct campaign_tally *ret_sum);

size_t campaign_size_bytes(unsigned pass);
const struct crash_trace *campaign_trace(
	const struct campaign *campaign, const struct campaign_unit *unit);

/* campaign_row_unit - the row's unit of the first size. */
static inline const struct campaign_unit *campaign_row_unit(
	const struct campaign *campaign, unsigned row)
{
	const struct campaign_board *board = campaign->board;

	return &board->units[board->rows[row].units[0]];
}

/* campaign_blocks - into how many blocks do so many steps go? */
size_t campaign_blocks(
	size_t steps, enum crash_path path, enum crash_kind kind);

/* campaign_suits - does a campaign of @kind strike @operation on @path? */
bool campaign_suits(enum crash_kind kind, const struct transport *transport,
	const struct crash_operation *operation, enum crash_path path);

/* campaign_repeats - is that done again in passes beyond the first? */
bool campaign_repeats(
	const struct crash_operation *operation, enum crash_path path);

/* campaign_plan - plan.c's: from ->units to ->rows. campaign_plan_sizes: with
 * messages of how many sizes? campaign_plan_blocks: ->plan. Returns 0; -ENOMEM. */
void campaign_plan_rows(struct campaign *campaign);
unsigned campaign_plan_passes(const struct campaign *campaign);
int campaign_plan_blocks(struct campaign *campaign);

/* campaign_record - record.c's: fill in ->units for messages of some sizes. In a
 * process of its own. */
void campaign_record(struct campaign *campaign, unsigned from, unsigned to);

/* director_run - director.c's: in a process of its own, until all is done. */
void director_run(struct campaign *campaign, unsigned director);

/* director_name - a name for a channel that nobody else has. */
void director_name(char *name, size_t name_bytes);

#endif
