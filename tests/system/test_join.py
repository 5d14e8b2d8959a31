# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Sockets older than the tracer: found, with an owner and a lower bound of their age; in the end the table equals the kernel's."""

import ctypes
import os
import socket
import subprocess
import threading
import time

import pytest
from account import next_table
from conftest import (CLONE_NEWNET, await_that, comm_of, connect, connected_pair, libc, listen, port_of, select)

# States as ss spells them, and as tcpledger does.
SS_NAMES = {"ESTAB": "ESTABLISHED", "SYN-SENT": "SYN_SENT", "FIN-WAIT-1": "FIN_WAIT1", "FIN-WAIT-2": "FIN_WAIT2",
            "CLOSE-WAIT": "CLOSE_WAIT", "LAST-ACK": "LAST_ACK", "LISTEN": "LISTEN", "CLOSING": "CLOSING",
            "TIME-WAIT": "TIME_WAIT", "SYN-RECV": "SYN_RECV"}


def by_ss(ns):
    return sorted((SS_NAMES[state], local, peer) for state, local, peer in ns.ss())


def spell_endpoint(address, port, wildcard=False):
    address = {"::": "*" if wildcard else "[::]"}.get(address, f"[{address}]" if ":" in address else address)
    return f"{address}:{port}"


def by_table(lines, netns):
    rows = []
    for line in select(lines, type="socket", netns=netns):
        listening = line["state"] == "LISTEN"
        rows.append((line["state"], spell_endpoint(line["laddr"], line["lport"]),
                     spell_endpoint(line["raddr"], "*" if listening else line["rport"])))
    return sorted(rows)


def tables_of(trace):
    """Returns the tables printed so far: a list of lists of socket lines."""
    tables = []
    for line in trace.update():
        if line["type"] == "table":
            tables.append([])
        elif line["type"] == "socket":
            tables[-1].append(line)
    return tables


def test_older_connection(ns, tracer):
    with ns.entered():
        server, client, accepted = connected_pair()
    trace = tracer("--netns", ns.name)
    client.close()
    ours = trace.await_transition(lport=accepted.getpeername()[1], newstate="FIN_WAIT1")
    assert (ours["pid"], ours["comm"], ours["owner_src"]) == (os.getpid(), comm_of(), "scan")
    assert ours["since_known"] is False and ours["in_state_us"] > 0
    accepted.close()
    end = trace.await_transition(lport=port_of(server), newstate="CLOSE")
    assert end["pid"] == os.getpid() and end["age_known"] is False and end["age_us"] > 0
    assert trace.await_transition(id=ours["id"], newstate="TIME_WAIT")["derived"] is True


def test_children_of_an_older_listener(ns, tracer):
    with ns.entered():
        server = listen()
        trace = tracer("--netns", ns.name)
        client = connect("127.0.0.1", port_of(server))
    line = trace.await_transition(lport=port_of(server), newstate="SYN_RECV")
    assert (line["pid"], line["owner_src"], line["direction"]) == (os.getpid(), "inherited", "in")
    client.close()


def test_listeners_that_share_a_port_but_no_owner(ns, tracer):
    """The listener to which a child belongs is not known, so neither is the child's owner."""
    with ns.entered():
        one, other = socket.socket(), socket.socket()
    for each in one, other:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    one.bind(("127.0.0.1", 45680))
    one.listen()
    other.bind(("127.0.0.1", 45680))
    child = os.fork()
    if child == 0:
        other.listen()
        one.close()
        threading.Event().wait(60)
        os._exit(0)
    try:
        other.close()
        await_that(lambda: len(ns.ss("-l")) == 2, "both listeners")
        trace = tracer("--netns", ns.name)
        with ns.entered():
            client = connect("127.0.0.1", 45680)
        line = trace.await_transition(lport=45680, newstate="SYN_RECV")
        assert (line["pid"], line["comm"], line["owner_src"]) == (None, None, None)
        client.close()
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_several_holders(ns, tracer):
    with ns.entered():
        server = listen()
    child = os.fork()
    if child == 0:
        threading.Event().wait(60)
        os._exit(0)
    try:
        table = tracer("-b", "-n", "1", "--netns", ns.name, command="top")
        table.process.wait(30)
        row = select(table.update(), type="socket")[0]
        fd = server.fileno()
        assert sorted((o["pid"], o["fd"]) for o in row["owners"]) == sorted([(os.getpid(), fd), (child, fd)])
        by_child = tracer("-b", "-n", "1", "-p", str(child), command="top")
        by_child.process.wait(30)
        assert len(select(by_child.update(), type="socket", netns=ns.inode)) == 1
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_snapshot_option_prints_what_was_there(ns, tracer):
    with ns.entered():
        server, client, accepted = connected_pair()
        server6, client6, accepted6 = connected_pair("::1")
    trace = tracer("--snapshot", "--netns", ns.name)
    await_that(lambda: len(select(trace.update(), type="socket")) >= 6, "the rows")
    rows = select(trace.update(), type="socket")
    assert by_table(rows, ns.inode) == by_ss(ns)
    for row in rows:
        assert row["since_known"] is False and row["proto"] == "tcp"
        assert row["owners"][0]["pid"] == row["pid"] == os.getpid()
        assert row["inode"] in {os.fstat(s.fileno()).st_ino
                                for s in (server, client, accepted, server6, client6, accepted6)}


