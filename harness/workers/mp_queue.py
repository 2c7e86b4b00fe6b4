#!/usr/bin/env python3
"""Python's multiprocessing.Queue as an ipcmark worker program.

Speaks the worker protocol, version 1 (docs/worker-protocol.md), on standard
input and output. Producers and consumers are real processes, pinned as asked,
and stay from slice to slice; the queue is used as its documentation shows:
blocking put() and get(), bytes in and bytes out. Standard library only.

Every message is checked as the harness checks its own: a word of producer and
sequence number at the front, that word mixed at the end, and with verify=full
a checksum of everything. That costs 1 to 2.5 us a message on either side, of the
10 us and more that a message of 64 bytes takes in all.

How a slice ends. A consumer sleeps in get() without a time-out, because one
with a time-out polls, which costs a system call more per message. So when all
producers are done the queue is given one empty tuple per consumer, which only
says "from now on look at the counts": the consumers go on, with a time-out,
until as many messages were received as were sent, or the drain takes too long
and the difference is lost.

mp_simplequeue.py and mp_pipe.py are this program with another Kind of channel.

Nobody is left behind: a child asks the kernel to be killed when its parent dies
and, where the kernel cannot do that, looks for itself.
"""

import ctypes
import multiprocessing
import multiprocessing.connection
import os
import queue
import random
import signal
import sys
import threading
import time
import zlib

