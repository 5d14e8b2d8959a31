# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Each error that connect() can give, blocking and not: the program's own knowledge, beside the line that the trace has of it."""

import concurrent.futures
import ctypes
import errno
import select
import signal
import socket
import struct
import subprocess

import pytest
from conftest import PATIENCE, await_that, libc

# Answers of a firewall, each on a port of its own: what nft calls it, and the error that the kernel makes of it.
REJECTS = {
    4: [("tcp reset", errno.ECONNREFUSED)] + [(f"icmp type {kind}", number) for kind, number in [
        ("net-unreachable", errno.ENETUNREACH), ("host-unreachable", errno.EHOSTUNREACH), ("prot-unreachable", errno.ENOPROTOOPT),
        ("port-unreachable", errno.ECONNREFUSED), ("net-prohibited", errno.ENETUNREACH), ("host-prohibited", errno.EHOSTUNREACH),
        ("admin-prohibited", errno.EHOSTUNREACH)]],
    6: [("tcp reset", errno.ECONNREFUSED)] + [(f"icmpv6 type {kind}", number) for kind, number in [
        ("no-route", errno.ENETUNREACH), ("admin-prohibited", errno.EACCES), ("addr-unreachable", errno.EHOSTUNREACH),
        ("port-unreachable", errno.ECONNREFUSED), ("policy-fail", errno.EACCES), ("reject-route", errno.EACCES)]],
}
FIRST_PORT = 1001
FAMILIES = {4: (socket.AF_INET, "127.0.0.1"), 6: (socket.AF_INET6, "::1")}
REASONS = {
    errno.ECONNREFUSED: "refused", errno.ETIMEDOUT: "timed_out", errno.ECONNABORTED: "killed",
    errno.ENETUNREACH: "unreachable", errno.EHOSTUNREACH: "unreachable",
}


def reason_of(number):
    return REASONS.get(number, "failed")


def verdict_of(trace, port):
    """Returns the reason and the errno of the connect to that port, once it has ended."""
    line = trace.await_transition(rport=port, oldstate="SYN_SENT", newstate="CLOSE")
    return line["reason"], line["errno"]


def start_connect(family, port):
    """Begins to connect without blocking, in this thread's namespace."""
    kind, host = FAMILIES[family]
    client = socket.socket(kind)
    client.setblocking(False)
    assert client.connect_ex((host, port)) == errno.EINPROGRESS
    return client


def collect_error(client):
    """Waits until the connect has ended or the network has answered. Returns what SO_ERROR says."""
    poll = select.poll()
    poll.register(client, select.POLLOUT)
    assert poll.poll(1000 * PATIENCE), "no answer"
    return client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def reject_each(ns, family):
    """Sets up a firewall that answers each port in its own way. Returns {port: the error to be expected}."""
    kinds = dict(enumerate(REJECTS[family], FIRST_PORT))
    ns.nft("".join(f"meta nfproto ipv{family} tcp dport {port} reject with {kind}\n" for port, (kind, _) in kinds.items()))
    return {port: number for port, (_, number) in kinds.items()}


@pytest.mark.parametrize("family", [4, 6])
def test_rejected_and_collected(ns, tracer, family):
    """The program polls, asks for the error, and closes, as curl does. The kernel forgets the error when it is asked for."""
    wanted = reject_each(ns, family)
    trace = tracer("--netns", ns.name)
    with ns.entered():
        clients = {port: start_connect(family, port) for port in wanted}
    got = {port: collect_error(client) for port, client in clients.items()}
    for client in clients.values():
        client.close()
    assert got == wanted
    assert {port: verdict_of(trace, port) for port in got} == {port: (reason_of(number), number) for port, number in got.items()}


@pytest.mark.parametrize("family", [4, 6])
def test_rejected_and_closed_unasked(ns, tracer, family):
    """The answer was there when the program closed, whether or not it asked."""
    wanted = reject_each(ns, family)
    trace = tracer("--netns", ns.name)
    with ns.entered():
        clients = [start_connect(family, port) for port in wanted]
    counter = "IcmpInDestUnreachs" if family == 4 else "Icmp6InDestUnreachs"
    await_that(lambda: int(ns.exec("nstat", "-asz", counter).stdout.split()[-2]) >= len(wanted) - 1, "all answers but the reset")
    for client in clients:
        client.close()
    assert {port: verdict_of(trace, port) for port in wanted} == {port: (reason_of(number), number) for port, number in wanted.items()}


