/* own.c - what a scenario asks of ring and queue; see own.h.
 *
 * A channel has a name, so that each worker opens it as a stranger would. One of
 * huge pages has none: whether a named file gets them is for the mount to decide
 * that it lies on, and there are seldom reserved ones there, while memory
 * without a name gets what the system's own settings grant. Its workers inherit
 * the descriptor and open it anew.
 *
 * A hint that this system does not heed, and a promise that it cannot keep, are
 * found out here, so that they are skipped, with what to do about it, and not
 * measured under a name that is not theirs. So is a channel that /dev/shm has
 * no room for. All of this is as it was when it was asked for: another
 * program may take the memory before the slice comes, and then the channel
 * cannot be made.
 */
#include "transport/own.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <mmapipc/inspect.h>

#include "base/human.h"
#include "inspect/object_print.h"
#include "machine/shm_room.h"
#include "transport/capacity.h"

#define HUGE_HINTS "/sys/kernel/mm/transparent_hugepage"
#define PAGE_LEAST 4096u

enum { LINE_BYTES = 256 };

struct mipc_options own_options(const struct channel_config *config)
{
	struct mipc_options options = {.spin_us = config->spin_us};

	_Static_assert(SPIN_OFF == MIPC_SPIN_NEVER &&
			       SPIN_ALWAYS == MIPC_SPIN_ALWAYS &&
			       SPIN_AUTO == 0,
		"the transports' words are the library's");
	if (config->huge != HUGE_PAGES_NO)
		options.flags |= MIPC_MEMFD;
	if (config->huge == HUGE_PAGES_HINT)
		options.flags |= MIPC_HUGE_PAGES;
	if (config->huge == HUGE_PAGES_RESERVED)
		options.flags |= MIPC_HUGE_RESERVED;
	return options;
}

int own_made_name(const char *name, char made[OWN_MADE_BYTES])
{
	int len = snprintf(made, OWN_MADE_BYTES, "%s-made", name);

	return len < OWN_MADE_BYTES ? 0 : -ENAMETOOLONG;
}

/* What the library makes of it: a power of two of at least a page. */
static uint64_t buffer_bytes(const struct channel_config *config)
{
	uint64_t least = capacity_choose(config), bytes = PAGE_LEAST;

	while (bytes < least && bytes < UINT64_C(1) << 62)
		bytes *= 2;
	return bytes;
}

/* The first line of @path, "" without one. */
static const char *first_line(const char *path, char line[LINE_BYTES])
{
	FILE *file = fopen(path, "re");

	line[0] = '\0';
	if (file && !fgets(line, LINE_BYTES, file))
		line[0] = '\0';
	if (file)
		fclose(file);
	return line;
}

/* "HugePages_Free:  12" of /proc/meminfo; 0 without it. */
static uint64_t meminfo(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "re");
	size_t len = strlen(name);
	char line[LINE_BYTES];
	uint64_t value = 0;

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, name, len) == 0 && line[len] == ':')
			sscanf(line + len + 1, "%" SCNu64, &value);
	if (file)
		fclose(file);
	return value;
}

static uint64_t huge_page_bytes(void)
{
	char line[LINE_BYTES];
	uint64_t bytes = 0;

	sscanf(first_line(HUGE_HINTS "/hpage_pmd_size", line), "%" SCNu64,
		&bytes);
	return bytes;
}

/* The size of page that counts may have a setting of its own. */
static bool hints_heeded(uint64_t page_bytes)
{
	char path[128], line[LINE_BYTES];

	first_line(HUGE_HINTS "/shmem_enabled", line);
	if (!line[0] || strstr(line, "[deny]"))
		return false;
	if (!strstr(line, "[never]"))
		return true;
	snprintf(path, sizeof(path),
		HUGE_HINTS "/hugepages-%" PRIu64 "kB/shmem_enabled",
		page_bytes / 1024);
	first_line(path, line);
	return line[0] && !strstr(line, "[never]") &&
	       !strstr(line, "[inherit]");
}

static int hint_can_run(
	const struct channel_config *config, char *reason, size_t reason_bytes)
{
	uint64_t page_bytes = huge_page_bytes();
	char buffer[HUMAN_BYTES], page[HUMAN_BYTES];

	if (!page_bytes || !hints_heeded(page_bytes)) {
		snprintf(reason, reason_bytes,
			"this system takes no hints at huge pages for shared "
			"memory: echo advise >" HUGE_HINTS "/shmem_enabled");
		return -ENOTSUP;
	}
	if (buffer_bytes(config) >= page_bytes)
		return 0;
	snprintf(reason, reason_bytes,
		"a buffer of %s fills no huge page, which has %s: raise "
		"capacity",
		human_size(buffer_bytes(config), buffer),
		human_size(page_bytes, page));
	return -ENOTSUP;
}

static int reserve_can_run(
	const struct channel_config *config, char *reason, size_t reason_bytes)
{
	uint64_t page_bytes = meminfo("Hugepagesize") * 1024;
	uint64_t free = meminfo("HugePages_Free");
	uint64_t taken = meminfo("HugePages_Rsvd");
	uint64_t needed;

	free = free > taken ? free - taken : 0;
	if (!page_bytes) {
		snprintf(reason, reason_bytes,
			"this system has no huge pages to reserve");
		return -ENOTSUP;
	}
	/* and one for what is not data */
	needed = (buffer_bytes(config) + page_bytes - 1) / page_bytes + 1;
	if (needed <= free)
		return 0;
	snprintf(reason, reason_bytes,
		"%" PRIu64
		" huge pages are left in the system's reserve, %" PRIu64
		" are needed: raise /proc/sys/vm/nr_hugepages",
		free, needed);
	return -ENOTSUP;
}

int own_can_run(
	const struct channel_config *config, char *reason, size_t reason_bytes)
{
	if (config->huge == HUGE_PAGES_HINT)
		return hint_can_run(config, reason, reason_bytes);
	if (config->huge == HUGE_PAGES_RESERVED)
		return reserve_can_run(config, reason, reason_bytes);
	return shm_room_check(buffer_bytes(config), reason, reason_bytes);
}

int64_t own_huge_bytes(int error, const struct mipc_memory *memory)
{
	return error ? error : (int64_t)memory->huge_bytes;
}

void own_describe(
	const char *name, bool has_name, int fd, char *text, size_t text_bytes)
{
	FILE *out = fmemopen(text, text_bytes, "w");
	struct mipc_info info;
	int err;

	if (!out)
		return;
	err = has_name ? mipc_inspect(name, &info) : mipc_inspect_fd(fd, &info);
	if (err)
		fprintf(out, "%s: %s\n", name, strerror(-err));
	else
		object_print(name, &info, out);
	fclose(out);
	text[text_bytes - 1] = '\0';
}
