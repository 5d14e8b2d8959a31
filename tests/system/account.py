# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Two accounts of the same sockets, the kernel's and the tracer's, in one form: (state, laddr, lport, raddr, rport)."""

import atexit
import collections
import os
import re
import threading
import time

from conftest import PATIENCE, NotReported, await_that, select

HURRIED = os.environ.get("SANITIZE") or os.environ.get("EMULATED") or os.getloadavg()[0] > os.cpu_count()
SIDE_BY_SIDE = "PYTEST_XDIST_WORKER" in os.environ
SOON = 30.0 if HURRIED or SIDE_BY_SIDE else 2.0
# The duration of a short trace. It is long enough for the first snapshot; if it were not, the exit status would show that.
MOMENT = "3s" if HURRIED else "300ms"


class Stalls(threading.Thread):
    """Records when, and for how long, this machine kept us from running: it may have kept the tracer from running as well."""

    def __init__(self):
        super().__init__(daemon=True)
        self.lost = []  # (when, seconds)
        self.over = threading.Event()
        self.start()
        atexit.register(self.end)

    def run(self):
        while not self.over.is_set():
            before = time.monotonic()
            self.over.wait(0.02)
            late = time.monotonic() - before - 0.02
            if late > 0.05:
                self.lost.append((before, late))

    def end(self):
        """Ends the thread. If the interpreter had to stop it, that would take a library that not every machine has."""
        self.over.set()
        self.join()

    def seconds_lost_since(self, began):
        return sum(late for when, late in self.lost if when + late > began)


stalls = Stalls()


def is_soon(began):
    """True if at most 2 s have passed since `began`, as is demanded of a machine that has time; 30 s on one that is hurried, was
    stalled meanwhile, or runs other tests beside this one."""
    return time.monotonic() - began < (SOON if stalls.seconds_lost_since(began) < 0.2 else 30.0)


STATES = {"ESTAB": "ESTABLISHED", "SYN-SENT": "SYN_SENT", "SYN-RECV": "SYN_RECV", "FIN-WAIT-1": "FIN_WAIT1",
          "FIN-WAIT-2": "FIN_WAIT2", "TIME-WAIT": "TIME_WAIT", "CLOSE-WAIT": "CLOSE_WAIT", "LAST-ACK": "LAST_ACK",
          "LISTEN": "LISTEN", "CLOSING": "CLOSING", "UNCONN": "CLOSE"}  # UNCONN: a socket that is about to go

Account = collections.namedtuple("Account", "rows owners")  # rows: sorted; owners: {row: {(pid, fd)}}


def parse_endpoint(text):
    host, port = text.rsplit(":", 1)
    host = host.strip("[]").split("%")[0]
    return ("::" if host == "*" else host), (0 if port == "*" else int(port))


def parse_ss(text):
    rows, owners = [], collections.defaultdict(set)
    for line in text.splitlines():
        fields = line.split(None, 5)
        row = (STATES[fields[0]], *parse_endpoint(fields[3]), *parse_endpoint(fields[4]))
        rows.append(row)
        users = fields[5] if len(fields) > 5 else ""
        owners[row] |= {(int(pid), int(fd)) for pid, fd in re.findall(r",pid=(\d+),fd=(\d+)\)", users)}
    # ss spells a wildcard address in two ways: * for both families, and 0.0.0.0 or :: for one.
    return Account(sorted(rows), owners)


def by_ss(ns, owners=False):
    done = ns.exec("ss", "-Htanp" if owners else "-Htan")
    return parse_ss(done.stdout)


def row_of(line):
    listening = line["state"] == "LISTEN"
    return (line["state"], line["laddr"], line["lport"] or 0, line["raddr"], 0 if listening else line["rport"])


def by_table(lines, netns):
    rows, owners = [], collections.defaultdict(set)
    for line in select(lines, type="socket", netns=netns):
        rows.append(row_of(line))
        owners[rows[-1]] |= {(owner["pid"], owner["fd"]) for owner in line["owners"]}
    return Account(sorted(rows), owners)


def difference(theirs, ours, most=10):
    """Returns the rows that only one of the two has, for the message of an assertion; an empty dict when they are the same."""
    theirs, ours = collections.Counter(theirs), collections.Counter(ours)
    return {name: sorted(rows.elements())[:most] for name, rows in
            (("only in ss", theirs - ours), ("only in the table", ours - theirs)) if rows}


def tables_of(trace):
    """Returns the tables that are printed whole so far: each is a list of lines, the first of which is the heading."""
    tables = []
    for line in trace.update():
        if line["type"] == "table":
            tables.append([])
        if line["type"] in ("table", "socket"):
            tables[-1].append(line)
    if tables and len(tables[-1]) <= tables[-1][0]["count"]:
        tables.pop()
    return tables


