/* check.h - the checks themselves: see conform.c for what each is of.
 *
 * Each runs in a process of its own (stage_begin() was called) and either
 * returns or ends it.
 */
#ifndef IPCMARK_CONFORM_CHECK_H
#define IPCMARK_CONFORM_CHECK_H

struct transport;

/* pass.c */
void check_sizes(const struct transport *transport);
void check_order(const struct transport *transport);
void check_batches(const struct transport *transport);
void check_empty(const struct transport *transport);
void check_full(const struct transport *transport);
void check_many(const struct transport *transport);
void check_loopback(const struct transport *transport);

/* gone.c */
void check_peer_gone(const struct transport *transport);
void check_nothing_left(const struct transport *transport);
void check_null(const struct transport *transport);
void check_lock_holder(const struct transport *transport);

#endif
