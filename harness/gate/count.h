/* count.h - how many instructions a call of the library takes: exact, whatever
 * else the machine does.
 */
#ifndef IPCMARK_GATE_COUNT_H
#define IPCMARK_GATE_COUNT_H

struct bench_case;
struct gate_answer;
struct transport;

/* count_calls - of a case's calls, one after the other in one process: send into
 * an empty channel and into one with some messages, receive from each.
 * @name: unique; of the channel.
 * Fills in ->err, ->reason, ->counts. */
void count_calls(const struct transport *transport,
	const struct bench_case *bench, const char *name,
	struct gate_answer *answer);

#endif
