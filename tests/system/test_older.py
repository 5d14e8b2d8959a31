# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Connections that are older than the tracer. The kernel keeps no time of birth, but its timers and stamps tell how old a connection is
at least: what is told is never more than the truth, and where the kernel knows better it is more than the time since we look."""

import contextlib
import json
import socket
import time
import types

import pytest
from conftest import PATIENCE, PROGRAM, await_that, connected_pair, libc, listen, port_of, run, select

SECOND_NS = 10**9
CLOCK_NS = SECOND_NS // 50  # between this process's wall clock and the program's, and the kernel's ticks
TICKS_NS = SECOND_NS // 10  # two ticks of 10 ms are left off, and nothing here takes longer
HELD_BACK, UNANSWERED, LOST_FIN, FAST_OPEN, SENT_AGAIN = 81, 82, 83, 84, 85


class Scene:
    """One connection in each state. `born` has, for a port and a state, the times between which the state was entered."""

    def __init__(self, ns):
        self.ns = ns
        self.born = {}
        self.kept = []
        ns.lose_arriving(f"tcp dport {HELD_BACK} drop; tcp sport {UNANSWERED} drop;")
        with ns.entered():
            self.entering(self.connect_pair)
            self.entering(lambda: self.connect_unanswered(HELD_BACK, 0))
            self.entering(lambda: self.connect_unanswered(UNANSWERED, 1))
            self.entering(self.half_close)
            self.entering(self.time_wait)
            self.entering(self.lose_fin)

    def entering(self, make):
        before = time.time_ns()
        entered = make()
        after = time.time_ns()
        self.born.update({(port, state): (before, after) for port, state in entered})

    def connect_pair(self):
        server, client, accepted = connected_pair()
        self.server, self.client = port_of(server), port_of(client)
        self.kept += [server, client, accepted]
        return [(self.client, "ESTABLISHED"), (self.server, "ESTABLISHED")]

    def connect_unanswered(self, port, backlog):
        if backlog:
            self.kept.append(listen(port=port))
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", port))
        self.kept.append(client)
        wanted = "SYN-RECV" if backlog else "SYN-SENT"
        await_that(lambda: [row for row in self.ns.ss() if row[0] == wanted and f":{port}" in row[1] + row[2]], wanted)
        return [(port_of(client), "SYN_SENT"), *([(port, "SYN_RECV")] if backlog else [])]

    def half_close(self):
        server, client, accepted = connected_pair()
        client.shutdown(socket.SHUT_WR)
        await_that(lambda: accepted.recv(1) == b"", "the FIN")
        await_that(lambda: [row for row in self.ns.ss() if row[0] == "FIN-WAIT-2"], "its acknowledgement")
        self.kept += [server, client, accepted]
        return [(port_of(client), "FIN_WAIT2"), (port_of(server), "CLOSE_WAIT")]

    def time_wait(self):
        server, client, accepted = connected_pair()
        own = port_of(client)
        client.close()
        accepted.settimeout(PATIENCE)
        assert accepted.recv(1) == b""
        accepted.close()
        await_that(lambda: [row for row in self.ns.ss() if row[0] == "TIME-WAIT"], "the TIME_WAIT")
        self.kept.append(server)
        return [(own, "TIME_WAIT")]

    def lose_fin(self):
        server = listen(port=LOST_FIN)
        client = socket.create_connection(("127.0.0.1", LOST_FIN))
        accepted = server.accept()[0]
        self.ns.lose_arriving(f"tcp sport {LOST_FIN} drop; tcp dport {LOST_FIN} drop;")
        accepted.shutdown(socket.SHUT_WR)
        self.kept += [server, client, accepted]
        return [(LOST_FIN, "FIN_WAIT1")]

    def await_age(self):
        """Waits until the connects have been sent again twice, and the FIN three times."""
        def is_old():
            rows = [json.loads(line) for line in run(PROGRAM, "list", "-tanN", self.ns.name, "--json").stdout.splitlines()]
            waits = {(row["state"], row["rport"] if row["state"] == "SYN_SENT" else row["lport"]): row["retransmits"] or 0 for row in rows}
            return waits[("SYN_SENT", HELD_BACK)] >= 2 and waits[("FIN_WAIT1", LOST_FIN)] >= 3
        await_that(is_old, "the connections to be old")

    def close(self):
        for each in self.kept:
            each.close()


@pytest.fixture(name="scene")
def make_scene(ns):
    scene = Scene(ns)
    scene.await_age()
    yield scene
    scene.close()


def claims(scene, rows):
    """Returns, for each port and state, how late the program says that the state was entered, and the times between which it was."""
    found = {}
    for row in rows:
        key = (row["lport"], row["state"])
        if key in scene.born and row["rport"]:
            claimed = row["ts_ns"] - (row["in_state_us"] or 0) * 1000
            assert row["since_known"] is False
            assert claimed >= scene.born[key][0] - CLOCK_NS, f"{key} is said to be older than it is"
            found[key] = claimed, *scene.born[key]
    assert found.keys() == scene.born.keys()
    return found


def assert_known(found, states, late_ns=TICKS_NS, part=None):
    """The claims for the states come at most `late_ns` late, or tell at least that part of the age: /proc does not tell how often a wait
    was as long as the one before, which it is at first since Linux 6.5."""
    for (port, state), (claimed, before, after) in found.items():
        if state in states and part is None:
            assert claimed <= after + late_ns, f"{port} in {state}: {(claimed - after) / SECOND_NS} s late"
        elif state in states:
            assert time.time_ns() - claimed >= part * (time.time_ns() - before), f"{port} in {state}"


def assert_directions(scene, rows):
    directions = {(row["lport"], row["state"]): row["direction"] for row in rows}
    assert directions[(scene.server, "ESTABLISHED")] == "in" and directions[(LOST_FIN, "FIN_WAIT1")] == "in"
    assert directions[(scene.client, "ESTABLISHED")] is None
    assert {direction for (_, state), direction in directions.items() if state in ("LISTEN", "TIME_WAIT", "FIN_WAIT2")} == {None}
    assert {direction for (_, state), direction in directions.items() if state in ("CLOSE_WAIT", "SYN_RECV")} == {"in"}


def first_rows(tracer):
    return [line for line in await_that(lambda: len(select(tracer.update(), type="socket")) >= 13 and tracer.lines, "the sockets")
            if line["type"] == "socket"]


@pytest.mark.parametrize("command", [["trace", "--snapshot"], ["top", "-b", "-n", "1"]], ids=lambda command: command[0])
def test_age_by_iterator(scene, tracer, command):
    watch = tracer(*command[1:], "--netns", scene.ns.name, "--snapshot-source=iter", command=command[0])
    rows = first_rows(watch)
    found = claims(scene, rows)
    assert_known(found, ["ESTABLISHED", "SYN_SENT", "SYN_RECV", "CLOSE_WAIT", "FIN_WAIT2", "TIME_WAIT"])
    assert_known(found, ["FIN_WAIT1"], late_ns=SECOND_NS)  # a probe for its loss may have been sent first
    assert_directions(scene, rows)
    watch.stop()


def test_age_by_proc(scene, tracer):
    began = time.time_ns()
    watch = tracer("--snapshot", "--netns", scene.ns.name, "--snapshot-source=proc")
    rows = first_rows(watch)
    found = claims(scene, rows)
    assert_known(found, ["TIME_WAIT"], late_ns=TICKS_NS + time.time_ns() - began)
    assert_known(found, ["SYN_SENT", "FIN_WAIT1"], part=0.15)
    assert_directions(scene, rows)
    watch.stop()


def listed(scene, *options):
    """Returns what is printed, and how long printing took: an age is that of when the socket was read, a line's time is later."""
    began = time.time_ns()
    done = run(PROGRAM, "list", "-tanN", scene.ns.name, "--age", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout, time.time_ns() - began


def test_age_in_a_list(scene):
    text, took_ns = listed(scene, "--json")
    rows = [json.loads(line) for line in text.splitlines()]
    found = claims(scene, rows)
    assert_known(found, ["ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT2", "TIME_WAIT"], late_ns=TICKS_NS + took_ns)
    assert_known(found, ["SYN_SENT", "FIN_WAIT1"], part=0.3)
    assert all((row["age_us"] or 0) >= (row["in_state_us"] or 0) and row["age_known"] is False for row in rows)
    (waiting,) = select(rows, state="CLOSE_WAIT")
    assert waiting["age_us"] >= waiting["in_state_us"] > 0
    heading, *lines = listed(scene)[0].splitlines()
    assert heading.split()[:5] == ["Netid", "State", "Recv-Q", "Send-Q", "IN-STATE"]
    ages = {(fields[5], fields[1]): fields[4] for fields in map(str.split, lines)}
    assert ages[(f"127.0.0.1:{scene.client}", "ESTABLISHED")].startswith(">") and ages[(f"127.0.0.1:{scene.server}", "LISTEN")] == "-"


def test_age_in_a_list_from_proc(scene):
    text, took_ns = listed(scene, "--socket-source=proc", "--json")
    found = claims(scene, [json.loads(line) for line in text.splitlines()])
    assert_known(found, ["TIME_WAIT"], late_ns=TICKS_NS + took_ns)
    assert_known(found, ["SYN_SENT", "FIN_WAIT1"], part=0.15)
    without = [json.loads(line) for line in run(PROGRAM, "list", "-tanN", scene.ns.name, "--json").stdout.splitlines()]
    assert {row["in_state_us"] for row in without} == {None} and not any("age_us" in row for row in without)


# ---- stamps of another connection, or of another state ----

def connect_again(sock):
    """Ends the connection of the socket, which stays. Returns the socket."""
    assert libc.connect(sock.fileno(), bytes(16), 16) == 0, "AF_UNSPEC"
    return sock


def listener_that_was_connected(kept):
    server, client, accepted = connected_pair()
    kept += [server, client, accepted]
    client.sendall(b"x")
    accepted.sendall(b"y")
    assert accepted.recv(1) and client.recv(1)
    return client


def connect_to_itself(kept):
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.connect(sock.getsockname())
    kept.append(sock)
    return port_of(sock), "ESTABLISHED"


def accept_from(listening, kept):
    connect_again(listening).listen()
    kept += [socket.create_connection(listening.getsockname()), listening.accept()[0]]
    return port_of(listening), "ESTABLISHED"


def establish_fast_open(ns, kept):
    """TCP Fast Open: data is read before the handshake is done, whose last packet comes late. Returns a function that lets it come."""
    ns.sysctl("net.ipv4.tcp_fastopen", 0x1 | 0x2 | 0x4 | 0x200 | 0x400)  # both sides, without a cookie
    server = listen(port=FAST_OPEN)
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
    client = socket.socket()
    client.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        client.sendto(b"early", socket.MSG_FASTOPEN, server.getsockname())
    accepted = server.accept()[0]
    assert accepted.recv(5) == b"early"
    kept += [server, client, accepted]

    def come_through():
        ns.lose_nothing()
        client.sendall(b"late")
        assert accepted.recv(4) == b"late"
        return FAST_OPEN, "ESTABLISHED"
    return come_through


def send_again_and_again(kept):
    """Without time stamps, the kernel keeps its long waits for a FIN after data that it had to send again."""
    server = listen(port=SENT_AGAIN)
    client = socket.create_connection(server.getsockname())
    kept += [server, client, server.accept()[0]]
    client.sendall(b"lost")
    return client


def retransmits_to(ns, port):
    rows = [json.loads(line) for line in run(PROGRAM, "list", "-tanN", ns.name, "--json", f"dport = :{port}").stdout.splitlines()]
    return rows[0]["retransmits"] or 0, rows[0]["sendq"]


@pytest.fixture(name="kept")
def close_at_end():
    kept = []
    yield kept
    for each in kept:
        each.close()


def test_stamps_of_something_else(ns, tracer, kept):
    ns.sysctl("net.ipv4.tcp_timestamps", 0)
    born = {}
    with ns.entered():
        reused = listener_that_was_connected(kept)
        ns.lose_arriving(f"tcp dport {FAST_OPEN} tcp flags & (syn | ack) == ack drop; tcp dport {SENT_AGAIN} tcp flags & psh == psh drop;")
        come_through = establish_fast_open(ns, kept)
        client = send_again_and_again(kept)
        await_that(lambda: retransmits_to(ns, SENT_AGAIN)[0] >= 3, "three retransmits")

        def entering(make):
            before = time.time_ns()
            born[make()] = before, time.time_ns()
        entering(lambda: connect_to_itself(kept))
        entering(lambda: accept_from(reused, kept))
        entering(come_through)
        await_that(lambda: retransmits_to(ns, SENT_AGAIN)[1] == 0, "the data to arrive")
        ns.lose_arriving(f"tcp dport {SENT_AGAIN} drop;")
        entering(lambda: (client.shutdown(socket.SHUT_WR), (port_of(client), "FIN_WAIT1"))[1])
    scene = types.SimpleNamespace(born=born)
    watch = tracer("--snapshot", "--netns", ns.name, "--snapshot-source=iter")
    found = claims(scene, await_that(lambda: len(select(watch.update(), type="socket")) >= 9 and select(watch.update(), type="socket"), "all"))
    assert found.keys() == born.keys()
    claims(scene, [json.loads(line) for line in run(PROGRAM, "list", "-tanN", ns.name, "--age", "--json").stdout.splitlines()])
    watch.stop()
