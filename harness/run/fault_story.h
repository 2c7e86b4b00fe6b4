/* fault_story.h - what happened, told to a person. Private to fault*.c. */
#ifndef IPCMARK_RUN_FAULT_STORY_H
#define IPCMARK_RUN_FAULT_STORY_H

#include <stdio.h>

struct fault;

/* fault_story_of_hang - the case came to an end before its time: stops all
 * workers, tells what each of them does and where, and lets them go on.
 *
 * fault_story_of_violation - nobody runs any more, and the ledger is wrong.
 *
 * Both are silent about a transport that never claimed to survive a kill. */
void fault_story_of_hang(struct fault *fault, FILE *out);
void fault_story_of_violation(struct fault *fault, FILE *out);

#endif
