/* mutant.h - bugs on request, to see whether the tests notice.
 *
 * `if (MUTANT(name))` in the code is a bug of lib/mutants.def. In the library that
 * people use it is the constant false: nothing of it is left in the objects. A
 * build by ./configure --enable-mutants, which is good for nothing else, has all of
 * them, and a process the one that MIPC_MUTANT in its environment names (`list`: says
 * which there are). What a bug itself does to shared memory is labelled nowhere, and
 * in the order of atomic_store(): no weaker one may be what makes it show.
 */
#ifndef MIPC_MUTANT_H
#define MIPC_MUTANT_H

enum mutant {
	MUTANT_NONE,
#define ENTRY(name, bug, promise) MUTANT_##name,
#include "mutants.def"
#undef ENTRY
};

#ifdef MIPC_MUTANTS
extern enum mutant mutant_chosen;
#else
#define mutant_chosen MUTANT_NONE
#endif

/* A name that is not in the list does not compile, in either build. */
#define MUTANT(name) (mutant_chosen == MUTANT_##name)

#endif
