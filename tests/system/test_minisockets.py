# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Minisockets, which the kernel keeps for connections without a socket: SYN_RECV before the handshake is done, FIN_WAIT2 once the
process has closed it, TIME_WAIT. No tracepoint names minisockets; they come and go within 2 s all the same, with their owner."""

import contextlib
import errno
import fcntl
import os
import re
import socket
import struct
import time

import pytest
from account import HURRIED, by_ss, by_table, difference, is_soon, next_table, tables_of
from conftest import CLONE_NEWNET, NotReported, await_that, close_in_turn, comm_of, connect, connected_pair, libc, listen, port_of, select, steps


@pytest.fixture(params=["iter", "proc"])
def table(request, ns, tracer):
    return tracer("-b", "-d", "0.3", "-n", "10000", f"--snapshot-source={request.param}", "--netns", ns.name, command="top")


@pytest.fixture(params=["iter", "proc"])
def trace(request, ns, tracer):
    return tracer("--netns", ns.name, f"--snapshot-source={request.param}")


def await_table(ns, table, settled=lambda rows: True, **wanted):
    """Waits for a new table that equals ss and whose wanted rows are settled, which must come soon. Returns the wanted rows."""
    began, began_ns = time.monotonic(), time.time_ns()

    def find_same_table():
        theirs = by_ss(ns).rows
        return [lines for lines in tables_of(table)[-3:] if lines[0]["ts_ns"] > began_ns and
                not difference(theirs, by_table(lines, ns.inode).rows) and settled(select(lines, type="socket", **wanted))]
    lines = await_that(find_same_table, "a table that is like ss")[-1]
    assert is_soon(began), table.errors()
    return select(lines, type="socket", **wanted)


def belong_to_us(rows):
    return all((row["pid"], row["comm"], row["uid"]) == (os.getpid(), comm_of(), os.getuid()) for row in rows)


def has_no_process(rows):
    """True if no process holds the sockets of the rows any more. A snapshot that was going on during the close may still have met the
    socket and its descriptor; the next one has not."""
    return bool(rows) and all((row["owners"], row["inode"]) == ([], None) for row in rows)


def time_wait(ns, host="127.0.0.1"):
    """Makes a TIME_WAIT. Returns (listener, own address of the client that is in TIME_WAIT now)."""
    with ns.entered():
        server = listen(host, family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        client = socket.socket(server.family)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # otherwise nobody may bind its port
    client.connect(server.getsockname())
    accepted = server.accept()[0]
    own = client.getsockname()
    close_in_turn(client, accepted)
    await_that(lambda: [row for row in by_ss(ns).rows if row[0] == "TIME_WAIT" and row[2] == own[1]], "TIME_WAIT")
    return server, own


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_half_open(ns, table, host):
    """A half-open handshake has its listener's owner, becomes a connection of one row, and goes."""
    ns.lose_arriving("tcp sport 7 tcp flags & (syn | ack) == (syn | ack) drop;")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with ns.entered():
        server = listen(host, 7, family)
        clients = [socket.socket(family) for _ in range(3)]
    for each in clients:
        each.setblocking(False)
        each.connect_ex((host, 7))
    rows = await_table(ns, table, state="SYN_RECV")
    assert len(rows) == 3 and belong_to_us(rows)
    assert {row["direction"] for row in rows} == {"in"} and {row["owner_src"] for row in rows} == {"inherited"}
    assert all(row["owners"] == [] and row["inode"] is None for row in rows), "nobody holds what is no socket"
    ns.lose_nothing()
    await_that(lambda: not [row for row in by_ss(ns).rows if row[0] in ("SYN_RECV", "SYN_SENT")], "the handshakes to be done")
    assert not await_table(ns, table, state="SYN_RECV")
    assert len(await_table(ns, table, state="ESTABLISHED", lport=7)) == 3
    for each in clients:
        each.close()
    server.close()