@pytest.mark.parametrize("source", ["iter", "proc"])
def test_queues(ns, tracer, source):
    with ns.entered():
        server, client, accepted = connected_pair()
        waiting = connect("127.0.0.1", port_of(server))
    client.sendall(b"x" * 777)
    await_that(lambda: len(accepted.recv(1000, socket.MSG_PEEK)) == 777, "the data")
    table = tracer("-b", "-n", "1", "--netns", ns.name, f"--snapshot-source={source}", command="top")
    table.process.wait(30)
    rows = select(table.update(), type="socket")
    assert [row["recvq"] for row in rows if row["rport"] == port_of(client)] == [777]
    assert [row["recvq"] for row in rows if row["state"] == "LISTEN"] == [1], "one connection waits to be accepted"
    limit = [16] if source == "iter" else [None]  # /proc does not show the limit
    assert [row["sendq"] for row in rows if row["state"] == "LISTEN"] == limit
    waiting.close()


def test_namespace_without_a_process(ns, tracer):
    """The sockets of a network namespace are held from outside; no process is in it."""
    with ns.entered():
        server, client, accepted = connected_pair()
    trace = tracer()
    client.close()
    line = trace.await_transition(netns=ns.inode, newstate="FIN_WAIT1")
    assert line["pid"] == os.getpid()
    accepted.close()
    server.close()


def test_namespace_of_a_single_thread(tracer):
    """A thread may move to a network namespace that has no name and no other process."""
    ready, done, sockets, inode = threading.Event(), threading.Event(), [], []

    def run_apart():
        assert libc.unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        sockets.extend(connected_pair())
        inode.append(os.stat("/proc/thread-self/ns/net").st_ino)
        ready.set()
        done.wait(60)

    thread = threading.Thread(target=run_apart)
    thread.start()
    try:
        assert ready.wait(30)
        trace = tracer()
        sockets[1].close()
        line = trace.await_transition(netns=inode[0], newstate="FIN_WAIT1")
        assert line["pid"] == os.getpid() and line["since_known"] is False
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("source", ["iter", "proc"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_table_equals_ss_at_rest(ns, tracer, host, source):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    ns.nft("tcp dport 9 drop;")
    with ns.entered():
        older = [connected_pair(host) for _ in range(5)]
        table = tracer("-b", "-d", "0.5", "-n", "1000", "--netns", ns.name, f"--snapshot-source={source}", command="top")
        await_that(lambda: len(tables_of(table)) > 1, "the first table")
        newer = [connected_pair(host) for _ in range(5)]
        hanging = [socket.socket(family) for _ in range(3)]
        for each in hanging:
            each.setblocking(False)
            each.connect_ex((host, 9))
    older[0][1].close()  # CLOSE_WAIT here, FIN_WAIT2 there
    newer[0][2].close()
    newer[1][1].shutdown(socket.SHUT_WR)
    older[1][0].close()
    await_that(lambda: [row[0] for row in by_ss(ns)].count("FIN_WAIT2") == 3, "the peers' ACKs")
    first = tables_of(table)[0]
    second = select(next_table(table), type="socket")
    assert by_table(second, ns.inode) == by_ss(ns)
    assert len(select(second, state="FIN_WAIT2")) == 3, "two of them minisockets: their process has closed them"
    assert len(select(second, state="SYN_SENT")) == 3
    assert all((row["pid"], row["uid"]) == (os.getpid(), os.getuid()) for row in second), "also of what has no socket"
    assert len(select(first, state="ESTABLISHED")) == 10


def test_tables_come_at_their_time(ns, tracer):
    """No table comes before its time, which counts from the beginning, so that a late table does not delay those after it."""
    began_ns = time.time_ns()
    table = tracer("-b", "-d", "0.5", "-n", "6", "--netns", ns.name, command="top")
    assert table.process.wait(30) == 0
    headings = select(table.update(), type="table")
    assert [heading["iteration"] for heading in headings] == [1, 2, 3, 4, 5, 6]
    assert all(heading["ts_ns"] >= began_ns + i * 0.5e9 for i, heading in enumerate(headings))
    assert 0.3 < (headings[-1]["ts_ns"] - headings[0]["ts_ns"]) / 5e9 < 5


def test_snapshot_under_churn_loses_nobody(ns, tracer, process):
    """Connections come and go while the snapshot is read: each of those that stay is in the table once."""
    from conftest import CHURN  # pylint: disable=import-outside-toplevel
    with ns.entered():
        staying = [connected_pair() for _ in range(50)]
    churn = process(["nsenter", f"--net=/run/netns/{ns.name}", "--", CHURN, "--seconds", "600", "--reset"],
                    stdout=subprocess.DEVNULL)
    wanted = {client.getsockname()[1] for _, client, _ in staying}
    for _ in range(5):
        table = tracer("-b", "-n", "1", "--netns", ns.name, command="top")
        table.process.wait(60)
        rows = [row for row in select(table.update(), type="socket", state="ESTABLISHED")
                if row["rport"] in wanted and row["lport"] in {port_of(server) for server, _, _ in staying}]
        assert len(rows) == len(staying) and {row["rport"] for row in rows} == wanted
        assert all(row["pid"] == os.getpid() for row in rows)
    assert churn.poll() is None
