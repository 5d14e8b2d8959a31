# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Each way a connection can live and end, compared with the knowledge of the program that held its sockets."""

import contextlib
import errno
import os
import socket
import struct
import time

import pytest
from account import next_table
from conftest import NotReported, await_that, close_in_turn, comm_of, connect, connected_pair, listen, port_of, run, select, steps

CLIENT_CLOSES = ["CLOSE>SYN_SENT", "SYN_SENT>ESTABLISHED", "ESTABLISHED>FIN_WAIT1", "FIN_WAIT1>FIN_WAIT2",
                 "FIN_WAIT2>TIME_WAIT"]
SERVER_FOLLOWS = ["LISTEN>SYN_RECV", "SYN_RECV>ESTABLISHED", "ESTABLISHED>CLOSE_WAIT", "CLOSE_WAIT>LAST_ACK",
                  "LAST_ACK>CLOSE"]


def linger_zero(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def life_of(trace, **wanted):
    """Returns all lines of the one connection that has a line like that, up to the end of its socket: a TIME_WAIT lives on for a
    minute."""
    wanted_id = trace.await_transition(**wanted)["id"]
    await_that(lambda: [line for line in trace.transitions(id=wanted_id) if line["newstate"] in ("CLOSE", "TIME_WAIT")],
               f"the end of {wanted}", failure=NotReported)
    return trace.transitions(id=wanted_id)


def assert_adds_up(lines, exact=True):
    """Checks that the times in the states of a life that was seen whole add up to its age, or, if not all are exact, to no more."""
    total = sum(line["in_state_us"] or 0 for line in lines)
    if exact:
        assert lines[-1]["age_known"] and all(line["since_known"] for line in lines[1:])
        assert total == lines[-1]["age_us"]
    assert total <= (lines[-1]["ts_ns"] - lines[0]["ts_ns"]) // 1000 + 1


def count_retransmissions(ns):
    """Returns the kernel's own count of all retransmissions in the network namespace."""
    return int(ns.exec("nstat", "-asz", "TcpRetransSegs").stdout.splitlines()[-1].split()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_client_closes_first(ns, tracer, host):
    with ns.entered():
        server, client, accepted = None, None, None
        trace = tracer("--netns", ns.name)
        server, client, accepted = connected_pair(host)
        cookie = struct.unpack("Q", client.getsockopt(socket.SOL_SOCKET, 57, 8))[0]  # SO_COOKIE
    client.sendall(b"q" * 1234)
    client.shutdown(socket.SHUT_WR)
    received = 0
    while chunk := accepted.recv(4096):
        received += len(chunk)
    assert received == 1234
    accepted.sendall(b"a" * 56789)
    accepted.close()
    answered = 0
    while chunk := client.recv(4096):
        answered += len(chunk)
    assert answered == 56789
    rtt = struct.unpack_from("I", client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 68)[0]
    cport, sport = None, port_of(server)
    client.close()
    ours = life_of(trace, rport=sport, oldstate="SYN_SENT")
    cport = ours[-1]["lport"]
    theirs = life_of(trace, lport=sport, rport=cport)
    assert list(steps(ours).values()) == [CLIENT_CLOSES]
    assert list(steps(theirs).values()) == [SERVER_FOLLOWS]
    assert_adds_up(ours)
    assert_adds_up(theirs)
    assert ours[0]["lport"] is None and all(line["lport"] == cport for line in ours[1:])
    for line in ours + theirs:
        assert line["family"] == (6 if ":" in host else 4)
        assert line["laddr"] == line["raddr"] == host
        assert line["netns"] == ns.inode
        assert (line["pid"], line["comm"], line["uid"]) == (os.getpid(), comm_of(), os.getuid())
        assert line["derived"] is (line["newstate"] == "TIME_WAIT")
    assert {line["owner_src"] for line in ours} == {"connect"}
    assert theirs[0]["owner_src"] == "inherited"
    assert {line["owner_src"] for line in theirs} <= {"inherited", "accept", "scan", "close"}
    assert theirs[-1]["owner_src"] != "inherited", "whoever closes it holds it"
    assert {line["direction"] for line in ours} == {"out"}
    assert {line["direction"] for line in theirs} == {"in"}
    assert {line["cookie"] for line in ours} == {f"{cookie:x}"}

    end, other_end = ours[-1], theirs[-1]
    assert rtt / 4 <= end["srtt_us"] <= 4 * rtt
    assert (end["tx_bytes"], end["rx_bytes"]) == (1234, 56789)
    assert (other_end["tx_bytes"], other_end["rx_bytes"]) == (56789, 1234)
    assert (end["reason"], other_end["reason"]) == ("closed_by_us", "closed_by_peer")
    assert end["errno"] is None
    assert end["retrans"] + other_end["retrans"] == count_retransmissions(ns)
    assert end["age_known"] is True and end["srtt_us"] > 0
    for life in ours, theirs:
        assert life[0]["in_state_us"] is None
        for before, line in zip(life, life[1:]):
            assert line["since_known"] is True
            assert abs(line["in_state_us"] - (line["ts_ns"] - before["ts_ns"]) // 1000) <= 1
        assert abs(life[-1]["age_us"] - (life[-1]["ts_ns"] - life[0]["ts_ns"]) // 1000) <= 1
    summary = trace.stop()
    assert summary["dropped"] == 0 and summary["missed"] == 0


def test_server_closes_first(ns, tracer):
    with ns.entered():
        trace = tracer("--netns", ns.name)
        server, client, accepted = connected_pair()
    accepted.close()
    assert client.recv(1) == b""
    client.close()
    theirs = life_of(trace, lport=port_of(server), oldstate="SYN_RECV")
    ours = life_of(trace, rport=port_of(server), oldstate="SYN_SENT")
    assert theirs[-1]["reason"] == "closed_by_us"
    assert ours[-1]["reason"] == "closed_by_peer"
    assert list(steps(ours).values())[0][2:] == SERVER_FOLLOWS[2:]


def test_refused(ns, tracer):
    trace = tracer("--netns", ns.name)
    with ns.entered(), pytest.raises(ConnectionRefusedError):
        connect("127.0.0.1", 9)
    line = life_of(trace, rport=9)[-1]
    assert (line["oldstate"], line["reason"], line["errno"]) == ("SYN_SENT", "refused", errno.ECONNREFUSED)
    assert (line["pid"], line["owner_src"]) == (os.getpid(), "connect")


def test_timed_out_behind_a_silent_firewall(ns, tracer):
    ns.nft("tcp dport 9 drop;")
    trace = tracer("--netns", ns.name)
    with ns.entered():
        client = socket.socket()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, 1)
    with pytest.raises(TimeoutError):
        client.connect(("127.0.0.1", 9))
    line = life_of(trace, rport=9)[-1]
    assert (line["reason"], line["errno"]) == ("timed_out", errno.ETIMEDOUT)
    assert line["retrans"] == count_retransmissions(ns) >= 1
    assert line["in_state_us"] > 500_000
    assert (line["pid"], line["comm"]) == (os.getpid(), comm_of())


def test_gave_up(ns, tracer):
    ns.nft("tcp dport 9 drop;")
    trace = tracer("--netns", ns.name)
    with ns.entered():
        client = socket.socket()
    client.setblocking(False)
    assert client.connect_ex(("127.0.0.1", 9)) == errno.EINPROGRESS
    trace.await_transition(rport=9, newstate="SYN_SENT")
    client.close()
    line = life_of(trace, rport=9)[-1]
    assert (line["reason"], line["errno"]) == ("gave_up", None)
    assert line["lport"] is not None


def test_hanging_connect_is_reported_while_it_hangs(ns, tracer):
    """No further event comes while a connect hangs: its line must not wait for one."""
    ns.nft("tcp dport 9 drop;")
    trace = tracer("--netns", ns.name)
    with ns.entered():
        client = socket.socket()
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", 9))
    line = trace.await_transition(rport=9, newstate="SYN_SENT")
    assert line["raddr"] == "127.0.0.1" and line["pid"] == os.getpid()
    client.close()


def test_reset_by_peer_and_aborted_here(ns, tracer):
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server, client, accepted = connected_pair()
    linger_zero(client)
    client.close()
    ours = life_of(trace, rport=port_of(server), oldstate="SYN_SENT")[-1]
    theirs = life_of(trace, lport=port_of(server), oldstate="SYN_RECV")[-1]
    assert (ours["oldstate"], ours["reason"], ours["errno"]) == ("ESTABLISHED", "aborted_here", None)
    assert (theirs["reason"], theirs["errno"]) == ("reset_by_peer", errno.ECONNRESET)
    accepted.close()


def test_closed_with_unread_data(ns, tracer):
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server, client, accepted = connected_pair()
    client.sendall(b"never read")
    trace.await_transition(lport=port_of(server), newstate="ESTABLISHED")
    await_that(lambda: accepted.recv(1, socket.MSG_PEEK), "the data")
    accepted.close()
    theirs = life_of(trace, lport=port_of(server), oldstate="SYN_RECV")[-1]
    assert (theirs["reason"], theirs["rx_bytes"]) == ("aborted_here", len(b"never read"))
    client.close()


def test_reset_while_waiting_to_close(ns, tracer):
    """A reset in CLOSE_WAIT leaves EPIPE, not ECONNRESET."""
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server, client, accepted = connected_pair()
    client.sendall(b"x")
    client.shutdown(socket.SHUT_WR)
    trace.await_transition(lport=port_of(server), newstate="CLOSE_WAIT")
    linger_zero(client)
    client.close()
    theirs = life_of(trace, lport=port_of(server), oldstate="SYN_RECV")[-1]
    assert (theirs["oldstate"], theirs["reason"], theirs["errno"]) == ("CLOSE_WAIT", "reset_by_peer", errno.EPIPE)
    accepted.close()


def test_killed_by_the_administrator(ns, tracer):
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server, client, accepted = connected_pair()
    killed = ns.exec("ss", "-K", "-t", "sport", "=", f":{port_of(client)}", check=False)
    assert killed.returncode == 0, killed.stderr
    line = life_of(trace, lport=port_of(client), rport=port_of(server), oldstate="SYN_SENT")[-1]
    assert (line["reason"], line["errno"]) == ("killed", errno.ECONNABORTED)
    assert line["pid"] == os.getpid(), "the owner is who held the socket, not ss"
    accepted.close()


def test_ports_exhausted(ns, tracer):
    ns.sysctl("net.ipv4.ip_local_port_range", "40000 40001")
    with ns.entered():
        server = listen(port=9999)
        trace = tracer("--netns", ns.name)
        held = []
        with pytest.raises(OSError) as failed:
            for _ in range(10):
                held.append(connect("127.0.0.1", 9999))
    assert failed.value.errno == errno.EADDRNOTAVAIL
    line = await_that(lambda: trace.transitions(reason="no_local_port"), "the failed connect", failure=NotReported)[0]
    assert line["lport"] is None and line["errno"] is None and line["raddr"] == "127.0.0.1"
    assert len(trace.transitions(oldstate="SYN_SENT", newstate="ESTABLISHED")) == len(held) > 0
    server.close()


def test_tuple_in_use(ns, tracer):
    """A connect whose tuple is in use has never sent anything: a bound port does not make it one that gave up."""
    with ns.entered():
        server = listen()
        first, second = socket.socket(), socket.socket()
    for each in first, second:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        each.bind(("127.0.0.1", 45678))
    first.connect(server.getsockname())
    trace = tracer("--netns", ns.name)
    with pytest.raises(OSError) as failed:
        second.connect(server.getsockname())
    assert failed.value.errno == errno.EADDRNOTAVAIL
    lines = life_of(trace, rport=port_of(server), newstate="SYN_SENT")
    assert lines[0]["lport"] == 45678
    assert lines[-1]["reason"] == "never_sent"


def test_simultaneous_open(ns, tracer):
    """A socket that connects to itself goes through SYN_RECV without a listener."""
    trace = tracer("--netns", ns.name)
    with ns.entered():
        alone = socket.socket()
    alone.bind(("127.0.0.1", 0))
    alone.connect(alone.getsockname())
    alone.close()
    lines = life_of(trace, oldstate="SYN_SENT")
    assert list(steps(lines).values())[0][:3] == ["CLOSE>SYN_SENT", "SYN_SENT>SYN_RECV", "SYN_RECV>ESTABLISHED"]
    assert {line["direction"] for line in lines} == {"out"}
    assert lines[0]["lport"] == lines[0]["rport"]


def test_both_close_at_once(ns, tracer):
    trace = tracer("--netns", ns.name)
    with ns.entered():
        alone = socket.socket()
    alone.bind(("127.0.0.1", 0))
    alone.connect(alone.getsockname())
    alone.close()
    line = life_of(trace, oldstate="SYN_SENT")[-1]
    assert (line["oldstate"], line["reason"]) == ("CLOSING", "closed_by_both")


def test_v4_mapped(ns, tracer):
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server = listen("::", family=socket.AF_INET6, v6only=0)
        client = connect("127.0.0.1", port_of(server))
        accepted = server.accept()[0]
    accepted.close()
    client.close()
    theirs = life_of(trace, lport=port_of(server), oldstate="SYN_RECV")
    assert {line["family"] for line in theirs} == {6}
    assert {line["laddr"] for line in theirs} == {"::ffff:127.0.0.1"}
    assert theirs[0]["pid"] == os.getpid(), "inherited from the wildcard listener"


def test_listener(ns, tracer):
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server = listen()
    port = port_of(server)
    server.close()
    lines = life_of(trace, lport=port, newstate="LISTEN")
    assert list(steps(lines).values()) == [["CLOSE>LISTEN", "LISTEN>CLOSE"]]
    assert (lines[0]["owner_src"], lines[0]["pid"]) == ("listen", os.getpid())
    assert lines[-1]["reason"] == "stopped_listening"


def test_listen_without_bind(ns, tracer):
    """The kernel chooses the port after the transition: the port is learnt later, and with it the owner of the children."""
    trace = tracer("--netns", ns.name)
    only_port = None
    with ns.entered():
        server = socket.socket()
        server.listen()
        only_port = tracer("--netns", ns.name, f"sport = :{port_of(server)}")
    assert trace.await_transition(newstate="LISTEN")["lport"] is None

    def owned_child():
        with ns.entered():
            client = connect("127.0.0.1", port_of(server))
        server.accept()[0].close()
        client.close()
        return trace.transitions(newstate="SYN_RECV", pid=os.getpid(), owner_src="inherited")

    assert await_that(owned_child, "a child that has its listener's owner")
    only_port.stop()
    table = tracer("-b", "-d", "0.5", "-n", "1000", "--netns", ns.name, command="top")
    with ns.entered():
        other = socket.socket()
        other.listen()
    ports = [line["lport"] for line in select(next_table(table), state="LISTEN")]
    assert sorted(ports) == sorted([port_of(server), port_of(other)])


def test_listener_of_a_daemon(ns, tracer):
    """The process that called listen() exits once it has forked itself into the background: its child is the owner."""
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server = socket.socket()
        server.bind(("127.0.0.1", 0))
    port = port_of(server)
    reader, writer = os.pipe()
    starter = os.fork()
    if starter == 0:
        server.listen()
        daemon = os.fork()
        if daemon:
            os.write(writer, str(daemon).encode())
        else:
            for _ in range(2000):
                server.accept()[0].close()
        os._exit(0)
    os.waitpid(starter, 0)
    server.close()
    daemon = int(os.read(reader, 20))

    def child_of_daemon():
        with ns.entered():
            connect("127.0.0.1", port).close()
        return trace.transitions(newstate="SYN_RECV", pid=daemon)

    try:
        assert await_that(child_of_daemon, "a child that is the daemon's")
    finally:
        os.kill(daemon, 9)


def test_listen_that_fails(ns, tracer):
    with ns.entered():
        one, other = socket.socket(), socket.socket()
    for each in one, other:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        each.bind(("127.0.0.1", 45679))
    one.listen()
    trace = tracer("--netns", ns.name)
    with pytest.raises(OSError):
        other.listen()
    lines = life_of(trace, lport=45679, newstate="LISTEN")
    assert list(steps(lines).values()) == [["CLOSE>LISTEN", "LISTEN>CLOSE"]]


def test_unaccepted_children_of_a_closed_listener(ns, tracer):
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server = listen()
        client = connect("127.0.0.1", port_of(server))
    port = port_of(server)
    trace.await_transition(lport=port, newstate="ESTABLISHED")
    server.close()
    line = life_of(trace, lport=port, oldstate="SYN_RECV")[-1]
    assert line["reason"] == "aborted_here" and line["pid"] == os.getpid()
    client.close()


def test_reconnect_is_a_new_connection(ns, tracer):
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server = listen()
        client = socket.socket()
    client.connect(server.getsockname())
    disconnect = struct.pack("H14x", socket.AF_UNSPEC)
    import ctypes  # pylint: disable=import-outside-toplevel
    libc = ctypes.CDLL(None)
    assert libc.connect(client.fileno(), disconnect, len(disconnect)) == 0
    client.connect(server.getsockname())
    client.close()
    lines = await_that(lambda: trace.transitions(direction="out", newstate="FIN_WAIT2") and
                       trace.transitions(direction="out"), "both lives", failure=NotReported)
    lives = steps(lines)
    assert len(lives) == 2 and all(life[0] == "CLOSE>SYN_SENT" for life in lives.values())
    assert len({line["cookie"] for line in lines}) == 1, "the kernel's socket is the same"
    births = select(lines, newstate="SYN_SENT")
    assert [line["lport"] for line in births] == [None, None], "an old port is not the new one's"


def test_fork_after_accept(ns, tracer):
    """The parent closes the socket and the child goes on: the connection is one, and the parent's close does not end it. Its owner is
    the listener's, or the child where the child was found to hold the socket."""
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server, client, accepted = connected_pair()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            accepted.recv(1)
            accepted.close()
        os._exit(0)
    accepted.close()
    client.sendall(b"x")
    os.waitpid(child, 0)
    client.close()
    lines = life_of(trace, lport=port_of(server), oldstate="SYN_RECV")
    assert {(line["pid"], line["owner_src"]) for line in lines} <= {
        (os.getpid(), "inherited"), (os.getpid(), "accept"), (os.getpid(), "scan"), (child, "scan"), (child, "close")}
    assert (lines[-1]["reason"], lines[-1]["rx_bytes"]) == ("closed_by_us", 1)


def test_addresses_used_again(ns, tracer):
    """The kernel gives the same struct sock to thousands of connections in turn; each is reported as one of its own."""
    trace = tracer("--netns", ns.name)
    with ns.entered():
        for _ in range(2000):
            client = socket.socket()
            assert client.connect_ex(("127.0.0.1", 9)) == errno.ECONNREFUSED
            client.close()
    lines = trace.await_count(4000, rport=9)
    lives = steps(lines)
    assert len(lives) == 2000
    assert set(map(tuple, lives.values())) == {("CLOSE>SYN_SENT", "SYN_SENT>CLOSE")}


def mptcp_life(ns, trace):
    """Returns the lines of the subflow with which a connection begins and ends."""
    with ns.entered():
        server, client = (socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262) for _ in range(2))
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
    close_in_turn(client, server.accept()[0])
    lines = life_of(trace, rport=port_of(server), oldstate="SYN_SENT")
    server.close()
    return lines


def test_mptcp(ns, tracer):
    """The subflows of MPTCP are TCP connections like others; the states of the MPTCP socket are not those of TCP, and stay out. MPTCP
    often sets a state that the subflow is in already: that is no line, and the time in that state goes on."""
    trace = tracer("--netns", ns.name)
    for _ in range(10):
        ours = mptcp_life(ns, trace)
        assert ours[0]["pid"] == os.getpid()
        assert list(steps(ours).values()) == [CLIENT_CLOSES]
        assert_adds_up(ours, exact=False)  # the kernel leaves a minisocket in FIN_WAIT2, whose step is found later


def test_state_that_is_set_twice(ns, tracer):
    """The kernel reports a step from FIN_WAIT2 to FIN_WAIT2 when a socket that was shut down is closed. That is no change of state."""
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server, client, accepted = connected_pair()
    port = port_of(client)
    client.shutdown(socket.SHUT_WR)
    trace.await_transition(lport=port, newstate="FIN_WAIT2")
    client.close()
    await_that(lambda: "FIN-WAIT-2" in {row[0] for row in ns.ss()} and ns.exec("ss", "-Htanp", f"sport = :{port}").stdout.count("pid=") == 0,
               "the socket to be closed")
    accepted.close()
    ours = life_of(trace, lport=port, oldstate="SYN_SENT")
    assert list(steps(ours).values()) == [CLIENT_CLOSES]
    assert_adds_up(ours, exact=False)
    server.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_listener_that_is_killed(ns, tracer, host):
    """The kernel sets the CLOSE of a killed listener twice."""
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server = listen(host, family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    ns.exec("ss", "-K", "-ltn", f"sport = :{port_of(server)}")
    trace.await_transition(oldstate="LISTEN", newstate="CLOSE")
    server.close()
    assert trace.stop()["seen"] >= 2
    assert list(steps(trace.transitions()).values()) == [["CLOSE>LISTEN", "LISTEN>CLOSE"]]


def test_failed_route_says_nothing(ns, tracer):
    """The kernel reports no event for a connect that finds no route."""
    trace = tracer("--netns", ns.name)
    with ns.entered(), socket.socket() as client:
        assert client.connect_ex(("192.0.2.1", 80)) == errno.ENETUNREACH
    run("true")
    assert trace.stop()["seen"] == 0


def test_wall_clock_of_the_lines(ns, tracer):
    trace = tracer("--netns", ns.name)
    before = time.time_ns()
    with ns.entered():
        server = listen()
    line = trace.await_transition(lport=port_of(server), newstate="LISTEN")
    after = time.time_ns()
    assert before - 1_000_000 <= line["ts_ns"] <= after + 1_000_000
    seconds, fraction = divmod(line["ts_ns"], 10**9)
    assert line["ts"] == time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{fraction:09}Z"