def test_half_open_to_a_wildcard(ns, table):
    """The listener's owner is found also for IPv4 to an IPv6 listener for both families, and for a listener at 0.0.0.0."""
    ns.lose_arriving("tcp sport { 7, 8 } tcp flags & (syn | ack) == (syn | ack) drop;")
    with ns.entered():
        servers = [listen("::", 7, socket.AF_INET6, v6only=0), listen("0.0.0.0", 8)]
        clients = [socket.socket() for _ in servers]
    for each, port in zip(clients, (7, 8)):
        each.setblocking(False)
        each.connect_ex(("127.0.0.1", port))
    rows = await_table(ns, table, state="SYN_RECV")
    assert len(rows) == 2 and belong_to_us(rows)


def test_half_open_that_comes_to_nothing(ns, table, tracer):
    """A handshake that comes to nothing is not reported as a connection: it never was one."""
    ns.lose_arriving("tcp sport 7 tcp flags & (syn | ack) == (syn | ack) drop;")
    lines = tracer("--netns", ns.name, "sport = :7")
    with ns.entered():
        server = listen(port=7)
        client = socket.socket()
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", 7))
    assert len(await_table(ns, table, state="SYN_RECV")) == 1
    client.close()
    killed = ns.exec("ss", "-K", "-t", "state", "syn-recv", check=False)
    assert killed.returncode == 0
    await_that(lambda: not [row for row in by_ss(ns).rows if row[0] == "SYN_RECV"], "it to be gone")
    assert not await_table(ns, table, state="SYN_RECV")
    server.close()
    lines.await_transition(oldstate="LISTEN")
    assert [step for life in steps(lines.transitions()).values() for step in life] == ["CLOSE>LISTEN", "LISTEN>CLOSE"]


def timers_of_half_open(ns):
    """Returns the whole seconds until each SYN-ACK is sent again; ss prints 1.5 s as 1.500ms."""
    lines = ns.exec("ss", "-Htno", "state", "syn-recv").stdout.splitlines()
    return [int(re.search(r"timer:\(on,(?:(\d+)(?:\.|sec))?", line)[1] or 0) for line in lines]


def test_half_open_that_outlives_its_listener(ns, table):
    """Half-open handshakes are the only thing that is left in their network namespace, and are counted nowhere."""
    ns.lose_arriving("tcp sport 7 tcp flags & (syn | ack) == (syn | ack) drop;")
    with ns.entered():
        server = listen(port=7)
        clients = [socket.socket() for _ in range(3)]
    for each in clients:
        each.setblocking(False)
        each.connect_ex(("127.0.0.1", 7))
    assert len(await_table(ns, table, state="SYN_RECV")) == 3
    for each in clients:
        each.close()
    # Each half-open handshake ends when its timer fires the next time, which must take some seconds.
    await_that(lambda: all(seconds >= (12 if HURRIED else 6) for seconds in timers_of_half_open(ns)), "them to wait longer")
    server.close()
    assert not await_table(ns, table, state="LISTEN")
    assert {row[0] for row in by_ss(ns).rows} == {"SYN_RECV"}, "they are still there"


def test_orphan_in_fin_wait1(ns, table):
    """A socket that its process has closed and the kernel keeps has no inode any more."""
    with ns.entered():
        server, client, accepted = connected_pair()
    port = port_of(client)
    assert await_table(ns, table, lport=port)[0]["inode"] == os.fstat(client.fileno()).st_ino
    ns.lose_arriving(f"tcp sport {port} drop;")
    client.close()
    rows = await_table(ns, table, has_no_process, state="FIN_WAIT1")
    assert len(rows) == 1 and belong_to_us(rows) and rows[0]["lport"] == port
    for each in server, accepted:
        each.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_orphan_in_fin_wait2(ns, table, host):
    with ns.entered():
        server, client, accepted = connected_pair(host)
    port = port_of(client)
    client.close()
    rows = await_table(ns, table, has_no_process, state="FIN_WAIT2")
    assert len(rows) == 1 and belong_to_us(rows) and rows[0]["lport"] == port
    first = rows[0]["id"]
    accepted.close()
    await_that(lambda: [row for row in by_ss(ns).rows if row[0] == "TIME_WAIT"], "TIME_WAIT")
    rows = await_table(ns, table, state="TIME_WAIT")
    assert len(rows) == 1 and belong_to_us(rows) and rows[0]["id"] == first and rows[0]["direction"] == "out"
    server.close()