@pytest.mark.parametrize("family", [4, 6])
def test_rejected_while_connect_blocks(ns, tracer, family):
    """connect() returns the error once the second SYN is answered: the first answer came while the call held the socket."""
    wanted = reject_each(ns, family)
    trace = tracer("--netns", ns.name)
    kind, host = FAMILIES[family]
    with ns.entered():
        clients = {port: socket.socket(kind) for port in wanted}
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        calls = {port: pool.submit(client.connect_ex, (host, port)) for port, client in clients.items()}
        got = {port: call.result(PATIENCE) for port, call in calls.items()}
    for client in clients.values():
        client.close()
    assert got == wanted
    assert {port: verdict_of(trace, port) for port in got} == {port: (reason_of(number), number) for port, number in got.items()}


@pytest.mark.parametrize("blocking", [True, False])
def test_answered_once_and_then_silence(ns, tracer, blocking):
    """The network answers the first SYN only. With that answer the connect ends when its time is over, not with ETIMEDOUT."""
    ns.nft("tcp dport 9 limit rate 1/hour burst 1 packets reject with icmp type host-unreachable\n tcp dport 9 drop")
    trace = tracer("--netns", ns.name)
    with ns.entered():
        client = socket.socket()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 100)
    client.setblocking(blocking)
    got = client.connect_ex(("127.0.0.1", 9))
    if not blocking:
        verdict_of(trace, 9)
        got = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    assert got == errno.EHOSTUNREACH
    assert verdict_of(trace, 9) == ("unreachable", errno.EHOSTUNREACH)
    client.close()


def test_no_answer(ns, tracer):
    """Whether a packet is lost on its way or dropped by this host's own firewall, and whichever limit ends the waiting: connect() says
    the same."""
    ns.nft("tcp dport 1001-1004 drop", hook="output")
    ns.nft("tcp dport 1005-1008 drop", hook="input")
    trace = tracer("--netns", ns.name)
    with ns.entered():
        clients = {port: socket.socket() for port in range(1001, 1009)}
    for port, client in clients.items():
        client.setsockopt(socket.IPPROTO_TCP, *((socket.TCP_SYNCNT, 1) if port % 4 < 2 else (socket.TCP_USER_TIMEOUT, 100)))
        client.setblocking(port % 2)
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        calls = {port: pool.submit(client.connect_ex, ("127.0.0.1", port)) for port, client in clients.items()}
        got = {port: call.result(PATIENCE) for port, call in calls.items()}
    for port, client in clients.items():
        assert got[port] == errno.ETIMEDOUT if port % 2 else (got[port], collect_error(client)) == (errno.EINPROGRESS, errno.ETIMEDOUT)
        assert verdict_of(trace, port) == ("timed_out", errno.ETIMEDOUT)
        client.close()


def test_next_hop_that_does_not_answer(netns, tracer):
    ns, other = netns("here"), netns("there")
    subprocess.run(["ip", "link", "add", "tla", "netns", ns.name, "type", "veth", "peer", "name", "tlb", "netns", other.name], check=True)
    ns.exec("sh", "-c", "ip addr add 10.9.0.1/24 dev tla && ip link set tla up")
    other.exec("ip", "link", "set", "tlb", "up")
    ns.sysctl("net.ipv4.neigh.tla.mcast_solicit", 1)
    trace = tracer("--netns", ns.name)
    with ns.entered():
        waiting, polling = socket.socket(), socket.socket()
    polling.setblocking(False)
    assert polling.connect_ex(("10.9.0.2", 10)) == errno.EINPROGRESS
    assert waiting.connect_ex(("10.9.0.3", 9)) == errno.EHOSTUNREACH
    assert collect_error(polling) == errno.EHOSTUNREACH
    assert verdict_of(trace, 9) == verdict_of(trace, 10) == ("unreachable", errno.EHOSTUNREACH)
    waiting.close()
    polling.close()


