#!/usr/bin/env python3
"""Python's multiprocessing.SimpleQueue as an ipcmark worker program.

All of it but the queue is mp_queue.py's. A SimpleQueue is a pipe with a lock at
each end and no thread: put() returns once the message is in the pipe, and waits
for as long as it is full. So what was put first is got first, and the END that
is put after all producers are done comes after all messages.
"""

import sys

sys.dont_write_bytecode = True  # nothing is left where this was installed

import mp_queue  # noqa: E402


class Queue:
    """A SimpleQueue with the calls that mp_queue.py makes."""

    def __init__(self, context):
        self.queue = context.SimpleQueue()
        self.get = self.queue.get

    def put(self, data, block=True, timeout=None):
        self.queue.put(data)

    def cancel_join_thread(self):
        pass

    def __getstate__(self):
        return self.queue

    def __setstate__(self, state):
        self.queue = state
        self.get = state.get


class Kind(mp_queue.Kind):
    name = "mp-simplequeue"
    what = "multiprocessing.SimpleQueue"
    drains = False

    @staticmethod
    def make(context, setup, items):
        return Queue(context)


if __name__ == "__main__":
    mp_queue.main(Kind)
