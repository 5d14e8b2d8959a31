# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Each way a connection can end, beside what its own program learns of it: above all once an end has been shut down.

A case makes a connection end. It returns the client's socket if the program still holds it then, so that it can be asked for the error.
"""

import contextlib
import errno
import socket
import struct

import pytest
from conftest import NotReported, await_that, connect, connected_pair, libc, listen, port_of

# Reason and errno.
ABORTED = "aborted_here", None
RESET = "reset_by_peer", errno.ECONNRESET
RESET_IN_CLOSE_WAIT = "reset_by_peer", errno.EPIPE
KILLED = "killed", errno.ECONNABORTED
TIMED_OUT = "timed_out", errno.ETIMEDOUT
UNREACHABLE = "unreachable", errno.EHOSTUNREACH
BY_US, BY_PEER = ("closed_by_us", None), ("closed_by_peer", None)
BY_US_THEN_RESET = "closed_by_us", errno.ECONNRESET

IP_RECVERR = 11
TCP_LINGER2 = 8
UNANSWERED_FIN = "to_peer tcp flags & fin == fin drop"


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def learn_error(sock):
    """Returns the error that recv() gives once all data is read, or else SO_ERROR; None where neither has one."""
    sock.setblocking(False)
    try:
        while sock.recv(10):
            pass
    except BlockingIOError:
        pass
    except OSError as error:
        return error.errno
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or None


class Connection:
    """A connection on loopback, and what the trace says of its ends."""

    def __init__(self, ns, trace):
        self.ns, self.trace, self.tables = ns, trace, []
        with ns.entered():
            self.server, self.client, self.peer = connected_pair()
        self.port, self.client_port = port_of(self.server), port_of(self.client)
        self.client_id = trace.await_transition(lport=self.client_port, rport=self.port, newstate="ESTABLISHED")["id"]
        self.peer_id = trace.await_transition(lport=self.port, rport=self.client_port, newstate="ESTABLISHED")["id"]

    def await_client(self, state):
        self.trace.await_transition(id=self.client_id, newstate=state)

    def await_peer(self, state):
        self.trace.await_transition(id=self.peer_id, newstate=state)

    def end_of(self, conn_id):
        """Returns the last state of the socket, and why it ended. A TIME_WAIT is not waited for."""
        end = await_that(lambda: [line for line in self.trace.transitions(id=conn_id) if line["newstate"] in ("CLOSE", "TIME_WAIT")],
                         "the end of a connection", failure=NotReported)[0]
        return end["oldstate"], (end["reason"], end["errno"])

    def lose(self, rule):
        """Loses packets on their way. In a rule, to_peer and to_client stand for the ports."""
        self.add_rule("input", rule)

    def firewall(self, rule):
        self.add_rule("output", rule)

    def add_rule(self, hook, rule):
        self.ns.nft(self.spell(rule), hook)
        self.tables.append(hook)

    def spell(self, rule):
        return rule.replace("to_peer", f"tcp dport {self.port}").replace("to_client", f"tcp sport {self.port}")

    def close(self):
        for sock in self.server, self.client, self.peer:
            with contextlib.suppress(OSError):
                reset(sock)
        if self.tables:
            self.ns.exec("nft", "".join(f"delete table inet {table};" for table in self.tables))


def assert_told(ns, trace, cases, wanted):
    """Runs each case on a connection of its own. The trace is to say what is wanted of the client, and the program to learn the same."""
    told, learnt = {}, {}
    for name, case in cases.items():
        conn = Connection(ns, trace)
        try:
            held = case(conn)
            told[name] = conn.end_of(conn.client_id)
            if held:
                learnt[name] = learn_error(held)
        finally:
            conn.close()
    assert told == wanted
    assert learnt == {name: told[name][1][1] for name in learnt}


def in_turn(*parts):
    """Makes a case of its parts."""
    return lambda conn: [part(conn) for part in parts][-1]


# ---- ways into a state ----

def to_established(_):
    pass


def to_close_wait(conn):
    conn.peer.shutdown(socket.SHUT_WR)
    conn.await_client("CLOSE_WAIT")
    conn.await_peer("FIN_WAIT2")


def to_fin_wait1(conn):
    conn.lose(UNANSWERED_FIN)
    conn.client.shutdown(socket.SHUT_WR)
    conn.await_client("FIN_WAIT1")


def to_fin_wait2(conn):
    conn.client.shutdown(socket.SHUT_WR)
    conn.await_client("FIN_WAIT2")
    conn.await_peer("CLOSE_WAIT")


def to_closing(conn):
    to_fin_wait1(conn)
    conn.peer.shutdown(socket.SHUT_WR)
    conn.await_client("CLOSING")
    conn.await_peer("FIN_WAIT2")


def to_last_ack(conn):
    to_close_wait(conn)
    conn.lose(UNANSWERED_FIN)
    conn.client.shutdown(socket.SHUT_WR)
    conn.await_client("LAST_ACK")


STATES = {"ESTABLISHED": to_established, "CLOSE_WAIT": to_close_wait, "FIN_WAIT1": to_fin_wait1, "FIN_WAIT2": to_fin_wait2,
          "CLOSING": to_closing, "LAST_ACK": to_last_ack}


# ---- ways to end ----

def peer_resets(conn):
    reset(conn.peer)
    return conn.client


def client_resets(conn):
    reset(conn.client)


def client_closes(conn):
    conn.client.close()


def client_disconnects(conn):
    nowhere = struct.pack("H14x", socket.AF_UNSPEC)
    assert libc.connect(conn.client.fileno(), nowhere, len(nowhere)) == 0


def administrator_kills(conn):
    conn.ns.exec("ss", "-K", "-t", "sport", "=", f":{conn.client_port}", "dport", "=", f":{conn.port}")
    return conn.client


# ---- other parts ----

def peer_sends(conn):
    conn.peer.sendall(b"x")
    return conn.client


def peer_sends_unread(conn):
    conn.peer.sendall(b"x")
    await_that(lambda: conn.client.recv(1, socket.MSG_PEEK), "the byte")


def client_sends_unread(conn):
    conn.client.sendall(b"x")
    await_that(lambda: conn.peer.recv(1, socket.MSG_PEEK), "the byte")


def peer_closes(conn):
    """With unread data, the peer's close() resets."""
    conn.peer.close()
    return conn.client