def test_given_up(ns, tracer):
    """No answer came: the program closes at once, after a time of its own, after a signal, and by other calls than close()."""
    ns.nft("tcp dport 1-20 drop")
    trace = tracer("--netns", ns.name)
    with ns.entered():
        start_connect(4, 1).close()
        limited, interrupted = socket.socket(), socket.socket()
        shut, undone = start_connect(4, 4), start_connect(4, 5)
    limited.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 50_000))
    assert limited.connect_ex(("127.0.0.1", 2)) == errno.EINPROGRESS
    limited.close()

    before = signal.signal(signal.SIGALRM, lambda *_: None)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        address = struct.pack("!HH4s8x", socket.htons(socket.AF_INET), 3, socket.inet_aton("127.0.0.1"))
        assert libc.connect(interrupted.fileno(), address, len(address)) == -1
        assert ctypes.get_errno() == errno.EINTR
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    interrupted.close()

    shut.shutdown(socket.SHUT_RDWR)
    shut.close()
    nowhere = struct.pack("H14x", socket.AF_UNSPEC)
    assert libc.connect(undone.fileno(), nowhere, len(nowhere)) == 0
    undone.close()
    assert {verdict_of(trace, port) for port in range(1, 6)} == {("gave_up", None)}


def test_given_up_after_an_answer_to_an_earlier_attempt(ns, tracer):
    """The answer to the first attempt is still in the error queue of the socket; the second attempt is not answered."""
    ns.nft("tcp dport 9 reject")
    trace = tracer("--netns", ns.name)
    with ns.entered():
        client = socket.socket()
    assert client.connect_ex(("127.0.0.1", 9)) == errno.ECONNREFUSED
    ns.exec("nft", "delete table inet output")
    ns.nft("tcp dport 9 drop")
    client.setblocking(False)
    assert client.connect_ex(("127.0.0.1", 9)) == errno.EINPROGRESS
    client.close()
    lines = trace.await_count(2, rport=9, oldstate="SYN_SENT", newstate="CLOSE")
    assert [(line["reason"], line["errno"]) for line in lines] == [("refused", errno.ECONNREFUSED), ("gave_up", None)]


def test_killed_while_connecting(ns, tracer):
    ns.nft("tcp dport 9 drop")
    trace = tracer("--netns", ns.name)
    with ns.entered():
        client = start_connect(4, 9)
    await_that(lambda: ns.ss("dport", "=", ":9"), "the socket to be seen")
    ns.exec("ss", "-K", "-t", "dport", "=", ":9")
    assert collect_error(client) == errno.ECONNABORTED
    assert verdict_of(trace, 9) == ("killed", errno.ECONNABORTED)
    client.close()


@pytest.mark.parametrize("route, number", [("unreachable", errno.EHOSTUNREACH), ("prohibit", errno.EACCES),
                                           ("blackhole", errno.EINVAL), ("throw", errno.ENETUNREACH)])
def test_no_line_where_no_connection_begins(ns, tracer, route, number):
    """The kernel finds no route before the socket changes its state."""
    ns.exec("ip", "route", "add", route, "192.0.2.0/24")
    trace = tracer("--netns", ns.name)
    for blocking in True, False:
        with ns.entered(), socket.socket() as client:
            client.setblocking(blocking)
            assert client.connect_ex(("192.0.2.1", 80)) == number
    assert trace.stop()["seen"] == 0


def test_error_of_an_earlier_life_is_not_the_cause(ns, tracer):
    """connect(AF_UNSPEC) leaves ECONNRESET in a socket. Neither the next connect, which finds no port, nor a listener ends by that."""
    ns.sysctl("net.ipv4.ip_local_port_range", "40000 40000")
    nowhere = struct.pack("H14x", socket.AF_UNSPEC)
    with ns.entered():
        server = socket.create_server(("127.0.0.1", 9999))
        client, other = socket.socket(), socket.socket()
        trace = tracer("--netns", ns.name)
    client.connect(("127.0.0.1", 9999))
    assert libc.connect(client.fileno(), nowhere, len(nowhere)) == 0
    assert other.connect_ex(("127.0.0.1", 9999)) == 0
    assert client.connect_ex(("127.0.0.1", 9999)) == errno.EADDRNOTAVAIL
    line = trace.await_transition(rport=9999, oldstate="SYN_SENT", newstate="CLOSE")
    assert (line["reason"], line["errno"]) == ("never_sent", None)
    assert libc.connect(other.fileno(), nowhere, len(nowhere)) == 0
    other.bind(("127.0.0.1", 40001))
    other.listen()
    other.close()
    line = trace.await_transition(lport=40001, oldstate="LISTEN", newstate="CLOSE")
    assert (line["reason"], line["errno"]) == ("stopped_listening", None)
    client.close()
    server.close()