def next_table(trace):
    """Waits for the first table whose snapshot began after this call, and returns it."""
    count, now_ns = len(tables_of(trace)), time.time_ns()
    after = await_that(lambda: [table for table in tables_of(trace)[count:] if table[0]["ts_ns"] > now_ns][1:],
                       "a table printed since")
    return after[0]


def at_rest(spaces, take, owners=False):
    """Returns (the accounts of all spaces, the result of take()), taken while ss shows the same before and after."""
    for _ in range(8):
        before = [by_ss(ns) for ns in spaces]
        taken = take()
        after = [by_ss(ns, owners) for ns in spaces]
        if all(b.rows == a.rows for b, a in zip(before, after)):
            return after, taken
        print("no rest:", [difference(b.rows, a.rows) for b, a in zip(before, after)])
    raise AssertionError("the kernel does not come to rest")


class Replay:
    """The table that follows from the lines of `trace --snapshot`: the sockets that it found, and each transition since."""

    def __init__(self, trace):
        self.trace = trace
        self.read = 0
        self.reported = 0
        self.rows = {}
        self.wrong = []

    def update(self):
        lines = self.trace.update()
        for line in lines[self.read:]:
            self.take_line(line)
        self.read = len(lines)
        return self

    def take_line(self, line):
        if line["type"] == "socket":
            if line["id"] in self.rows:
                self.wrong.append(line)
            self.rows[line["id"]] = line
        elif line["type"] == "transition":
            self.reported += 1
            known = self.rows.get(line["id"])
            if known and known["state"] != line["oldstate"]:
                self.wrong.append((known, line))
            self.rows[line["id"]] = dict(line, state=line["newstate"])
            if line["newstate"] == "CLOSE":
                del self.rows[line["id"]]

    def rows_of(self, netns):
        return sorted(row_of(line) for line in self.rows.values() if line["netns"] == netns)


def without_handshakes(rows):
    """Leaves out the rows in SYN_RECV: a handshake that is not done yet has no socket, and no transition."""
    return [row for row in rows if row[0] != "SYN_RECV"]


def difference_from_trace(theirs, ours):
    """Like difference(), for the rows that a trace can report. A trace reports a connect or a listen() without bind() before the port
    is chosen, and never reports the port if nothing more happens to the socket."""
    wrong = difference(without_handshakes(theirs), without_handshakes(ours), most=None)
    only_theirs, only_ours = wrong.get("only in ss", []), wrong.get("only in the table", [])
    for row in [row for row in only_ours if row[2] == 0 and row[0] in ("SYN_SENT", "LISTEN")]:
        same = [other for other in only_theirs if other[:2] + other[3:] == row[:2] + row[3:]]
        if same:
            only_theirs.remove(same[0])
            only_ours.remove(row)
    return difference(only_theirs, only_ours, most=None)


# The machines on which these tests are made run no BPF program in an interrupt that comes while a thread of process 1 is current, and
# do not count that (ftrace has the transition). So for a few seconds, until a snapshot heals it, the lines may lack as many.
HIDDEN_OF_1000 = 2


def count_hidden(replay, netns, wrong):
    """Returns how many rows differ for which a transition may have been hidden. A socket that the snapshot found, and without any
    line since, is not excused: it existed, and has ended with a transition after the tracer was attached."""
    found = {row_of(line) for line in replay.rows.values() if line["type"] == "socket" and line["netns"] == netns}
    phantoms = [row for row in wrong.get("only in the table", []) if row in found]
    assert not phantoms, wrong
    return max(map(len, wrong.values()), default=0)


def await_reported(ns, replay, staying=()):
    """Waits until the lines of a trace add up to the sockets that exist: within 2 s of rest for all but a few, and soon for all. For
    the ports `staying` no exception is allowed."""
    before, since, wrong = None, time.monotonic(), {}
    deadline = since + 2 * PATIENCE
    while True:
        assert time.monotonic() < deadline, f"no rest: {wrong}"
        ours = replay.update().rows_of(ns.inode)
        theirs = by_ss(ns).rows
        if theirs != before:
            before, since = theirs, time.monotonic()
            continue
        wrong = difference_from_trace(theirs, ours)
        if not wrong:
            return
        if not is_soon(since):
            break
    print("not reported:", wrong)
    if count_hidden(replay, ns.inode, wrong) > HIDDEN_OF_1000 * (replay.reported // 1000 + 1):
        raise NotReported(wrong)
    assert not [row for rows in wrong.values() for row in rows if row[2] in staying or row[4] in staying], wrong
    await_that(lambda: not difference_from_trace(by_ss(ns).rows, replay.update().rows_of(ns.inode)), f"{wrong} to be healed")
