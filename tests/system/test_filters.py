# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""FILTER, and the options that stand for filters, on real connections: those that pass, and those that do not."""

import os
import socket

import pytest
from account import MOMENT
from conftest import NotReported, await_that, connect, connected_pair, listen, port_of, select, steps


@pytest.fixture
def played(netns, tracer):
    """Runs a tracer with a filter while connections live and end. Returns its lines, once all connections have ended for sure."""

    def run(*arguments, until=None):
        ns = netns("played")
        with ns.entered():
            server = listen(port=5000)
            client = socket.socket()
            client.bind(("127.0.0.1", 6000))
            trace = tracer("--netns", ns.name, *arguments)
            client.connect(server.getsockname())
            accepted = server.accept()[0]
            other = connect("127.0.0.1", 5000)
            other_accepted = server.accept()[0]
            other_port = port_of(other)
            refused = socket.socket()
            refused.connect_ex(("127.0.0.1", 9))
            refused.close()
        client.close()
        assert accepted.recv(1) == b"", "the other end's FIN, not one that crosses ours"
        accepted.close()
        other.close()
        other_accepted.close()
        server.close()
        ns.await_rest()
        if until:
            trace.await_transition(**until)
        trace.stop()
        return trace.transitions(), other_port

    return run


def sides(lines):
    return {(line["lport"], line["rport"]) for line in lines}


@pytest.mark.any_kernel
def test_everything(played):
    lines, other = played()
    assert sides(lines) >= {(5000, 0), (6000, 5000), (5000, 6000), (None, 5000), (other, 5000), (5000, other), (None, 9)}


def test_local_port_of_a_server(played):
    for arguments in (["-L", "5000"], ["sport = :5000"], ["sport", "eq", "5000"]):
        lines, other = played(*arguments)
        assert sides(lines) == {(5000, 0), (5000, 6000), (5000, other)}


def test_local_port_of_a_client_shows_its_connect(played):
    """The connect that starts without a port is held back until the port is known, then shown."""
    lines, other = played("not sport = :5000 and not dport = :9 and not sport = :6000")
    assert sides(lines) == {(other, 5000)}
    assert lines[0]["oldstate"] == "CLOSE" and lines[0]["newstate"] == "SYN_SENT"


def test_bound_local_port(played):
    """Only a snapshot may see the last transition: the kernel may keep FIN_WAIT2 as a minisocket for a moment."""
    lines, _ = played("-L", "6000", until={"newstate": "TIME_WAIT"})
    assert sides(lines) == {(6000, 5000)}
    assert list(steps(lines).values()) == [["CLOSE>SYN_SENT", "SYN_SENT>ESTABLISHED", "ESTABLISHED>FIN_WAIT1",
                                            "FIN_WAIT1>FIN_WAIT2", "FIN_WAIT2>TIME_WAIT"]]


@pytest.mark.any_kernel
def test_remote_ports(played):
    lines, other = played("-D", "5000,9")
    assert {rport for _, rport in sides(lines)} == {5000, 9}
    assert {line["pid"] for line in lines} == {os.getpid()}
    assert (None, 5000) in sides(lines) and (other, 5000) in sides(lines)


def test_children_keep_their_owner_when_only_their_peer_is_asked_for(ns, tracer):
    """A filter that hides the listener must not hide the owner of its children."""
    trace = tracer("--netns", ns.name, "-D", "6001")
    with ns.entered():
        server = listen()
        client = socket.socket()
        client.bind(("127.0.0.1", 6001))
    client.connect(server.getsockname())
    line = trace.await_transition(rport=6001, newstate="SYN_RECV")
    assert (line["pid"], line["owner_src"]) == (os.getpid(), "inherited")
    client.close()


@pytest.mark.any_kernel
def test_either_port(played):
    lines, _ = played(":6000")
    assert sides(lines) == {(6000, 5000), (5000, 6000)}


@pytest.mark.any_kernel
def test_address_either_side(played):
    assert played("127.0.0.0/8")[0]
    assert not played("10.0.0.0/8")[0]
    lines, _ = played("src 127.0.0.1:6000")
    assert sides(lines) == {(6000, 5000)}