def client_shuts_reading(conn):
    conn.client.shutdown(socket.SHUT_RD)


@pytest.mark.parametrize("state", STATES)
def test_reset_in_each_state(ns, tracer, state):
    """Whoever resets a connection, and whatever was shut down before: the trace tells which side it was."""
    enter = STATES[state]
    cases = {
        "the peer resets": in_turn(enter, peer_resets),
        "the peer closes with unread data": in_turn(client_sends_unread, enter, peer_closes),
        "the client resets": in_turn(enter, client_resets),
        "the client closes with unread data": in_turn(peer_sends_unread, enter, client_closes),
        "the client connects to nowhere": in_turn(enter, client_disconnects),
        "the administrator kills": in_turn(enter, administrator_kills),
    }
    reset_by_peer = RESET_IN_CLOSE_WAIT if state == "CLOSE_WAIT" else RESET
    wanted = dict(zip(cases, [reset_by_peer, reset_by_peer, ABORTED, ABORTED, ABORTED, KILLED]))
    if state in ("CLOSE_WAIT", "CLOSING", "LAST_ACK"):  # the peer has sent its FIN: its close() sends nothing more
        del cases["the peer closes with unread data"], wanted["the peer closes with unread data"]
    assert_told(ns, tracer("--netns", ns.name), cases, {name: (state, verdict) for name, verdict in wanted.items()})