def test_found_ones_have_no_invented_owner(ns, tracer):
    """The owners of minisockets that are older than the tracer cannot be known any more."""
    server, own = time_wait(ns)
    with ns.entered():
        other_server, client, _accepted = connected_pair()
    client.close()
    for source in "iter", "proc":
        table = tracer("-b", "-n", "1", "--netns", ns.name, f"--snapshot-source={source}", command="top")
        assert table.process.wait(30) == 0
        rows = [line for line in table.update() if line["type"] == "socket" and line["state"] in ("TIME_WAIT", "FIN_WAIT2")]
        assert sorted(row["lport"] for row in rows) == sorted([own[1], *[row[2] for row in by_ss(ns).rows if row[0] == "FIN_WAIT2"]])
        for row in rows:
            assert (row["pid"], row["comm"], row["uid"], row["owner_src"], row["owners"]) == (None, None, None, None, [])
            assert row["since_known"] is False
    server.close()
    other_server.close()


@pytest.mark.parametrize("source", ["iter", "proc"])
def test_snapshot_of_a_trace_shows_minisockets(ns, tracer, source):
    server, _own = time_wait(ns)
    ns.lose_arriving("tcp sport 7 tcp flags & (syn | ack) == (syn | ack) drop;")
    with ns.entered():
        half = listen(port=7)
        connecting = socket.socket()
        other_server, client, accepted = connected_pair()
    connecting.setblocking(False)
    connecting.connect_ex(("127.0.0.1", 7))
    client.close()
    trace = tracer("--snapshot", "--netns", ns.name, f"--snapshot-source={source}")
    await_that(lambda: select(trace.update(), type="socket", state="LISTEN"), "the rows")
    assert not difference(by_ss(ns).rows, by_table(trace.update(), ns.inode).rows)
    found = select(trace.update(), type="socket", state="FIN_WAIT2")[0]
    accepted.close()
    line = trace.await_transition(newstate="TIME_WAIT")
    assert (line["id"], line["oldstate"], line["derived"]) == (found["id"], "FIN_WAIT2", True)
    assert line.get("rx_bytes") is None, "nobody knows"
    for each in server, half, other_server, connecting:
        each.close()


def ways_to_end(ns, own, server):
    """Returns functions that end a TIME_WAIT before its time."""
    def reuse():
        """Connects anew from the same port: net.ipv4.tcp_tw_reuse."""
        with ns.entered():
            client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.bind(own)

        def can_connect():
            try:
                client.connect(server.getsockname())
            except OSError:
                return False
            return True
        await_that(can_connect, "the port to be free for use again")
        return client

    def kill():
        ns.exec("ss", "-K", "-t", "state", "time-wait")

    def reset():
        """Sends a RST that seems to come from the other end."""
        ns.sysctl("net.ipv4.tcp_rfc1337", 0)
        reset_packet(ns, server.getsockname(), own)

    return {"reuse": reuse, "kill": kill, "reset": reset}


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def reset_packet(ns, source, target):
    """Sends a RST with the one sequence number that the kernel believes. The kernel names that number in its answer to any other
    packet."""
    with ns.entered():
        sniffer = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
        sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    sniffer.settimeout(10)

    def make_packet(seq, flags):
        header = struct.pack("!HHIIBBHHH", source[1], target[1], seq, 0, 5 << 4, flags, 1024, 0, 0)
        pseudo = socket.inet_aton(source[0]) + socket.inet_aton(target[0]) + struct.pack("!HH", socket.IPPROTO_TCP, len(header))
        return header[:16] + struct.pack("!H", checksum(pseudo + header)) + header[18:]
    sender.bind((source[0], 0))
    sender.sendto(make_packet(1, 0x10), (target[0], 0))  # ACK
    while True:
        answer = sniffer.recv(200)[20:]
        ports, wanted, flags = struct.unpack_from("!HH", answer), struct.unpack_from("!I", answer, 8)[0], answer[13]
        if ports == (target[1], source[1]) and flags == 0x10:
            break
    sender.sendto(make_packet(wanted, 0x04), (target[0], 0))  # RST