@pytest.mark.any_kernel
def test_state(played):
    lines, _ = played("--state", "syn-sent")
    assert lines and all("SYN_SENT" in (line["oldstate"], line["newstate"]) for line in lines)
    lines, _ = played("exclude", "established", "exclude", "listen")
    assert lines and not any({"ESTABLISHED", "LISTEN"} & {line["oldstate"], line["newstate"]} for line in lines)


def test_owner(played):
    assert played("-p", str(os.getpid()))[0]
    assert not played("-p", "1")[0]
    with open("/proc/self/comm", encoding="utf-8") as file:
        name = file.read().rstrip("\n")
    assert played("--comm", name)[0]
    assert played("comm", name[:3] + "*")[0]
    assert not played("--comm", "nobody")[0]


@pytest.mark.any_kernel
def test_family(ns, tracer):
    trace = tracer("--netns", ns.name, "-4")
    with ns.entered():
        server = listen("::", family=socket.AF_INET6, v6only=0)
        mapped = connect("127.0.0.1", port_of(server))
        real = connect("::1", port_of(server))
    mapped.close()
    real.close()
    server.close()
    trace.await_transition(family=4, newstate="FIN_WAIT1")
    trace.stop()
    assert {line["laddr"] for line in trace.transitions()} == {"127.0.0.1", "::ffff:127.0.0.1"}


@pytest.mark.any_kernel
def test_family_6(ns, tracer):
    trace = tracer("--netns", ns.name, "-6")
    with ns.entered():
        server, client, accepted = connected_pair("::1")
        others = connected_pair()
    for each in server, client, accepted, *others:
        each.close()
    trace.stop()
    assert {line["family"] for line in trace.transitions()} == {6}
    assert trace.transitions(newstate="ESTABLISHED")


def test_netns(netns, tracer):
    one, other = netns("one"), netns("other")
    trace = tracer("--netns", str(one.inode))
    for each in other, one:
        with each.entered():
            for sock in connected_pair():
                sock.close()
    trace.await_transition(newstate="CLOSE", oldstate="LISTEN")
    summary = trace.stop()
    assert {line["netns"] for line in trace.transitions()} == {one.inode}
    assert abs(summary["seen"] - len(trace.transitions())) <= 1, "the kernel side left the others out"


def test_netns_by_a_process_in_it(ns, tracer, process):
    inside = process(["nsenter", f"--net=/run/netns/{ns.name}", "--", "sleep", "60"])
    await_that(lambda: os.stat(f"/proc/{inside.pid}/ns/net").st_ino == ns.inode, "the process to be inside")
    trace = tracer("--netns", str(inside.pid))
    with ns.entered():
        server = listen()
    assert trace.await_transition(lport=port_of(server))["netns"] == ns.inode


def test_kernel_filter_leaves_the_rest_in_the_kernel(ns, tracer):
    trace = tracer("--netns", ns.name, "-L", "5001")
    with ns.entered():
        for _ in range(20):
            for sock in connected_pair():
                sock.close()
    seen = trace.stop()["seen"]
    # For each pair: listen, the listener's end, the connect and its result; not the other seven transitions.
    assert seen == 20 * 4 and not trace.transitions()


def test_connections_left_out_leave_the_table(ns, tracer):
    """With a filter on local ports the kernel side reports every connect, but the table keeps only those that pass."""
    table = tracer("-b", "-d", "1", "-n", "2", "--netns", ns.name, "-L", "5002", command="top")
    await_that(lambda: select(table.update(), type="table"), "the first table")
    with ns.entered():
        kept = [connected_pair() for _ in range(5)]
    assert table.process.wait(30) == 0
    assert [line for line in table.update() if line["type"] == "socket"] == []
    for three in kept:
        for each in three:
            each.close()


@pytest.mark.any_kernel
def test_count(ns, tracer):
    trace = tracer("--netns", ns.name, "--count", "3")
    with ns.entered():
        for sock in connected_pair():
            sock.close()
    await_that(lambda: trace.process.poll() is not None, "its end", failure=NotReported)
    assert trace.process.poll() == 0
    assert len(trace.transitions()) == 3
    trace.stop()


@pytest.mark.any_kernel
def test_duration(tracer):
    trace = tracer("--duration", MOMENT)
    assert trace.process.wait(30) == 0
    trace.stop()