def test_reset_of_a_client_that_does_not_read(ns, tracer):
    """With reading shut down too, the error is the same whether the peer resets or the kernel itself does, for data that nobody will
    read. Nothing tells them apart; but our FIN went first."""
    cases = {
        "data in FIN_WAIT1": in_turn(to_fin_wait1, client_shuts_reading, peer_sends),
        "data in FIN_WAIT2": in_turn(to_fin_wait2, client_shuts_reading, peer_sends),
        "reset in FIN_WAIT2": in_turn(to_fin_wait2, client_shuts_reading, peer_resets),
        "reset in ESTABLISHED": in_turn(client_shuts_reading, peer_resets),
    }
    assert_told(ns, tracer("--netns", ns.name), cases, {
        "data in FIN_WAIT1": ("FIN_WAIT1", BY_US_THEN_RESET),
        "data in FIN_WAIT2": ("FIN_WAIT2", BY_US_THEN_RESET),
        "reset in FIN_WAIT2": ("FIN_WAIT2", BY_US_THEN_RESET),
        "reset in ESTABLISHED": ("ESTABLISHED", RESET),
    })


def test_orphans(ns, tracer):
    """Once the program has closed its socket, nobody learns of an error any more."""
    ns.sysctl("net.ipv4.tcp_orphan_retries", 1)

    def client_abandons(conn):
        conn.client.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, -1)
        conn.client.close()

    def orphaned(enter, *end):
        return in_turn(enter, client_closes, *end, lambda _: None)

    cases = {
        "a reset in FIN_WAIT1": orphaned(to_fin_wait1, peer_resets),
        "data in FIN_WAIT1": orphaned(to_fin_wait1, peer_sends),
        "a reset in CLOSING": orphaned(to_closing, peer_resets),
        "a reset in LAST_ACK": orphaned(to_last_ack, peer_resets),
        "no answer in FIN_WAIT1": orphaned(to_fin_wait1),
        "no answer in CLOSING": orphaned(to_closing),
        "no answer in LAST_ACK": orphaned(to_last_ack),
        "no FIN_WAIT2 wanted": client_abandons,
    }
    assert_told(ns, tracer("--netns", ns.name), cases, {
        "a reset in FIN_WAIT1": ("FIN_WAIT1", BY_US_THEN_RESET),
        "data in FIN_WAIT1": ("FIN_WAIT1", BY_US_THEN_RESET),
        "a reset in CLOSING": ("CLOSING", RESET),
        "a reset in LAST_ACK": ("LAST_ACK", RESET),
        "no answer in FIN_WAIT1": ("FIN_WAIT1", TIMED_OUT),
        "no answer in CLOSING": ("CLOSING", TIMED_OUT),
        "no answer in LAST_ACK": ("LAST_ACK", TIMED_OUT),
        "no FIN_WAIT2 wanted": ("FIN_WAIT2", BY_US),
    })


def test_data_for_a_closed_socket(ns, tracer):
    """The client is gone, and its minisocket answers with a reset."""
    trace = tracer("--netns", ns.name)
    conn = Connection(ns, trace)
    conn.client.close()
    conn.await_peer("CLOSE_WAIT")
    conn.peer.sendall(b"x")
    assert conn.end_of(conn.peer_id) == ("CLOSE_WAIT", RESET_IN_CLOSE_WAIT)
    assert learn_error(conn.peer) == errno.EPIPE
    assert conn.end_of(conn.client_id) == ("FIN_WAIT2", BY_US)
    conn.close()


def give_up_soon(conn):
    """Ends the connection at the next timer that fires without an answer."""
    conn.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1)
    return conn.client


def client_sends_if_it_may(conn):
    with contextlib.suppress(BrokenPipeError):
        conn.client.sendall(b"x")


# In FIN_WAIT2 nothing is left to be sent again.
SENDING_STATES = {state: enter for state, enter in STATES.items() if state != "FIN_WAIT2"}