PROTOCOL = 1
MIX = 0x9E3779B97F4A7C15
MASK64 = (1 << 64) - 1
SEQ_BITS = 48
BODIES = 16  # different bodies, taken in turn; fewer of long ones
BODIES_BYTES = 1 << 20
BLOCK = 4099  # bodies are cut from this many random bytes, repeated; a prime
SEQ_AHEAD = 1 << 20  # further than this beyond the last is no sequence number
DEFAULT_CAPACITY = 1 << 20
MIN_ITEMS = 16
MAX_ITEMS = 1024
DRAIN_NS = 5 * 10**9
PUT_PATIENCE_S = 5.0
START_S = 20.0
LEAD_NS = 500 * 1000  # until all workers have read that it begins
END = ()  # not bytes: no message


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def die_with_parent(parent):
    """Leave as soon as the process that started this one is gone."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        pr_set_pdeathsig = 1
        linux = sys.platform.startswith("linux")
        if linux and libc.prctl(pr_set_pdeathsig, signal.SIGKILL) == 0:
            if os.getppid() != parent:
                os._exit(1)
            return
    except (OSError, AttributeError):
        pass

    def watch():
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Kind:
    """multiprocessing.Queue; another kind overrides what differs."""

    name = "mp-queue"
    what = "multiprocessing.Queue"
    caps = "throughput,roundtrip,many_producers,many_consumers,block"
    # a thread in each producer feeds the pipe: an END may overtake messages
    drains = True

    @staticmethod
    def make(context, setup, items):
        """Something with put(), get() and cancel_join_thread()."""
        return context.Queue(items)


class Messages:
    """Makes and checks messages of one size."""

    def __init__(self, size, full, seed):
        self.size = size
        self.crc = full and size >= 20
        self.seq_mask = (1 << min(SEQ_BITS, 8 * size)) - 1
        # between the first word (and its checksum) and the last
        middle = max(0, size - 16 - (4 if self.crc else 0))
        count = max(2, min(BODIES, BODIES_BYTES // max(1, middle)))
        block = random.Random(seed).getrandbits(8 * BLOCK)
        block = block.to_bytes(BLOCK, "little")
        tiled = memoryview(block * (middle // BLOCK + 2))
        self.bodies = [
            bytes(tiled[i * 251 : i * 251 + middle]) for i in range(count)
        ]

    def make(self, producer, seq):
        word = producer << SEQ_BITS | seq
        head = word.to_bytes(8, "little")
        if self.size < 16:
            return head[: self.size] + bytes(max(0, self.size - 8))
        body = self.bodies[seq % len(self.bodies)]
        tail = (word * MIX & MASK64).to_bytes(8, "little")
        if self.crc:
            crc = zlib.crc32(tail, zlib.crc32(body, zlib.crc32(head)))
            return b"".join((head, crc.to_bytes(4, "little"), body, tail))
        return b"".join((head, body, tail))

    def word(self, data):
        """The first word of a good message, or None."""
        if len(data) != self.size:
            return None
        word = int.from_bytes(data[:8], "little")
        if self.size < 16:
            return word
        if int.from_bytes(data[-8:], "little") != word * MIX & MASK64:
            return None
        if self.crc:
            crc = zlib.crc32(memoryview(data)[12:], zlib.crc32(data[:8]))
            if crc != int.from_bytes(data[8:12], "little"):
                return None
        return word


class Ledger:
    """What one consumer has seen in one slice."""

    def __init__(self, setup, messages):
        self.messages = messages
        self.received = 0
        self.duplicated = 0
        self.reordered = 0
        self.corrupted = 0
        # Less than 8 bytes have no room for the producer's number, and not
        # for the whole sequence number: only a lone stream has an order then.
        self.whole = setup["msg_size"] >= 8
        self.alone = setup["producers"] == setup["consumers"] == 1
        self.next = [0] * setup["producers"]
        self.seen = [bytearray() for _ in range(setup["producers"])]

    def take(self, data):
        self.received += 1
        word = self.messages.word(data)
        if word is None:
            self.corrupted += 1
        elif self.whole:
            self.take_whole(word >> SEQ_BITS, word & self.messages.seq_mask)
        elif self.alone:
            if word != self.next[0] & self.messages.seq_mask:
                self.reordered += 1
            self.next[0] += 1

    def take_whole(self, producer, seq):
        if producer >= len(self.seen):
            self.corrupted += 1
            return
        seen = self.seen[producer]
        if seq >= len(seen):
            if seq > len(seen) + SEQ_AHEAD:
                self.corrupted += 1
                return
            seen.extend(bytes(seq + 1 - len(seen)))
        if seen[seq]:
            self.duplicated += 1
            return
        seen[seq] = 1
        if seq < self.next[producer]:
            self.reordered += 1
        else:
            self.next[producer] = seq + 1


class CpuWindow:
    """Processor time of this process between two moments, as first noticed."""

    def __init__(self, begin, end):
        self.begin, self.end = begin, end
        self.at_begin = self.at_end = None

    def notice(self, now):
        if self.at_begin is None and now >= self.begin:
            self.at_begin = time.process_time_ns()
        if self.at_end is None and now >= self.end:
            self.at_end = time.process_time_ns()

    def spent(self):
        self.notice(self.end)
        return self.at_end - self.at_begin


def produce(setup, index, there, shared, job):
    messages, begin, end = job
    window = CpuWindow(begin, end)
    sent = 0
    limit = messages.seq_mask
    while True:
        now = time.monotonic_ns()
        window.notice(now)
        if now >= end:
            break
        try:
            there.put(messages.make(index, sent & limit), True, PUT_PATIENCE_S)
        except queue.Full:
            break  # whoever should make room does not: let them count
        sent += 1
    shared.sent[index] = sent
    return {"sent": sent, "cpu_ns": window.spent()}


def consume(setup, index, there, shared, job):
    messages, begin, end = job
    window = CpuWindow(begin, end)
    ledger = Ledger(setup, messages)
    counted = 0
    while True:
        data = there.get()
        if data == END:
            break
        now = time.monotonic_ns()
        window.notice(now)
        ledger.take(data)
        if begin <= now < end:
            counted += 1
    if setup["kind"].drains:
        drain(setup, index, there, shared, ledger)
    return {
        "msgs": counted,
        "cpu_ns": window.spent(),
        "received": ledger.received,
        "duplicated": ledger.duplicated,
        "reordered": ledger.reordered,
        "corrupted": ledger.corrupted,
        "seen": [bytes(seen) for seen in ledger.seen],
    }


def drain(setup, index, there, shared, ledger):
    """Take what is left; shared.sent is final by now.

    An END here was another consumer's: it goes back once, after a moment in
    which that one can find it.
    """
    give_up = time.monotonic_ns() + DRAIN_NS
    while time.monotonic_ns() < give_up:
        shared.received[index] = ledger.received
        if sum(shared.received) >= sum(shared.sent) and all(shared.draining):
            return
        shared.draining[index] = 1
        try:
            data = there.get(True, 0.005)
        except queue.Empty:
            continue
        if data == END:
            there.put(END)
            time.sleep(0.001)
        else:
            ledger.take(data)


def three_digits(value):
    """Rounded to three digits, as the harness's histogram would."""
    digits = len(str(value))
    if digits <= 4:
        return value
    unit = 10 ** (digits - 4)
    return (value + unit // 2) // unit * unit


def ask(setup, index, there, back, job):
    """The side of a round trip that counts."""
    messages, begin, end = job
    window = CpuWindow(begin, end)
    rtt = {}
    sent = received = corrupted = 0
    while True:
        now = time.monotonic_ns()
        window.notice(now)
        if now >= end:
            break
        data = messages.make(index, sent & messages.seq_mask)
        start = time.monotonic_ns()
        there.put(data)
        sent += 1
        echo = back.get()
        stop = time.monotonic_ns()
        received += 1
        if echo != data:
            corrupted += 1
        if start >= begin and stop < end:
            took = three_digits(stop - start)
            rtt[took] = rtt.get(took, 0) + 1
    there.put(END)
    return {
        "msgs": sum(rtt.values()),
        "cpu_ns": window.spent(),
        "sent": sent,
        "received": received,
        "corrupted": corrupted,
        "rtt": rtt,
    }


def echo_all(setup, there, back, job):
    """The other side: check, and send the same back."""
    messages, begin, end = job
    window = CpuWindow(begin, end)
    ledger = Ledger(setup, messages)
    while True:
        data = there.get()
        if data == END:
            break
        window.notice(time.monotonic_ns())
        ledger.take(data)
        back.put(data)
    return {
        "cpu_ns": window.spent(),
        "duplicated": ledger.duplicated,
        "reordered": ledger.reordered,
        "corrupted": ledger.corrupted,
    }


def worker(setup, role, index, cpu, parent, queues, shared, control):
    """One producer or consumer, for as long as the program runs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(parent)
    there, back = queues
    try:
        if cpu >= 0 and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {cpu})
    except OSError as error:
        control.send({"error": "cannot pin to CPU %d: %s" % (cpu, error)})
        return
    control.send({})
    while True:
        order = control.recv()
        if order[0] == "quit":
            break
        messages = Messages(setup["msg_size"], setup["full"], order[1])
        control.send({})
        job = (messages,) + control.recv()
        if setup["mode"] == "roundtrip":
            if role == "producer":
                report = ask(setup, index, there, back, job)
            else:
                report = echo_all(setup, there, back, job)
        elif role == "producer":
            report = produce(setup, index, there, shared, job)
        else:
            report = consume(setup, index, there, shared, job)
        control.send(report)
    for each in queues:
        each.cancel_join_thread()


class Shared:
    """Counts that consumers look at while they drain."""

    def __init__(self, context, producers, consumers):
        self.sent = context.RawArray(ctypes.c_ulonglong, producers)
        self.received = context.RawArray(ctypes.c_ulonglong, consumers)
        self.draining = context.RawArray(ctypes.c_byte, consumers)

    def clear(self):
        for array in (self.sent, self.received, self.draining):
            for i in range(len(array)):
                array[i] = 0


class Refused(Exception):
    """This program cannot run the case that was asked for."""


class Failed(Exception):
    """A slice came to nothing."""


class Gone(Exception):
    """The harness has closed our standard input."""


class Commands:
    """Lines from standard input, which can be waited for with others.

    The descriptor itself is read, and no buffer hides what is there.
    """

    def __init__(self):
        self.text = b""
        self.ended = False

    def fileno(self):
        return 0

    def read(self):
        got = os.read(0, 65536)
        self.text += got
        self.ended = not got

    def next(self):
        while b"\n" not in self.text:
            if self.ended:
                raise Gone()
            self.read()
        line, self.text = self.text.split(b"\n", 1)
        return line.decode("ascii", "replace").split()


class Crew:
    """All workers of one case."""

    def __init__(self, setup, commands):
        self.setup = setup
        self.commands = commands
        # fork starts in milliseconds; elsewhere than on Linux it is not safe
        linux = sys.platform.startswith("linux")
        context = multiprocessing.get_context("fork" if linux else "spawn")
        size = max(1, setup["msg_size"])
        wished = setup["capacity"] // size
        if not setup["capacity"]:
            wished = max(MIN_ITEMS, min(MAX_ITEMS, DEFAULT_CAPACITY // size))
        items = max(1, min(wished, 32767))  # SEM_VALUE_MAX of every system
        try:
            self.queues = tuple(setup["kind"].make(context, setup, items)
                                for _ in range(2))
        except (OSError, ImportError) as error:
            raise Refused("%s needs semaphores: %s"
                          % (setup["kind"].what, error))
        self.shared = Shared(context, setup["producers"], setup["consumers"])
        self.processes = []
        self.controls = []
        roles = [("producer", i) for i in range(setup["producers"])]
        roles += [("consumer", i) for i in range(setup["consumers"])]
        for (role, index), cpu in zip(roles, setup["cpus"]):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=worker,
                args=(setup, role, index, cpu, os.getpid(), self.queues,
                      self.shared, theirs),
                daemon=True,
            )
            process.start()
            theirs.close()
            self.processes.append(process)
            self.controls.append(ours)
        deadline = time.monotonic() + START_S
        for report in self.collect(self.controls, deadline):
            if "error" in report:
                raise Refused(report["error"])

    def collect(self, controls, deadline):
        """One report from each, or Failed; Gone when the harness is."""
        reports = {}
        while len(reports) < len(controls):
            waiting = [c for c in controls if c not in reports]
            if not self.commands.ended:
                waiting.append(self.commands)
            left = deadline - time.monotonic()
            ready = multiprocessing.connection.wait(waiting, max(0, left))
            if not ready:
                raise Failed("a worker does not answer")
            for each in ready:
                if each is self.commands:
                    each.read()
                    if each.ended:
                        raise Gone()
                    continue
                try:
                    reports[each] = each.recv()
                except (EOFError, OSError):
                    raise Failed("a worker process died")
        return [reports[control] for control in controls]

    def run(self, seed, warmup_ns, slice_ns):
        producers = self.setup["producers"]
        self.shared.clear()
        for control in self.controls:
            control.send(("slice", seed))
        self.collect(self.controls, time.monotonic() + START_S)
        begin = time.monotonic_ns() + LEAD_NS + warmup_ns
        for control in self.controls:
            control.send((begin, begin + slice_ns))
        deadline = time.monotonic() + (warmup_ns + slice_ns) / 1e9
        deadline += PUT_PATIENCE_S + DRAIN_NS / 1e9
        made = self.collect(self.controls[:producers], deadline)
        if self.setup["mode"] == "throughput":
            for _ in range(self.setup["consumers"]):
                self.queues[0].put(END, True, PUT_PATIENCE_S)
        taken = self.collect(self.controls[producers:], deadline)
        if self.setup["mode"] == "roundtrip":
            return self.roundtrip_totals(made[0], taken[0], slice_ns)
        return self.totals(made, taken, slice_ns)

    def totals(self, made, taken, slice_ns):
        sent = sum(report["sent"] for report in made)
        received = sum(report["received"] for report in taken)
        duplicated = sum(report["duplicated"] for report in taken)
        corrupted = sum(report["corrupted"] for report in taken)
        if self.setup["msg_size"] >= 8:
            lost = 0
            for producer, report in enumerate(made):
                seen = [each["seen"][producer] for each in taken]
                either = 0
                for each in seen:
                    either |= int.from_bytes(each, "little")
                distinct = bin(either).count("1")
                duplicated += sum(map(sum, seen)) - distinct
                lost += max(0, report["sent"] - distinct)
            lost = max(0, lost - corrupted)
        else:
            lost = max(0, sent - received)
            duplicated += max(0, received - sent)
        return {
            "msgs": sum(report["msgs"] for report in taken),
            "elapsed_ns": slice_ns,
            "cpu_ns": sum(report["cpu_ns"] for report in made + taken),
            "sent": sent,
            "received": received,
            "lost": lost,
            "duplicated": duplicated,
            "reordered": sum(report["reordered"] for report in taken),
            "corrupted": corrupted,
        }

    def roundtrip_totals(self, asked, answered, slice_ns):
        return {
            "msgs": asked["msgs"],
            "elapsed_ns": slice_ns,
            "cpu_ns": asked["cpu_ns"] + answered["cpu_ns"],
            "sent": asked["sent"],
            "received": asked["received"],
            "lost": asked["sent"] - asked["received"],
            "duplicated": answered["duplicated"],
            "reordered": answered["reordered"],
            "corrupted": asked["corrupted"] + answered["corrupted"],
            "rtt": ",".join("%d:%d" % pair for pair in
                            sorted(asked["rtt"].items())),
        }

    def stop(self):
        for control in self.controls:
            try:
                control.send(("quit",))
            except OSError:
                pass
        give_up = time.monotonic() + 0.2
        for process in self.processes:
            process.join(max(0, give_up - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()
        for each in self.queues:
            each.cancel_join_thread()


def pairs(words):
    return dict(word.split("=", 1) for word in words if "=" in word)


def parse_setup(words, kind):
    said = pairs(words)
    setup = {key: int(said[key]) for key in
             ("msg_size", "batch", "producers", "consumers", "capacity")}
    setup["kind"] = kind
    setup["mode"] = said["mode"]
    setup["full"] = said.get("verify") == "full"
    setup["cpus"] = [int(cpu) for cpu in said["cpus"].split(",")]
    if sys.version_info < (3, 9):
        raise Refused("%s needs Python 3.9 or later, this is %d.%d"
                      % ((kind.name,) + sys.version_info[:2]))
    if said["wait"] != "block":
        raise Refused("%s can only wait by blocking" % kind.what)
    if setup["batch"] != 1:
        raise Refused("%s has no calls for batches" % kind.what)
    if setup["mode"] not in ("throughput", "roundtrip"):
        raise Refused("no mode=%s here" % setup["mode"])
    if len(setup["cpus"]) != setup["producers"] + setup["consumers"]:
        raise Refused("one CPU per worker is needed in cpus=")
    return setup


def one_line(error):
    return " ".join(str(error).split()) or type(error).__name__


def converse(commands, kind):
    crew = None
    try:
        while True:
            words = commands.next()
            if not words:
                continue
            if words[0] == "quit":
                return
            try:
                if words[0] == "setup":
                    if crew:
                        crew.stop()
                    crew = Crew(parse_setup(words[1:], kind), commands)
                    say("ready")
                elif words[0] == "slice" and crew:
                    said = pairs(words[1:])
                    done = crew.run(int(said["seed"]), int(said["warmup_ns"]),
                                    int(said["slice_ns"]))
                    say("done " + " ".join("%s=%s" % item
                                           for item in done.items()))
                else:
                    say("fail reason=cannot do '%s' now" % words[0])
            except Refused as error:
                say("refuse reason=" + one_line(error))
            except (Failed, queue.Full, KeyError, ValueError) as error:
                say("fail reason=" + one_line(error))
    except Gone:
        pass
    finally:
        if crew:
            crew.stop()


def main(kind=Kind):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    say("ipcmark-worker protocol=%d name=%s caps=%s"
        % (PROTOCOL, kind.name, kind.caps))
    try:
        converse(Commands(), kind)
    except BrokenPipeError:
        os._exit(1)


if __name__ == "__main__":
    main()
