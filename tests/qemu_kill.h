/* qemu_kill.h - what guest (trap.h) and plug-in (qemu_kill.c) agree on. */
#ifndef MIPC_TESTS_QEMU_KILL_H
#define MIPC_TESTS_QEMU_KILL_H

/* No option that prctl(2) has. */
#define QEMU_KILL 0x4d495043

#endif
