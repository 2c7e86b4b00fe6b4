/* program.h - another program, spoken to line by line, with deadlines.
 *
 * It runs in a process group of its own, which program_stop() kills as a whole,
 * and dies with this process if the system can arrange that.
 */
#ifndef IPCMARK_BASE_PROGRAM_H
#define IPCMARK_BASE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct program {
	pid_t pid;  /* also its process group; 0: none */
	int in;	    /* its standard input */
	int out;    /* its standard output */
	char *text; /* what it said and nobody has heard yet */
	size_t used;
	size_t room;
	size_t heard; /* bytes of the last line returned, still at the start */
};

/* program_found - can @name be executed, by itself or along PATH? */
bool program_found(const char *name);

/* program_start - run @argv (found by PATH), standard error as ours.
 * Returns 0, or -errno: also that of a program that could not be executed. */
int program_start(char *const argv[], struct program *ret_program);

/* program_say - send @line, which ends with a newline, by @deadline_ns
 * (CLOCK_MONOTONIC). Returns 0; -EPIPE; -ETIMEDOUT; -errno. */
int program_say(
	struct program *program, const char *line, uint64_t deadline_ns);

/* program_hear - its next line, without the newline.
 * @ret_line: valid until the next call.
 * Returns 0; -EPIPE when it closed its output; -ETIMEDOUT; -EMSGSIZE for a line
 * of more than 1 MiB; -EBADMSG for one with a NUL in it; -errno. */
int program_hear(
	struct program *program, uint64_t deadline_ns, char **ret_line);

/* program_stop - close its standard input, give it @grace_ns to end by itself,
 * kill its process group, and take its exit status.
 * @how: how it ended, in words. Accepts one that never started. */
void program_stop(struct program *program, uint64_t grace_ns, char *how,
	size_t how_bytes);

#endif
