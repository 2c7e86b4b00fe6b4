/* command.h - what each command does; one file each, NAME.c.
 *
 * Each takes a checked command line and returns the program's exit code, after
 * saying why when that is not 0.
 */
#ifndef IPCMARK_COMMAND_COMMAND_H
#define IPCMARK_COMMAND_COMMAND_H

struct environment;
struct options;
struct result;
struct topo;
struct transport;

int command_run(const struct options *options);
int command_plan(const struct options *options);
int command_show(const struct options *options);
int command_plot(const struct options *options);
int command_compare(const struct options *options);
int command_inspect(const struct options *options);
int command_topo(const struct options *options);
int command_env(const struct options *options);
int command_tune(const struct options *options);
int command_list(const struct options *options);
int command_conform(const struct options *options);
int command_crash(const struct options *options);
int command_gate(const struct options *options);
int command_selftest_gate(const struct options *options);
int command_help(const struct options *options);
int command_version(const struct options *options);

/* command_transport - the one that a TRANSPORT argument names, a plug-in too.
 * Returns NULL after saying that there is none. */
const struct transport *command_transport(const char *spec);

/* command_load_result - read a RESULT argument: the file, or its folder.
 * Returns 0 or -errno after saying what is wrong. */
int command_load_result(const char *argument, struct result *ret_result);

/* command_look_around - what this machine is and how quiet, before anything is
 * measured on it; of one that is elsewhere, only what it is. Returns 0; -errno
 * after saying what is wrong. */
int command_look_around(
	const struct topo *topo, struct environment *ret_environment);

#endif
