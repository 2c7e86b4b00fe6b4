/* identity.c - the dynamic linker's list of what is mapped; see identity.h.
 *
 * A path proves nothing: links, LD_PRELOAD and a run path may all have put
 * another file there. So the question goes the other way round: who has the
 * function that would be called, and what does that object's own note say?
 */
#include "gate/identity.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

struct found {
	uintptr_t address; /* looked for */
	const char *name;  /* of the object; "": the program itself */
	const unsigned char *id;
	size_t id_bytes;
	bool seen;
};

static bool holds(const struct dl_phdr_info *info, uintptr_t address)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t from = (uintptr_t)(info->dlpi_addr + part->p_vaddr);

		if (part->p_type == PT_LOAD && address >= from &&
			address - from < part->p_memsz)
			return true;
	}
	return false;
}

/* The notes of one segment: each a header, a name and the bytes, both padded. */
static void look_for_id(
	const unsigned char *at, size_t bytes, struct found *found)
{
	ElfW(Nhdr) note;

	while (bytes >= sizeof(note)) {
		size_t name_bytes, id_bytes;

		memcpy(&note, at, sizeof(note));
		name_bytes = ((size_t)note.n_namesz + 3) & ~(size_t)3;
		id_bytes = ((size_t)note.n_descsz + 3) & ~(size_t)3;
		if (sizeof(note) + name_bytes + id_bytes > bytes)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
			memcmp(at + sizeof(note), "GNU", 4) == 0) {
			found->id = at + sizeof(note) + name_bytes;
			found->id_bytes = note.n_descsz;
			return;
		}
		at += sizeof(note) + name_bytes + id_bytes;
		bytes -= sizeof(note) + name_bytes + id_bytes;
	}
}

static int look_at(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct found *found = arg;

	(void)size;
	if (!holds(info, found->address))
		return 0;
	found->seen = true;
	found->name = info->dlpi_name ? info->dlpi_name : "";
	for (int i = 0; i < info->dlpi_phnum && !found->id; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];

		if (part->p_type == PT_NOTE)
			look_for_id((const unsigned char *)(info->dlpi_addr +
							    part->p_vaddr),
				part->p_memsz, found);
	}
	return 1;
}

/* 128 bits of a file: two walks that begin elsewhere. To tell builds apart, not
 * to withstand somebody who wants two to look the same. */
static int hash_file(const char *path, char text[IDENTITY_TEXT_BYTES])
{
	uint64_t sums[2] = {1, 2}, word = 0;
	FILE *file = fopen(path, "re");
	size_t got;
	int err;

	if (!file)
		return -errno;
	while ((got = fread(&word, 1, sizeof(word), file)) > 0) {
		for (int i = 0; i < 2; i++)
			sums[i] = rng_mix(sums[i] ^ rng_mix(word + got));
		word = 0;
	}
	err = ferror(file) ? -EIO : 0;
	fclose(file);
	snprintf(text, IDENTITY_TEXT_BYTES, "%016llx%016llx",
		(unsigned long long)sums[0], (unsigned long long)sums[1]);
	return err;
}

int identity_find(struct identity *ret_identity)
{
	struct found found = {0};
	struct identity identity = {0};
	char *path;

	found.address = (uintptr_t)dlsym(RTLD_DEFAULT, "mipc_ring_create");
	if (!found.address)
		return -ENOENT;
	dl_iterate_phdr(look_at, &found);
	if (!found.seen)
		return -ENOENT;
	if (!found.name[0])
		return -ENOTSUP;
	path = realpath(found.name, NULL);
	snprintf(identity.path, sizeof(identity.path), "%s",
		path ? path : found.name);
	free(path);
	identity.hashed = !found.id_bytes;
	for (size_t i = 0;
		i < found.id_bytes && 2 * i + 2 < sizeof(identity.id); i++)
		snprintf(identity.id + 2 * i, 3, "%02x", found.id[i]);
	if (identity.hashed) {
		int err = hash_file(identity.path, identity.id);

		if (err)
			return err;
	}
	*ret_identity = identity;
	return 0;
}

static int look_whose(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct found *found = arg;

	(void)size;
	/* The program comes first. */
	found->seen = holds(info, found->address);
	return 1;
}

bool identity_outside(uint64_t address)
{
	struct found found = {.address = (uintptr_t)address};

	dl_iterate_phdr(look_whose, &found);
	return !found.seen;
}
