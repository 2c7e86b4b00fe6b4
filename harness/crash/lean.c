/* lean.c - see lean.h.
 *
 * A fork copies a description of everything that is mapped, and an exit takes it
 * down again. A program that can drive a dozen transports is linked with dozens
 * of libraries, five mappings each, and at thousands of deaths a second that
 * was three quarters of the time. Hardly any of them is called by the transport
 * at hand; which ones are, the recorded traces tell.
 *
 * They stay mapped here, and are left out of children (MADV_DONTFORK). Always kept
 * are the program itself, the loader, the C library, and what the kernel maps. A
 * child that comes to what it lacks dies of SIGSEGV at an address in there, and
 * lean_lacks() says so: then its parent tries again with all of them. Any other
 * crash is the transport's.
 */
#include "crash/lean.h"

#include <stddef.h>
#include <sys/mman.h>

#ifdef MADV_DONTFORK

#include <link.h>
#include <sys/auxv.h>
#include <unistd.h>

enum { MODULES_MAX = 256 };

struct module {
	uintptr_t from, to; /* whole pages */
	bool used;
};

static struct {
	struct module modules[MODULES_MAX];
	unsigned count;
	bool known, lean;
} state;

static int note_module(struct dl_phdr_info *info, size_t size, void *arg)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	struct module *module = &state.modules[state.count];

	(void)size;
	(void)arg;
	if (state.count == MODULES_MAX)
		return 1;
	*module = (struct module){.from = UINTPTR_MAX};
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + part->p_vaddr;
		uintptr_t to = from + part->p_memsz;

		if (part->p_type != PT_LOAD)
			continue;
		if (from < module->from)
			module->from = from & ~(page - 1);
		if (to > module->to)
			module->to = (to + page - 1) & ~(page - 1);
	}
	/* the first one is the program */
	module->used = state.count == 0;
	if (module->from < module->to)
		state.count++;
	return 0;
}

static void mark(uintptr_t address)
{
	for (unsigned i = 0; i < state.count; i++)
		if (address >= state.modules[i].from &&
			address < state.modules[i].to)
			state.modules[i].used = true;
}

static void know(void)
{
	if (state.known)
		return;
	state.known = true;
	dl_iterate_phdr(note_module, NULL);
	mark((uintptr_t)getauxval(AT_BASE));
	mark((uintptr_t)getauxval(AT_SYSINFO_EHDR));
	mark((uintptr_t)&_exit);
}

void lean_use(uint64_t address)
{
	static const struct module *latest;

	know();
	if (latest && address >= latest->from && address < latest->to)
		return;
	for (unsigned i = 0; i < state.count; i++) {
		struct module *module = &state.modules[i];

		if (address < module->from || address >= module->to)
			continue;
		module->used = true;
		latest = module;
	}
}

void lean_set(bool lean)
{
	know();
	if (lean == state.lean)
		return;
	state.lean = lean;
	for (unsigned i = 0; i < state.count; i++) {
		const struct module *module = &state.modules[i];

		/* what fails is copied, as always */
		if (!module->used)
			(void)madvise((void *)module->from,
				module->to - module->from,
				lean ? MADV_DONTFORK : MADV_DOFORK);
	}
}

bool lean_is(void)
{
	return state.lean;
}

bool lean_lacks(uint64_t address)
{
	for (unsigned i = 0; state.lean && i < state.count; i++) {
		const struct module *module = &state.modules[i];

		if (!module->used && address >= module->from &&
			address < module->to)
			return true;
	}
	return false;
}

#else /* children have all */

void lean_use(uint64_t address)
{
	(void)address;
}

void lean_set(bool lean)
{
	(void)lean;
}

bool lean_is(void)
{
	return false;
}

bool lean_lacks(uint64_t address)
{
	(void)address;
	return false;
}

#endif