@pytest.mark.alone
@pytest.mark.parametrize("how", ["reuse", "kill", "reset"])
def test_time_wait_and_its_end(ns, trace, how):
    """A TIME_WAIT has two lines of its own, marked as derived; the socket's own FIN_WAIT2 → CLOSE is not reported. A reuse is another
    connection."""
    ns.sysctl("net.ipv4.tcp_tw_reuse", 1)
    ns.exec("sysctl", "-qw", "net.ipv4.tcp_tw_reuse_delay=1", check=False)
    server, own = time_wait(ns)
    line = trace.await_transition(newstate="TIME_WAIT")
    assert (line["oldstate"], line["derived"], line["lport"]) == ("FIN_WAIT2", True, own[1])
    assert (line["pid"], line["reason"], line["rx_bytes"]) == (os.getpid(), "closed_by_us", 0)
    assert not trace.transitions(id=line["id"], newstate="CLOSE")
    held = ways_to_end(ns, own, server)[how]()
    ended = time.monotonic()
    if how != "reuse":
        await_that(lambda: not [row for row in by_ss(ns).rows if row[0] == "TIME_WAIT"], "the end")
        ended = time.monotonic()
    end = trace.await_transition(id=line["id"], newstate="CLOSE")
    assert is_soon(ended), trace.errors()
    assert (end["oldstate"], end["derived"], end["pid"]) == ("TIME_WAIT", True, os.getpid())
    assert end["in_state_us"] is None or not end["since_known"]
    assert list(steps(trace.transitions(id=line["id"])).values()) == [
        ["CLOSE>SYN_SENT", "SYN_SENT>ESTABLISHED", "ESTABLISHED>FIN_WAIT1", "FIN_WAIT1>FIN_WAIT2", "FIN_WAIT2>TIME_WAIT",
         "TIME_WAIT>CLOSE"]]
    if how == "reuse":
        ids = await_that(lambda: {each["id"] for each in trace.transitions(lport=own[1], newstate="ESTABLISHED", direction="out")}
                         - {line["id"]}, "the next connection of that tuple", failure=NotReported)
        assert len(ids) == 1
        held.close()
    server.close()


def test_connect_that_fails_for_a_time_wait(ns, trace, table):
    """The TIME_WAIT that is in the way of a connect stays, and stays the same."""
    ns.sysctl("net.ipv4.tcp_timestamps", 0)  # without timestamps nothing may take the place of a TIME_WAIT
    server, own = time_wait(ns)
    line = trace.await_transition(newstate="TIME_WAIT")
    (before,) = await_table(ns, table, state="TIME_WAIT")
    for tries in 1, 2:
        with ns.entered(), socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            client.bind(own)
            assert client.connect_ex(server.getsockname()) == errno.EADDRNOTAVAIL
        trace.await_count(tries, oldstate="SYN_SENT", newstate="CLOSE")
    (after,) = await_table(ns, table, state="TIME_WAIT")
    assert after["id"] == before["id"] and belong_to_us([after])
    assert not trace.transitions(id=line["id"], newstate="CLOSE")
    server.close()


