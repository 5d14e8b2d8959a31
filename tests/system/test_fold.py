# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Whoever adds up the lines of a trace knows what is open: also after losses, among namespaces that come and go, and where the tracer
was attached in the midst of it. The lines of each connection form a chain from its birth, or from what the tracer found, to its end."""

import collections
import json
import os
import signal
import socket
import subprocess
import threading
import time

import pytest
from account import Replay, by_table, difference, tables_of, without_handshakes
from conftest import CHURN, PATIENCE, PROGRAM, SOAK, await_that, connect, connected_pair, libc, listen, port_of, run, select

pytestmark = [pytest.mark.heavy, pytest.mark.alone, pytest.mark.soak]

SANITIZED = bool(os.environ.get("SANITIZE"))
SECONDS = 240 if SOAK else 6
LOSS_SECONDS = 1.5  # the tracer is stopped for that long, again and again
PORT = 7878


class Storm(threading.Thread):
    """Makes network namespaces, one after the other, in which some hundred connections begin and end; deletes each of them while
    TIME_WAITs and a listener that nobody has closed are left in it."""

    def __init__(self, names):
        super().__init__()
        self.names = names
        self.made = {}  # inode: name
        self.over = threading.Event()

    def run(self):
        for name in self.names:
            if self.over.is_set():
                return
            subprocess.run(["ip", "netns", "add", name], check=True)
            try:
                self.made[os.stat(f"/run/netns/{name}").st_ino] = name
                subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
                subprocess.run(["ip", "netns", "exec", name, CHURN, "--connections", "300", "--threads", "1"], check=True,
                               stdout=subprocess.DEVNULL)
            finally:
                subprocess.run(["ip", "netns", "del", name], check=True)


@pytest.fixture
def storm(request):
    names = (f"tl{os.getpid()}-storm{i}" for i in range(100_000))
    started = Storm(names)
    started.start()
    request.addfinalizer(started.join)
    request.addfinalizer(started.over.set)
    return started


def start_churn(ns, process, *arguments):
    ns.sysctl("net.ipv4.tcp_max_tw_buckets", 200)
    started = process(["nsenter", f"--net=/run/netns/{ns.name}", "--", CHURN, "--seconds", "3600", "--threads", "1", "--listeners", "4",
                       "--address", "127.0.1.1", "--port", str(PORT), *arguments], stdout=subprocess.DEVNULL)
    await_that(lambda: len(ns.ss("-l")) >= 4, "churn to listen")
    return started


def broken_chains(lines):
    """Returns the lines that do not begin where the one before them ended, that come after an end, or that begin a life of which no
    row told although it is no birth. What comes before the rows were all told may be of a life older than the tracer."""
    last_row = max((i for i, line in enumerate(lines) if line["type"] == "socket"), default=-1)
    states, broken = {}, []
    for i, line in enumerate(lines):
        if line["type"] == "socket":
            states[line["id"]] = line["state"]
        elif line["type"] == "transition":
            birth = line["oldstate"] == "CLOSE" or (line["oldstate"], line["newstate"]) == ("LISTEN", "SYN_RECV")
            known = states.get(line["id"])
            if (known and known != line["oldstate"]) or (not known and not birth and i > last_row):
                broken.append((known, line))
            states[line["id"]] = line["newstate"] if line["newstate"] != "CLOSE" else "ended"
    return broken


def lives_that_do_not_add_up(lines):
    """Returns the lives that were seen whole, and whose times in the states do not add up to their age."""
    spent, exact, wrong = collections.Counter(), {}, []
    for line in select(lines, type="transition"):
        if line["id"] in exact:
            spent[line["id"]] += line["in_state_us"] or 0
            exact[line["id"]] = exact[line["id"]] and line["since_known"]
        else:
            exact[line["id"]] = True
        if line.get("age_known") and exact[line["id"]] and spent[line["id"]] != line["age_us"]:
            wrong.append(line)
    return wrong, sum(exact.values())


def open_now(netns):
    """Returns what a tracer that starts now finds in the network namespace."""
    done = run(PROGRAM, "top", "-b", "-n", "1", "--json", "--netns", str(netns))
    assert done.returncode == 0, done.stderr
    return without_handshakes(by_table(list(map(json.loads, done.stdout.splitlines())), netns).rows)


def await_equal(replay, ns, gone):
    """Waits until the lines add up to what is open, and nothing is left in the namespaces that are gone."""
    found = []

    def is_equal():
        replay.update()
        found[:] = [difference(open_now(ns.inode), without_handshakes(replay.rows_of(ns.inode))),
                    [row for netns in gone for row in replay.rows_of(netns)][:10]]
        return found == [{}, []]
    try:
        await_that(is_equal, "the lines to add up to what is open", patience=3 * PATIENCE)
    except AssertionError:
        pytest.fail(f"not what is open: {found}")


@pytest.mark.parametrize("source", ["iter", "proc"])
def test_lines_add_up_to_what_is_open(ns, tracer, process, storm, source):
    with ns.entered():
        staying = [connected_pair("::1" if i % 2 else "127.0.0.1") for i in range(20)]
    churn = start_churn(ns, process)
    trace = tracer("--snapshot", "--ring-size", "256K", f"--snapshot-source={source}")
    replay = Replay(trace)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        trace.process.send_signal(signal.SIGSTOP)
        time.sleep(LOSS_SECONDS)
        staying.pop()[1].close()
        trace.process.send_signal(signal.SIGCONT)
        time.sleep(LOSS_SECONDS)
    storm.over.set()
    storm.join()
    os.kill(churn.pid, signal.SIGSTOP)
    # Without the kernel's iterators nobody can say whether a socket has outlived its namespace.
    await_equal(replay, ns, storm.made if source == "iter" else [])
    summary = trace.stop(status=3)
    lines = trace.update()
    assert summary["dropped"] > 0 and summary["healed"] > 0, summary
    assert summary["healed"] >= len(select(lines, type="transition", reason="end_not_seen")) > 0
    assert not broken_chains(lines), broken_chains(lines)[:3]
    wrong, exact = lives_that_do_not_add_up(lines)
    assert not wrong and exact > 100, wrong[:3]
    print(f"{len(lines)} lines, {len(storm.made)} namespaces, {summary}")


def refuse_many(times):
    """Fills the ring of a tracer that is stopped."""
    for _ in range(times):
        with socket.socket() as sock:
            sock.connect_ex(("127.0.0.1", 1))


@pytest.mark.parametrize("source", ["iter", "proc"])
def test_sockets_that_connect_again_unseen(ns, tracer, source):
    """A socket keeps its address, cookie and inode when it connects again or listens; its lines are those of two connections."""
    with ns.entered():
        first, second = listen(), listen()
        trace = tracer("--snapshot", "--netns", ns.name, "--ring-size", "64K", f"--snapshot-source={source}")
        replay = Replay(trace)
        clients = [connect("127.0.0.1", port_of(first)) for _ in range(12)]
        accepted = [first.accept()[0] for _ in clients]
        trace.await_count(12, newstate="ESTABLISHED", rport=port_of(first))
        trace.process.send_signal(signal.SIGSTOP)
        refuse_many(600)
        for client in clients:
            assert libc.connect(client.fileno(), bytes(16), 16) == 0, "AF_UNSPEC"
        for client in clients[:8]:
            client.connect(second.getsockname())
            accepted.append(second.accept()[0])
        for client in clients[8:]:
            client.listen()
        refuse_many(600)
        trace.process.send_signal(signal.SIGCONT)
    await_equal(replay, ns, [])
    trace.stop(status=3)
    lines = trace.update()
    peers = collections.defaultdict(set)
    for line in select(lines, type="transition"):
        peers[line["id"]].add((line["raddr"], line["rport"]))
    assert not [found for found in peers.values() if len(found) > 1]
    assert len(select(lines, reason="end_not_seen", rport=port_of(first))) >= 8
    assert not broken_chains(lines) and not lives_that_do_not_add_up(lines)[0]
    for each in first, second, *clients, *accepted:
        each.close()
