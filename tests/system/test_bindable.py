# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What tcpledger explain PORT says of who may bind the port, held against bind()."""

import errno
import socket
import subprocess

import pytest
from conftest import connect, connected_pair, listen, port_of
from test_explain import PROGRAM, answers, json_of, reasons, shows_bound_sockets, text_of

SOCK = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
PORT = 8080
WAYS = {"ipv4": ("0.0.0.0", None), "ipv6": ("::", 1), "dual": ("::", 0)}


def bind(protocol, host, v6only=None, reuse=0, device=None):
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, SOCK[protocol])
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        if v6only is not None:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
        if device:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        sock.bind((host, PORT))
    except OSError:
        sock.close()
        raise
    return sock


def errno_of(*arguments, **kwargs):
    try:
        bind(*arguments, **kwargs).close()
        return 0
    except OSError as error:
        return error.errno


HOLDERS = [(), ("127.0.0.1",), ("0.0.0.0",), ("::1",), ("::", 1), ("::", 0), ("::ffff:127.0.0.1", 0)]


@pytest.mark.parametrize("reuse", [0, 1])
@pytest.mark.parametrize("protocol", SOCK)
@pytest.mark.parametrize("holder", HOLDERS)
def test_agrees_with_bind(ns, protocol, holder, reuse):
    """In each way that a server may want it; of UDP nothing is said of SO_REUSEADDR where trying would take packets."""
    with ns.entered():
        held = bind(protocol, *holder, reuse=reuse) if holder else None
        bindable = json_of(ns, f"{PORT}/{protocol}")["bindable"][protocol]
        assert list(bindable) == list(WAYS)
        for way, (host, v6only) in WAYS.items():
            found = bindable[way]
            assert found["errno"] == errno_of(protocol, host, v6only), way
            allowed = errno_of(protocol, host, v6only, reuse=1)
            assert found["errno_reuseaddr"] in ({allowed, None} if protocol == "udp" and holder and "1" in holder[0] else {allowed})
            if found["errno_reuseaddr"] is not None:
                assert found["answer"] == ("yes" if not found["errno"] else "in_use" if allowed else "with_reuseaddr")
        if held:
            held.close()


def test_dual_as_servers_have_it(ns):
    with ns.entered():
        server = listen("0.0.0.0", PORT)
    text = text_of(ns, f"{PORT}/tcp")
    assert "TCP IPv6 yes TCP dual no, it is in use (one socket on [::] for both" in text
    server.close()


def test_udp_with_reuse(ns):
    with ns.entered():
        first = bind("udp", "0.0.0.0", reuse=1)
        assert answers(json_of(ns, str(PORT)), "udp") == ["with_reuseaddr", "yes"]
        assert "This one has set SO_REUSEADDR: who sets that, too, can bind the port" in text_of(ns, str(PORT))
        second = bind("udp", "0.0.0.0", reuse=1)
        assert "These have set SO_REUSEADDR" in text_of(ns, str(PORT))
        first.close()
        second.close()


@pytest.mark.parametrize("host,v6only,to", [("0.0.0.0", None, "127.0.0.1"), ("::", 0, "127.0.0.1"), ("::", 0, "::1"),
                                            ("127.0.0.1", None, "127.0.0.1"), ("::1", None, "::1")])
def test_no_packet_is_taken(ns, host, v6only, to):
    with ns.entered():
        udp = bind("udp", host, v6only, reuse=1)
        sender = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_DGRAM)
        sender.connect((to, PORT))
        udp.settimeout(30)
        for _ in range(10):
            explaining = ns.popen(PROGRAM, "explain", str(PORT), stdout=subprocess.DEVNULL)
            while explaining.poll() is None:
                sender.send(b"x")
                assert udp.recv(16) == b"x"
            assert explaining.returncode == 0
    udp.close()
    sender.close()


# ---- a device ----

@pytest.mark.parametrize("protocol,listens", [("tcp", True), ("tcp", False), ("udp", False)])
def test_bound_to_a_device(ns, protocol, listens):
    """At no address is the port free, but on another device."""
    ns.exec("ip", "link", "add", "other", "type", "veth")
    with ns.entered():
        server = bind(protocol, "0.0.0.0", device="lo")
        if listens:
            server.listen()
        assert errno_of(protocol, "127.0.0.2") == errno.EADDRINUSE
        assert errno_of(protocol, "0.0.0.0", device="other") == 0
    if listens or protocol == "udp" or shows_bound_sockets(ns):
        [reason] = json_of(ns, f"{PORT}/{protocol}")["bindable"]["reasons"]
        assert reason["one_device"] and not reason["one_address"]
        text = text_of(ns, f"{PORT}/{protocol}")
        assert "only a socket that is bound to another device (SO_BINDTODEVICE) can have it too" in text
        assert "is free" not in text
    server.close()


# ---- connections ----

def test_accepted_on_an_ephemeral_port(ns):
    with ns.entered():
        server, client, accepted = connected_pair()
        server.close()
    port = port_of(accepted)
    line = json_of(ns, str(port))
    assert line["ephemeral"] and answers(line) == ["with_reuseaddr", "yes"]
    assert reasons(line) == [("connections", "tcp", True, False, 1)]
    text = text_of(ns, str(port))
    assert "A server that sets SO_REUSEADDR before bind() gets it all the same." in text and "client for which" not in text
    client.close()
    accepted.close()


def test_client_that_has_bound_its_port(ns):
    with ns.entered():
        server = listen()
        client = bind("tcp", "127.0.0.1")
        client.connect(("127.0.0.1", port_of(server)))
    line = json_of(ns, str(PORT))
    assert answers(line) == ["in_use", "yes"] and reasons(line) == [("connections", "tcp", True, False, 1)]
    assert ("1 connection keeps it, accepted by a listener that is gone, or begun here by a client that has bound this "
            "port (see above whose they are). SO_REUSEADDR does not help") in text_of(ns, str(PORT))
    client.close()
    server.close()


def test_several(ns):
    """In the plural."""
    with ns.entered():
        servers = [listen("127.0.0.1", PORT), listen("127.0.0.2", PORT)]
        assert "needs those as well" in text_of(ns, str(PORT))
        clients = [connect("127.0.0.1", PORT) for _ in range(2)]
    for each in servers + clients:
        each.close()
    with ns.entered():
        bound = [bind("udp", host) for host in ("127.0.0.1", "127.0.0.2")]
        assert "2 sockets are bound to it (see above); on other addresses it is free. Close them first" in text_of(
            ns, f"{PORT}/udp")
    for each in bound:
        each.close()


def test_several_are_only_bound(ns):
    if not shows_bound_sockets(ns):
        pytest.skip("this kernel does not show them")
    with ns.entered():
        bound = [bind("tcp", host, reuse=1) for host in ("127.0.0.1", "127.0.0.2")]
    text = text_of(ns, str(PORT))
    assert "The port stays taken until they are closed; on other addresses it is free. They have set SO_REUSEADDR" in text
    for each in bound:
        each.close()