@pytest.mark.parametrize("source", ["iter", "proc"])
def test_minisockets_end_with_their_namespace(netns, tracer, source):
    """Minisockets end with their network namespace, also in the table: otherwise it would grow for ever where containers come and go.
    The kernel gives the number of a namespace that is gone to the next one, as a rule."""
    ns = netns(f"ends-{source}")
    trace = tracer(f"netns {ns.inode}", f"--snapshot-source={source}")
    table = tracer("-b", "-d", "0.3", "-n", "10000", f"--snapshot-source={source}", f"netns {ns.inode}", command="top")
    server, _own = time_wait(ns)
    line = trace.await_transition(newstate="TIME_WAIT", netns=ns.inode)
    (row,) = await_table(ns, table, state="TIME_WAIT")
    server.close()
    trace.await_transition(oldstate="LISTEN", newstate="CLOSE")
    ns.delete()
    end = await_that(lambda: trace.transitions(id=line["id"], newstate="CLOSE"), "the line of its end", failure=NotReported)[0]
    assert (end["oldstate"], end["derived"]) == ("TIME_WAIT", True)
    with netns(f"follows-{source}").entered():
        server = listen()
    await_that(lambda: not select(next_table(table), type="socket", id=row["id"]), "the row to be gone")
    server.close()


SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def has_time_wait():
    with open("/proc/thread-self/net/tcp", encoding="ascii") as file:
        return [line for line in file if line.split()[3] == "06"]


def play_in_a_namespace_for_a_moment(port):
    """Makes a network namespace that is gone after a few milliseconds, with a TIME_WAIT in it."""
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            assert libc.unshare(CLONE_NEWNET) == 0
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
                fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
            server = socket.create_server(("127.0.0.1", port))
            client = socket.create_connection(("127.0.0.1", port))
            accepted = server.accept()[0]
            client.close()
            accepted.close()
            await_that(has_time_wait, "TIME_WAIT")
            os._exit(0)
        os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0


@pytest.mark.parametrize("source", ["iter", "proc"])
def test_namespaces_that_come_and_go_between_two_looks(tracer, source):
    """Containers that run for a moment leave nothing behind."""
    trace = tracer("sport = :6666 or dport = :6666", f"--snapshot-source={source}")
    table = tracer("-b", "-d", "1", "-n", "10000", f"--snapshot-source={source}", "sport = :6666 or dport = :6666",
                   command="top")
    for _ in range(5):
        play_in_a_namespace_for_a_moment(6666)
    trace.await_count(5, newstate="CLOSE", rport=6666, derived=True)
    await_that(lambda: not select(next_table(table), type="socket"), "the rows to be gone")


def test_no_room_for_time_wait(ns, trace):
    """Where the kernel keeps no TIME_WAIT, the connection ends, and no TIME_WAIT is reported."""
    ns.sysctl("net.ipv4.tcp_max_tw_buckets", 0)
    for host in "127.0.0.1", "::1":
        with ns.entered():
            server, client, accepted = connected_pair(host)
        close_in_turn(client, accepted)
        line = trace.await_transition(rport=port_of(server), oldstate="FIN_WAIT2")
        assert (line["newstate"], line["derived"], line["reason"]) == ("CLOSE", False, "closed_by_us")
        server.close()
    await_that(lambda: not by_ss(ns).rows, "all to be gone")
    trace.stop()
    assert not trace.transitions(newstate="TIME_WAIT") and not trace.transitions(derived=True)


def test_some_room_for_time_wait(ns, tracer):
    """As many TIME_WAITs as the kernel keeps are reported, and no other."""
    ns.sysctl("net.ipv4.tcp_max_tw_buckets", 5)
    trace = tracer("--netns", ns.name)
    with ns.entered():
        pairs = [connected_pair() for _ in range(30)]
    for _, client, accepted in pairs:
        close_in_turn(client, accepted)
    await_that(lambda: len(trace.transitions(oldstate="FIN_WAIT2")) == 30, "all to end", failure=NotReported)
    there = [row[2] for row in by_ss(ns).rows if row[0] == "TIME_WAIT"]
    assert 0 < len(there) <= 6
    assert sorted(line["lport"] for line in trace.transitions(newstate="TIME_WAIT")) == sorted(there)
    for server, _, _ in pairs:
        server.close()


