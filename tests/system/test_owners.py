# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Holders of a socket: all of them, as fork, dup and passing on make them; and those that are left when the first has gone."""

import array
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from account import SOON, next_table, stalls
from conftest import PATIENCE, SOAK, await_that, comm_of, connect, connected_pair, libc, listen, port_of, select

PR_SET_NAME = 15
# The tracer knows by then who holds a socket. With sanitizers one scan takes under a second, and here runs nothing else.
KNOWN = min(SOON, 10.0) if os.environ.get("SANITIZE") else SOON


@contextlib.contextmanager
def other_process(work=lambda: 0, name=None):
    """Starts a process that calls work() and then waits, and kills it in the end. Yields its pid, and the result of work()."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            if name:
                libc.prctl(PR_SET_NAME, name.encode(), 0, 0, 0)
            os.write(writer, str(work()).encode())
            threading.Event().wait(600)
        os._exit(0)
    os.close(writer)
    try:
        yield pid, int(os.read(reader, 20))
    finally:
        os.close(reader)
        kill_process(pid)


def kill_process(pid):
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def pass_on(sock, channel):
    channel.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [sock.fileno()]))])


def receive_descriptor(channel):
    """Receives a descriptor that was passed on, and returns its number."""
    _, ancillary, _, _ = channel.recvmsg(1, socket.CMSG_SPACE(4))
    return array.array("i", ancillary[0][2])[0]


def row_of(table, **wanted):
    rows = select(next_table(table), type="socket", **wanted)
    assert len(rows) == 1, rows
    return rows[0]


def holders(row):
    return sorted((owner["pid"], owner["fd"]) for owner in row["owners"])


@pytest.fixture(params=["iter", "proc"])
def table(request, ns, tracer):
    return tracer("-b", "-d", "0.2", "-n", "10000", f"--snapshot-source={request.param}", "--netns", ns.name, command="top")


def test_fork_dup_and_passing_on(ns, table):
    """An accepted socket is held in three ways, and all holders are kept with their descriptors. A socket that is on its way, in a
    queue between processes, has no holder yet and is the same connection all the while."""
    ours, its = socket.socketpair()
    with ns.entered():
        server, client, accepted = connected_pair()
    wanted = {"lport": port_of(server), "rport": port_of(client)}
    twice = accepted.dup()
    everywhere = [(os.getpid(), accepted.fileno()), (os.getpid(), twice.fileno())]
    with other_process() as (forked, _):
        everywhere += [(forked, accepted.fileno()), (forked, twice.fileno())]
        row = row_of(table, **wanted)
        assert holders(row) == sorted(everywhere) and row["pid"] == os.getpid()
        first_id = row["id"]

        def let_go_and_receive():
            for each in accepted, twice, client, server:
                each.close()
            return receive_descriptor(its)
        pass_on(accepted, ours)
        with other_process(let_go_and_receive) as (passed, fd):
            everywhere.append((passed, fd))
            assert holders(row_of(table, **wanted)) == sorted(everywhere)
        everywhere.pop()
        accepted.close()
        twice.close()
        row = row_of(table, **wanted)
        assert holders(row) == sorted(everywhere[2:])
        assert (row["pid"], row["id"], row["owner_src"]) == (forked, first_id, "scan")
    row = row_of(table, **wanted)
    assert row["state"] == "LAST_ACK" or row["state"] == "FIN_WAIT2"
    assert holders(row) == [] and row["pid"] == forked, "who held it last"


def test_on_its_way_between_processes(ns, table):
    """A socket on its way has no holder; its owner is the process that held it last, and not made up."""
    with ns.entered():
        server, client, accepted = connected_pair()
    wanted = {"lport": port_of(server), "rport": port_of(client)}
    ours, its = socket.socketpair()
    row_of(table, **wanted)
    pass_on(accepted, ours)
    accepted.close()
    row = row_of(table, **wanted)
    assert (row["state"], holders(row), row["pid"]) == ("ESTABLISHED", [], os.getpid())
    with other_process(lambda: receive_descriptor(its)) as (receiver, fd):
        row = row_of(table, **wanted)
        assert holders(row) == [(receiver, fd)] and row["pid"] == receiver


def test_on_its_way_for_ever(ns, tracer):
    """A socket that was sent, and is not received, is closed with the unix socket that it waits in. Who closes that one never held it."""
    with ns.entered():
        server, client, accepted = connected_pair()
    wanted = {"lport": port_of(server), "rport": port_of(client)}
    ours, its = socket.socketpair()
    pass_on(accepted, its)
    accepted.close()
    reader, writer = os.pipe()

    def close_on_demand():
        def work():
            os.read(reader, 1)
            ours.close()
        threading.Thread(target=work, daemon=True).start()
        return 0
    with other_process(close_on_demand) as (bystander, _):
        trace = tracer("--netns", ns.name)
        ours.close()
        os.write(writer, b"x")
        line = trace.await_transition(newstate="FIN_WAIT1", **wanted)
        assert line["pid"] != bystander and line["owner_src"] != "close", line
    for each in client, server, its:
        each.close()
    os.close(reader)
    os.close(writer)


@pytest.mark.alone
@pytest.mark.parametrize("kind", [pytest.param("client", marks=pytest.mark.any_kernel), "accepted",
                                  pytest.param("listener", marks=pytest.mark.any_kernel)])
def test_owner_follows(ns, tracer, table, kind):
    """The first holder exits, the second goes on: in the table, and in the lines that follow."""
    trace = tracer("--netns", ns.name)
    sockets = {}

    def make():
        """Opens sockets, and passes them on to the process that outlives this one."""
        with ns.entered():
            server = sockets["listener"]
            client = connect("127.0.0.1", port_of(server))
            accepted = server.accept()[0]
        sockets["held"] = server, client, accepted
        for each in server, client, accepted:
            pass_on(each, sockets["channel"][0])
        return 0
    with ns.entered():
        sockets["listener"] = listen()
    sockets["channel"] = socket.socketpair()
    port = port_of(sockets["listener"])
    with other_process(make, "first") as (first, _):
        wanted = {"listener": {"lport": port, "state": "LISTEN"}, "client": {"rport": port},
                  "accepted": {"lport": port, "state": "ESTABLISHED"}}[kind]
        row = row_of(table, **wanted)
        if kind != "listener":
            assert row["pid"] == first
        sockets["listener"].close()
        fds = [receive_descriptor(sockets["channel"][1]) for _ in range(3)]
        mine = dict(zip(["listener", "client", "accepted"], fds))[kind]
        assert (os.getpid(), mine) in holders(row_of(table, **wanted))
        before = time.monotonic()
        kill_process(first)
    row = row_of(table, **wanted)
    assert (row["pid"], row["comm"], holders(row)) == (os.getpid(), comm_of(), [(os.getpid(), mine)])
    time.sleep(max(0, before + KNOWN - time.monotonic()))  # the tracer must know by then, and nothing says when it does
    if stalls.seconds_lost_since(before) > 0.2:
        time.sleep(5)
    held = [socket.socket(fileno=fd) for fd in fds]
    held[["listener", "client", "accepted"].index(kind)].close()
    if kind == "listener":
        line = trace.await_transition(lport=port, newstate="CLOSE", oldstate="LISTEN")
    else:
        line = trace.await_transition(newstate="FIN_WAIT1", id=next(line["id"] for line in trace.transitions(
            newstate="ESTABLISHED", direction="out" if kind == "client" else "in")))
    assert (line["pid"], line["comm"]) == (os.getpid(), comm_of())


def test_worker_is_the_owner_for_filters(ns, tracer):
    """A parent listens, each of two workers accepts: -p and --comm of a worker show the connections that it accepted, from the first
    transition on and however short they were, and none of the other worker's."""
    with ns.entered():
        server = listen(backlog=64)
    port = port_of(server)

    def serve(keeps):
        def work():
            kept = []
            while True:
                kept.append(server.accept()[0])
                if not keeps:
                    kept.pop().close()

        def start():
            threading.Thread(target=work, daemon=True).start()
            return 0
        return start

    def make_clients(count):
        with ns.entered():
            return [connect("127.0.0.1", port) for _ in range(count)]
    with other_process(serve(keeps=True), "longworker") as (long, _):
        by_pid = tracer("-p", str(long), "--netns", ns.name)
        by_name = tracer("--comm", "short*", "--netns", ns.name)
        by_parent = tracer("-p", str(os.getpid()), "--netns", ns.name, f"sport = :{port}")
        held = make_clients(5)
        first = by_pid.await_count(5, newstate="ESTABLISHED", lport=port)
        assert {line["rport"] for line in first} == {port_of(client) for client in held}
    with other_process(serve(keeps=False), "shortworker") as (short, _):
        more = make_clients(5)
        ports = {port_of(client) for client in more}
        by_name.await_count(5, newstate="FIN_WAIT1", lport=port)
        lines = by_name.transitions(lport=port)
        assert {line["rport"] for line in lines} == ports
        born = select(lines, oldstate="LISTEN")
        assert len(born) == 5, "also what happened before it was known"
        assert {line["pid"] for line in lines} == {short}
    for client in held + more:
        client.close()
    for each in by_pid, by_name, by_parent:
        each.stop()
    assert {line["pid"] for line in by_pid.transitions()} == {long}
    assert {line["rport"] for line in by_pid.transitions(lport=port)} == {line["rport"] for line in first}
    assert by_parent.transitions() == [], "it has listened, but accepted none"
    lives = {}
    for line in by_pid.transitions(lport=port) + by_name.transitions(lport=port):
        lives.setdefault(line["id"] + line["comm"], []).append(line["newstate"])
    assert all(life[:2] == ["SYN_RECV", "ESTABLISHED"] for life in lives.values()), lives
    await_that(lambda: not [row for row in ns.ss() if row[0] == "ESTAB"], "all to end")


