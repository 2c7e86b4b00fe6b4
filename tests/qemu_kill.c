/* qemu_kill.c - a plug-in for qemu-user: SIGKILL before the n-th instruction.
 *
 * The guest asks for it by prctl(QEMU_KILL, n), which means nothing to a system:
 * the n-th instruction behind that call is not executed, its process is dead. A
 * child inherits what its parent asked for, and what is left of it. See trap.h,
 * the guest's side, and check-aarch64.sh.
 *
 * qemu's header of this interface (docs/devel/tcg-plugins.rst in its source) is
 * not in its packages. What is used of it is little and stands below; the version
 * is a number that a qemu accepts or refuses, so check-aarch64.sh tries several.
 */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "qemu_kill.h"

#ifndef QEMU_PLUGIN_VERSION
#define QEMU_PLUGIN_VERSION 1
#endif

enum {
	GUEST_PRCTL = 167, /* of aarch64 and riscv64 */
	NO_REGISTERS = 0,  /* what a callback looks at */
};

struct qemu_plugin_tb;	 /* some instructions, translated together */
struct qemu_plugin_insn; /* one of them */

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(
	const struct qemu_plugin_tb *tb, size_t index);
void qemu_plugin_register_vcpu_tb_trans_cb(
	uint64_t id, void (*callback)(uint64_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
	void (*callback)(unsigned vcpu, void *data), int flags, void *data);
void qemu_plugin_register_vcpu_syscall_cb(uint64_t id,
	void (*callback)(uint64_t id, unsigned vcpu, int64_t number,
		uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		uint64_t a6, uint64_t a7, uint64_t a8));
int qemu_plugin_install(
	uint64_t id, const void *info, int argc, const char *const *argv);
extern const int qemu_plugin_version;

__attribute__((visibility("default"))) const int qemu_plugin_version =
	QEMU_PLUGIN_VERSION;

static uint64_t left; /* instructions to the death; 0: nobody asked */

static void before_instruction(unsigned vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	if (left && --left == 0)
		/* Not kill(3): qemu's own process, and at once. */
		syscall(SYS_kill, getpid(), SIGKILL);
}

static void on_translation(uint64_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++)
		qemu_plugin_register_vcpu_insn_exec_cb(
			qemu_plugin_tb_get_insn(tb, i), before_instruction,
			NO_REGISTERS, NULL);
}

static void on_syscall(uint64_t id, unsigned vcpu, int64_t number, uint64_t a1,
	uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6,
	uint64_t a7, uint64_t a8)
{
	(void)id, (void)vcpu;
	(void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
	if (number == GUEST_PRCTL && a1 == QEMU_KILL)
		left = a2;
}

__attribute__((visibility("default"))) int qemu_plugin_install(
	uint64_t id, const void *info, int argc, const char *const *argv)
{
	(void)info;
	(void)argc;
	(void)argv;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
	return 0;
}
