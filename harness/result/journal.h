/* journal.h - a run's finished rounds, in its folder as long as it lasts: what
 * `run --resume` goes on from.
 */
#ifndef IPCMARK_RESULT_JOURNAL_H
#define IPCMARK_RESULT_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

struct plan;
struct run;

enum { JOURNAL_PATH_BYTES = 4096 + 16 };

struct journal {
	char path[JOURNAL_PATH_BYTES];
	uint64_t fingerprint; /* of the plan */
	uint64_t kept_ns; /* when it was written last, monotonic; 0: never */
	uint64_t cost_ns; /* how long that took */
	bool broken;	  /* it cannot be written; said once */
};

/* journal_of - the journal of @plan in the folder @dir; touches no file. */
struct journal journal_of(const char *dir, const struct plan *plan);

/* journal_exists - is there one, of this plan or another? */
bool journal_exists(const struct journal *journal);

/* journal_keep - a run_keep of a struct journal: write down all that @run has.
 * Seldom enough that it takes no more than a twentieth of the time. A journal
 * that cannot be written is warned of once; the run goes on. */
void journal_keep(void *keeper, const struct plan *plan, const struct run *run);

/* journal_load - go back to where the journal was written.
 * Says what is wrong: none there, of another plan, damaged.
 * Returns 0; -ENOENT; -EINVAL; -EBADMSG; -errno. */
int journal_load(const struct journal *journal, const struct plan *plan,
	struct run *ret_run);

/* journal_remove - the run is complete, or begins anew. */
void journal_remove(const struct journal *journal);

#endif