@pytest.mark.alone
def test_expired(ns, trace, table):
    """An orphan stays in FIN_WAIT2 for no longer than the administrator has set, without a TIME_WAIT after it."""
    ns.sysctl("net.ipv4.tcp_fin_timeout", 2)
    with ns.entered():
        server, client, _accepted = connected_pair()
    port = port_of(client)
    client.close()
    line = trace.await_transition(newstate="FIN_WAIT2", lport=port)
    timer = ns.exec("ss", "-Htano", "state", "fin-wait-2").stdout
    rows = await_table(ns, table, state="FIN_WAIT2")
    await_that(lambda: not [row for row in by_ss(ns).rows if row[0] == "FIN_WAIT2"], "it to expire")
    ended = time.monotonic()
    end = trace.await_transition(id=line["id"], newstate="CLOSE")
    assert is_soon(ended), trace.errors()
    assert (end["oldstate"], end["pid"]) == ("FIN_WAIT2", os.getpid())
    if "timer:" in timer:  # now and then the kernel keeps the socket, and reports its end
        assert end["derived"] is ("timer:(timewait," in timer)
    assert not await_table(ns, table, state="FIN_WAIT2") and len(rows) <= 1
    assert not trace.transitions(newstate="TIME_WAIT")
    server.close()


def test_many_come_and_go(ns, table, trace):
    """Hundreds of TIME_WAITs exist at once, of both families; half are killed: their rows vanish, and no others."""
    with ns.entered():
        servers = [listen("127.0.0.1"), listen("::1", family=socket.AF_INET6)]
        pairs = [(connect(server.getsockname()[0], port_of(server)), server.accept()[0]) for server in servers * 100]
    for client, accepted in pairs:
        close_in_turn(client, accepted)
    await_that(lambda: len([row for row in by_ss(ns).rows if row[0] == "TIME_WAIT"]) == 200, "all TIME_WAITs")
    trace.await_count(200, newstate="TIME_WAIT")
    rows = await_table(ns, table, state="TIME_WAIT")
    assert len(rows) == 200 and belong_to_us(rows)
    ns.exec("ss", "-K6t", "state", "time-wait")
    await_that(lambda: len([row for row in by_ss(ns).rows if row[0] == "TIME_WAIT"]) == 100, "half to go")
    assert len(await_table(ns, table, state="TIME_WAIT", family=4)) == 100
    ends = trace.await_count(100, newstate="CLOSE", oldstate="TIME_WAIT")
    assert len(ends) == 100 and {line["family"] for line in ends} == {6}
    for server in servers:
        server.close()


def test_simultaneous_close(ns, trace, table):
    """CLOSING goes to TIME_WAIT too."""
    with ns.entered():
        alone = socket.socket()
    alone.bind(("127.0.0.1", 0))
    alone.connect(alone.getsockname())
    alone.close()
    line = trace.await_transition(newstate="TIME_WAIT")
    assert (line["oldstate"], line["derived"]) == ("CLOSING", True)
    assert len(await_table(ns, table, state="TIME_WAIT")) == 1


def test_connect_does_not_get_a_found_time_waits_past(ns, tracer):
    """A new connection takes the tuple of a TIME_WAIT older than the tracer: it does not continue the life of the old one."""
    ns.sysctl("net.ipv4.tcp_tw_reuse", 1)
    ns.exec("sysctl", "-qw", "net.ipv4.tcp_tw_reuse_delay=1", check=False)
    server, own = time_wait(ns)
    trace = tracer("--netns", ns.name)
    client = ways_to_end(ns, own, server)["reuse"]()
    line = trace.await_transition(newstate="ESTABLISHED", direction="out", lport=own[1])
    assert (line["since_known"], line["pid"], line["owner_src"]) == (True, os.getpid(), "connect")
    ends = trace.transitions(newstate="CLOSE", oldstate="TIME_WAIT")
    assert len(ends) <= 1 and all(end["id"] != line["id"] for end in ends)
    client.close()
    server.close()


