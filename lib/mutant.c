/* mutant.c - which bug this process has; in a build of mutants only.
 *
 * Chosen once, before main() and before any other thread, so that the places that
 * ask need no order. That it prints and ends the process, which the library never
 * does, is for the best here: a wrong name would be a mutant that no test finds.
 * In other builds this file is not compiled, or by who compiles all of them, empty.
 */
#include "mutant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef MIPC_MUTANTS
enum mutant mutant_chosen;

static const struct {
	const char *name, *bug, *promise;
} mutants[] = {
	{"", "", ""},
#define ENTRY(name, bug, promise) {#name, bug, promise},
#include "mutants.def"
#undef ENTRY
};

enum { MUTANT_COUNT = sizeof(mutants) / sizeof(mutants[0]) };

static void list_all(void)
{
	for (int i = 1; i < MUTANT_COUNT; i++)
		printf("%-26s %s (%s)\n", mutants[i].name, mutants[i].bug,
			mutants[i].promise);
	exit(EXIT_SUCCESS);
}

static void refuse(const char *name)
{
	fprintf(stderr, "MIPC_MUTANT=%s: no such mutant; choose one of:", name);
	for (int i = 1; i < MUTANT_COUNT; i++)
		fprintf(stderr, " %s", mutants[i].name);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

__attribute__((constructor)) static void choose(void)
{
	const char *name = getenv("MIPC_MUTANT");
	int i = 1;

	if (!name || !*name)
		return;
	if (!strcmp(name, "list"))
		list_all();
	while (i < MUTANT_COUNT && strcmp(name, mutants[i].name) != 0)
		i++;
	if (i == MUTANT_COUNT)
		refuse(name);
	mutant_chosen = (enum mutant)i;
}
#endif