def test_filter_by_a_forked_holder(ns, tracer):
    """A filter by process is also answered for those that hold a socket beside its owner."""
    with ns.entered():
        server, client, accepted = connected_pair()
    with other_process(name="besides") as (forked, _):
        trace = tracer("-p", str(forked), "--netns", ns.name)
        by_name = tracer("--comm", "besides", "--netns", ns.name)
        not_it = tracer("--netns", ns.name, f"not pid {forked}")
        client.shutdown(socket.SHUT_WR)
        for each in trace, by_name:
            line = each.await_transition(newstate="FIN_WAIT1")
            assert line["lport"] == port_of(client)
        with ns.entered():
            fresh = connected_pair()
        not_it.await_transition(lport=port_of(fresh[0]), newstate="ESTABLISHED")
        assert not not_it.transitions(newstate="FIN_WAIT1")
    for each in server, accepted:
        each.close()


def test_who_is_not_accepted_is_not_looked_for_all_the_time(ns, tracer):
    """A connection that waits in the queue of its listener has no holder, for as long as it waits."""
    with ns.entered():
        server = listen()
        client = connect("127.0.0.1", port_of(server))
    trace = tracer("--netns", ns.name, "--duration", "6s")
    assert trace.process.wait(60) == 0
    assert trace.errors().count("joined with") <= 6, trace.errors()
    client.close()
    server.close()