def test_no_answer_in_each_state(ns, tracer):
    def fall_silent(conn):
        conn.firewall("to_peer drop")
    cases = {state: in_turn(enter, fall_silent, client_sends_if_it_may, give_up_soon) for state, enter in SENDING_STATES.items()}
    assert_told(ns, tracer("--netns", ns.name), cases, {state: (state, TIMED_OUT) for state in cases})


def test_unreachable_in_each_state(ns, tracer):
    """Where the network has said why there is no answer, the program gets that error instead of ETIMEDOUT."""
    def icmp_count():
        return int(ns.exec("nstat", "-asz", "IcmpInDestUnreachs").stdout.split()[-2])

    def become_unreachable(conn):
        before = icmp_count()
        conn.firewall("to_peer reject with icmp type host-unreachable")
        client_sends_if_it_may(conn)
        await_that(lambda: icmp_count() >= before + 2, "a segment sent again to be answered: the first answer may find the socket locked")

    cases = {state: in_turn(enter, become_unreachable, give_up_soon) for state, enter in SENDING_STATES.items()}
    assert_told(ns, tracer("--netns", ns.name), cases, {state: (state, UNREACHABLE) for state in cases})


def test_keepalive_without_answer(ns, tracer):
    trace = tracer("--netns", ns.name)
    conns = {state: Connection(ns, trace) for state in ("ESTABLISHED", "FIN_WAIT2")}
    to_fin_wait2(conns["FIN_WAIT2"])
    ns.nft("".join(conn.spell("to_peer drop\n") for conn in conns.values()))
    for conn in conns.values():
        for option, value in (socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 1):
            conn.client.setsockopt(socket.IPPROTO_TCP, option, value)
        conn.client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for state, conn in conns.items():
        assert conn.end_of(conn.client_id) == (state, TIMED_OUT)
        assert learn_error(conn.client) == errno.ETIMEDOUT
        conn.close()


def test_error_that_is_not_the_cause(ns, tracer):
    """With IP_RECVERR an ICMP error is put into the socket at once, and the connection goes on. What ends it later is another thing."""
    def client_gets_icmp(conn):
        conn.firewall("to_peer limit rate 1/hour burst 2 packets reject with icmp type host-unreachable")
        conn.client.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        client_sends_unread(conn)

    def peer_reads_and_closes(conn):
        conn.peer.recv(1)
        conn.peer.close()

    def await_close_wait(conn):
        conn.await_client("CLOSE_WAIT")

    cases = {
        "reset by the peer": in_turn(client_gets_icmp, peer_resets),
        "reset by the client": in_turn(client_gets_icmp, client_resets),
        "reset by the client in CLOSE_WAIT": in_turn(client_gets_icmp, peer_reads_and_closes, await_close_wait,
                                                      client_resets),
        "closed by the client": in_turn(client_gets_icmp, to_fin_wait2, client_closes, peer_reads_and_closes),
        "closed by the peer": in_turn(client_gets_icmp, peer_reads_and_closes, await_close_wait, client_closes),
    }
    assert_told(ns, tracer("--netns", ns.name), cases, {
        "reset by the peer": ("ESTABLISHED", RESET),
        "reset by the client": ("ESTABLISHED", ABORTED),
        "reset by the client in CLOSE_WAIT": ("CLOSE_WAIT", ABORTED),
        "closed by the client": ("FIN_WAIT2", BY_US),
        "closed by the peer": ("LAST_ACK", BY_PEER),
    })


def test_reset_before_accept(ns, tracer):
    """accept() returns the connection all the same; the program learns of the reset from it."""
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server = listen()
        client = connect("127.0.0.1", port_of(server))
    port = port_of(server)
    trace.await_transition(lport=port, newstate="ESTABLISHED")
    reset(client)
    line = trace.await_transition(lport=port, oldstate="ESTABLISHED", newstate="CLOSE")
    assert (line["reason"], line["errno"]) == RESET
    accepted = server.accept()[0]
    assert learn_error(accepted) == errno.ECONNRESET
    accepted.close()
    server.close()
