#!/usr/bin/env python3
"""A worker program for ipcmark's exec:, as short as an honest one can be.

One producer, one consumer, a local socket that keeps messages apart; the lines
are docs/worker-protocol.md's. In a scenario, from this folder:

    transport = ring, exec:./worker_seqpacket.py
"""

import os, socket, struct, sys, time  # noqa: E401

MIX, MASK, MAX_LEN = 0x9E3779B97F4A7C15, (1 << 64) - 1, 65536


def message(seq, size):
    word = struct.pack("<Q", seq)
    if size < 16:
        return (word + bytes(size))[:size]
    return word + bytes(size - 16) + struct.pack("<Q", seq * MIX & MASK)


def pin(cpu):
    os.sched_setaffinity(0, {cpu} if cpu >= 0 else os.sched_getaffinity(0))


def produce(link, orders, size):
    """A slice for each order; behind it a longer message, with the sums."""
    while order := orders.recv(16):
        begin, end = struct.unpack("<QQ", order)
        seq, cpu = 0, None
        while (now := time.monotonic_ns()) < end:
            if cpu is None and now >= begin:
                cpu = time.process_time_ns()
            link.send(message(seq, size))
            seq += 1
        cpu = time.process_time_ns() - (cpu or 0)
        link.send(bytes(size) + struct.pack("<QQ", seq, cpu))


def consume(link, size, begin, end):
    msgs, received, reordered, corrupted, cpu = 0, 0, 0, 0, None
    while len(data := link.recv(size + 16)) <= size:
        now = time.monotonic_ns()
        if cpu is None and now >= begin:
            cpu = time.process_time_ns()
        if data != message(received, size):
            known = data == message(int.from_bytes(data[:8], "little"), size)
            reordered, corrupted = reordered + known, corrupted + (not known)
        received += 1
        msgs += begin <= now < end
    sent, cpu_ns = struct.unpack("<QQ", data[size:])
    cpu_ns += time.process_time_ns() - (cpu or 0)
    print(f"done {msgs=} elapsed_ns={end - begin} {cpu_ns=} {sent=} {received=} "
          f"lost={max(0, sent - received)} duplicated={max(0, received - sent)} "
          f"{reordered=} {corrupted=}", flush=True)


print("ipcmark-worker protocol=1 name=seqpacket-py caps=throughput,block "
      f"max_len={MAX_LEN}", flush=True)
for line in sys.stdin:
    said = dict(word.split("=", 1) for word in line.split()[1:])
    if line.startswith("setup") and said["msg_size"] == "0":
        print("refuse reason=a message of no bytes is the end here", flush=True)
    elif line.startswith("setup"):
        size, cpus = int(said["msg_size"]), said["cpus"].split(",")
        pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        orders = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            pair[0].close(), orders[0].close(), pin(int(cpus[0]))
            os._exit(produce(pair[1], orders[1], size) or 0)
        pair[1].close(), orders[1].close(), pin(int(cpus[1]))
        print("ready", flush=True)
    elif line.startswith("slice"):
        begin = time.monotonic_ns() + int(said["warmup_ns"])
        end = begin + int(said["slice_ns"])
        orders[0].send(struct.pack("<QQ", begin, end))
        consume(pair[0], size, begin, end)
    else:
        break  # quit