HOLD_FILES = """
import os, resource, signal, sys
most = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 100_000)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
nothing = os.open("/dev/null", os.O_RDONLY)
for fd in range(10, most - 1):
    os.dup2(nothing, fd)
forked = [os.getpid()]
for _ in range(int(sys.argv[1]) // most):
    pid = os.fork()
    if pid == 0:
        signal.pause()
    forked.append(pid)
print("ready", flush=True)
sys.stdin.read()
for pid in forked[1:]:
    os.kill(pid, signal.SIGKILL)
"""


@pytest.mark.alone
@pytest.mark.heavy
@pytest.mark.soak
def test_millions_of_other_descriptors(ns, tracer, process):
    """A walk over many descriptors, hardly one of them a socket, comes to its end."""
    holder = process([sys.executable, "-c", HOLD_FILES, str(12_000_000 if SOAK else 1_500_000)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"ready\n"
        with ns.entered():
            server = listen()
        trace = tracer("--netns", ns.name, "--snapshot-source=iter", patience=10 * PATIENCE)
        assert ", and others" not in trace.errors()
        server.close()
        assert trace.await_transition(oldstate="LISTEN")["pid"] == os.getpid()
    finally:
        holder.communicate()


IPPROTO_MPTCP = 262


def listen_mptcp():
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
    server.bind(("127.0.0.1", 0))
    server.listen()
    return server


def test_mptcp(ns, tracer, table):
    """The descriptor belongs to an MPTCP socket above those in the table: a worker that accepts holds them all the same."""
    with ns.entered():
        server = listen_mptcp()
    port = port_of(server)
    by_name = tracer("--netns", ns.name, "--comm", "mpworker")
    with ns.entered():
        client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
        client.connect(server.getsockname())
    with other_process(lambda: server.accept()[0].detach(), "mpworker") as (worker, fd):
        rows = {(row["state"], row["lport"]): row for row in select(next_table(table), type="socket")}
        assert holders(rows["ESTABLISHED", port]) == [(worker, fd)] and rows["ESTABLISHED", port]["comm"] == "mpworker"
        assert holders(rows["ESTABLISHED", port_of(client)]) == sorted([(os.getpid(), client.fileno()),
                                                                        (worker, client.fileno())])
        assert holders(rows["LISTEN", port]) == sorted([(os.getpid(), server.fileno()), (worker, server.fileno())])
        assert by_name.await_transition(lport=port, newstate="ESTABLISHED")["pid"] == worker
    client.close()
    server.close()
