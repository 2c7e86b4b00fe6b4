/* story.h - what happened in one trial, for whoever asks why it went wrong.
 *
 * Nothing is looked at until a trial has failed: then everybody still stands where
 * the fault showed, and what they did last is in the stage's recorder.
 */
#ifndef IPCMARK_CRASH_STORY_H
#define IPCMARK_CRASH_STORY_H

#include <stdio.h>
#include <sys/types.h>

#include "crash/stage.h"
#include "recorder/timeline.h"

enum {
	STORY_PLACES = 2 * STAGE_SHARE, /* producers, then consumers */
	STORY_DEEDS = 12,
	STORY_EVENTS = STORY_PLACES * TIMELINE_EACH,
	STORY_STATE_BYTES = 1536,
};

/* In what part of a trial a survivor was asked to do something, or a victim made
 * its call: the phase of an event. */
enum story_phase {
	STORY_BEFORE,
	STORY_STRUCK, /* the call that is struck, and what goes on beside it */
	STORY_AFTER,
	STORY_COUNT, /* all is taken out, for the ledger */
};

/* Of one trial, in memory that outlives its processes; a struct of plain values,
 * so that it can be copied to the parent. */
struct trial_story {
	uint64_t begun_ns;
	uint64_t struck_ns; /* the latest strike; 0: nobody was struck */
	unsigned deed_count;
	size_t event_count;
	bool locks_known;
	pid_t lock_holders[2];	  /* by role */
	pid_t pids[STORY_PLACES]; /* who had each place last */
	struct timeline_deed deeds[STORY_DEEDS];
	struct timeline_event events[STORY_EVENTS];
	char state[STORY_STATE_BYTES]; /* the transport's own words */
};

static inline unsigned story_place(enum endpoint_role role, unsigned index)
{
	return (unsigned)role * STAGE_SHARE + index;
}

/* story_begin - of a new trial. */
void story_begin(struct trial_story *story);

/* story_deed - something was done to, or became of, who has @place.
 * @what: static text. @address: where it stood; 0: not known. Returns the deed,
 * to be refined; it may be one that is thrown away. */
struct timeline_deed *story_deed(struct trial_story *story, unsigned place,
	const char *what, uint64_t address);

/* story_tell - the trial has failed: look at everything. Survivors that have not
 * come back are stopped, and stay so; @stage is to be closed. */
void story_tell(struct trial_story *story, struct crash_stage *stage);

/* story_print - as lines. @operation: what the victim's call is called. */
void story_print(
	const struct trial_story *story, const char *operation, FILE *out);

#endif
