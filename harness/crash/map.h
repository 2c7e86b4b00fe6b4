/* map.h - of one row, line by line of the sources: how often somebody was killed
 * there, and what the survivors found.
 */
#ifndef IPCMARK_CRASH_MAP_H
#define IPCMARK_CRASH_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "crash/campaign.h"

struct symbols;

/* A line of a file; or, of what no line is known of, a function or a module. Texts
 * are those of the symbols. */
struct map_line {
	const char *module, *function;
	const char *file; /* NULL: not known */
	const char *folder;
	unsigned line;
	uint64_t first;		   /* step at which the call first came to it */
	unsigned executed, struck; /* instructions */
	uint64_t undone, done, violated; /* deaths, by what was found then */
};

struct crash_map {
	struct map_line *lines; /* by file and line; what has none at the end */
	size_t count;
};

/* map_is_of - are this row's deaths single ones, so that each has its place? */
bool map_is_of(const struct campaign *campaign, unsigned row);

/* map_begin - before the first death, and before who is to note it is forked: a
 * table, with what the rows' calls come through. Returns 0; -ENOMEM.
 * map_note - a death of @row at @address, and how it was judged. Lock-free; beyond
 * the room there is, nothing is noted. */
int map_begin(struct campaign *campaign);
void map_note(struct campaign *campaign, unsigned row, uint64_t address,
	enum verdict verdict);

/* map_make - of one row, or of all rows (MAP_ALL_ROWS). Returns 0; -ENOMEM.
 * map_free - of @map's own. */
#define MAP_ALL_ROWS UINT32_MAX
int map_make(const struct campaign *campaign, struct symbols *symbols,
	unsigned row, struct crash_map *ret_map);
void map_free(struct crash_map *map);

#endif
