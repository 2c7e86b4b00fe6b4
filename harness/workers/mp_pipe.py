#!/usr/bin/env python3
"""Python's multiprocessing.Pipe as an ipcmark worker program.

All of it but the pipe is mp_queue.py's. One way only, one producer and one
consumer, because a Connection has no lock; send_bytes() and recv_bytes(), which
do not pickle. A message one byte longer than all others is the END.
"""

import sys

sys.dont_write_bytecode = True  # nothing is left where this was installed

import mp_queue  # noqa: E402


class Pipe:
    """A Pipe with the calls that mp_queue.py makes."""

    def __init__(self, context, size):
        self.receiver, self.sender = context.Pipe(duplex=False)
        self.end = bytes(size + 1)

    def put(self, data, block=True, timeout=None):
        self.sender.send_bytes(self.end if data == mp_queue.END else data)

    def get(self):
        data = self.receiver.recv_bytes()
        return mp_queue.END if len(data) == len(self.end) else data

    def cancel_join_thread(self):
        pass


class Kind(mp_queue.Kind):
    name = "mp-pipe"
    what = "multiprocessing.Pipe"
    caps = "throughput,roundtrip,block"
    drains = False

    @staticmethod
    def make(context, setup, items):
        return Pipe(context, setup["msg_size"])


if __name__ == "__main__":
    mp_queue.main(Kind)
