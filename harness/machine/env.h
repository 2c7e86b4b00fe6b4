/* env.h - what the machine was while a result was measured. */
#ifndef IPCMARK_MACHINE_ENV_H
#define IPCMARK_MACHINE_ENV_H

#include <jansson.h>

struct topo;

/* A flat set of facts, kept as the JSON object that goes into the result. */
struct environment {
	json_t *facts;
};

/* env_collect - CPU, caches, cores, governor, turbo, SMT, mitigations,
 * hypervisor, steal, load, kernel, page size, clock and its resolution,
 * compiler, versions of ourselves and of the libraries. What cannot be had
 * here is null, never guessed. Returns 0; -ENOMEM. */
int env_collect(const struct topo *topo, struct environment *ret_environment);

/* env_grade - measure what the machine does to work (noise.h), and grade it by
 * that and the facts collected (grade.h): aa_..._percent, noise_grade and
 * noise_complaints. Returns 0; -ENOMEM. */
int env_grade(const struct topo *topo, struct environment *environment);

/* env_text - one fact as text, "" when unknown; valid as long as @environment. */
const char *env_text(const struct environment *environment, const char *key);

void env_free(struct environment *environment);

#endif
