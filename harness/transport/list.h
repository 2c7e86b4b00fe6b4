/* list.h - every transport, one file each; table.c has the table.
 */
#ifndef IPCMARK_TRANSPORT_LIST_H
#define IPCMARK_TRANSPORT_LIST_H

#include "transport/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ours */
extern const struct transport transport_ring;
extern const struct transport transport_queue;
/* the system's */
extern const struct transport transport_pipe;
extern const struct transport transport_socketpair;
extern const struct transport transport_mq;
extern const struct transport transport_seqpacket;
extern const struct transport transport_sysv_msg;
extern const struct transport transport_eventfd_ring;
/* a plain queue under a plain lock */
extern const struct transport transport_fcntl_queue;
extern const struct transport transport_mutex_queue;
extern const struct transport transport_robust_queue;
/* other libraries: see optional.h */
extern const struct transport transport_ck_ring;
extern const struct transport transport_ck_mpmc;
extern const struct transport transport_qb_rb;
extern const struct transport transport_boost_mq;
extern const struct transport transport_zmq;
extern const struct transport transport_nng;
extern const struct transport transport_redis;
extern const struct transport transport_iceoryx;
/* other programs */
extern const struct transport transport_mp_queue;
extern const struct transport transport_mp_simplequeue;
extern const struct transport transport_mp_pipe;
extern const struct transport transport_exec;
/* limits */
extern const struct transport transport_null;
extern const struct transport transport_line;
extern const struct transport transport_copy;

#ifdef __cplusplus
}
#endif

#endif
