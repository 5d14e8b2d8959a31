# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""tcpledger explain PORT: the holders of a port and who may bind it, compared with bind()."""

import errno
import os
import re
import signal
import socket
import struct
import subprocess

import pytest
from conftest import PROGRAM, await_that, comm_of, connect, connected_pair, listen, port_of
from test_explain import json_of, ready, shows_bound_sockets, text_of
from test_usage import NOBODY


def answers(line, protocol="tcp"):
    return [line["bindable"][protocol][family]["answer"] for family in ("ipv4", "ipv6")]


def reasons(line):
    keys = "why", "proto", "ipv4", "ipv6", "sockets"
    return [tuple(each[key] for key in keys) for each in line["bindable"]["reasons"]]


@pytest.mark.any_kernel
@pytest.mark.parametrize("word", ["80", ":80", "http", ":http", "080", " 80 "])
def test_every_spelling_of_a_port(ns, word):
    line = json_of(ns, word)
    assert (line["kind"], line["name"], line["port"], line["service"]["tcp"]) == ("port", "80", 80, "http")
    assert set(line["bindable"]) == {"tcp", "udp", "reasons"}


@pytest.mark.any_kernel
@pytest.mark.parametrize("word,port,protocol", [("80/tcp", 80, "tcp"), ("53/UDP", 53, "udp"), ("domain/udp", 53, "udp"),
                                                ("tftp/tcp", 69, "tcp")])
def test_port_of_one_protocol(ns, word, port, protocol):
    line = json_of(ns, word)
    assert line["port"] == port and set(line["bindable"]) == {protocol, "reasons"}
    assert set(line["service"]) == {protocol}


@pytest.mark.any_kernel
def test_free_port(ns):
    line = json_of(ns, "8080")
    assert answers(line) == answers(line, "udp") == ["yes", "yes"]
    assert line["listeners"] == [] and line["bindable"]["reasons"] == [] and line["connections"]["local"] == {}
    assert line["bindable"]["tcp"]["ipv4"] == {"answer": "yes", "errno": 0, "error": None, "errno_reuseaddr": 0}
    assert (line["privileged"], line["ephemeral"], line["reserved"]) == (False, False, False)
    text = text_of(ns, "8080")
    assert "No socket listens on it or is bound to it." in text
    assert re.search(r"TCP IPv4 yes TCP IPv6 yes TCP dual yes \(.*?\) UDP IPv4 yes UDP IPv6 yes UDP dual yes \(.*?\) $", text)


@pytest.mark.any_kernel
def test_port_0(ns):
    assert "bind() to it asks the kernel for a free port" in text_of(ns, "0")
    assert answers(json_of(ns, "0")) == [None, None]


@pytest.mark.any_kernel
@pytest.mark.parametrize("host,family,v6only,wanted", [
    ("0.0.0.0", socket.AF_INET, None, ["in_use", "yes"]),
    ("127.0.0.1", socket.AF_INET, None, ["in_use", "yes"]),
    ("::", socket.AF_INET6, 1, ["yes", "in_use"]),
    ("::", socket.AF_INET6, 0, ["in_use", "in_use"]),
    ("::1", socket.AF_INET6, None, ["yes", "in_use"]),
])
def test_listener(ns, host, family, v6only, wanted):
    with ns.entered():
        server = listen(host, 8080, family, v6only=v6only)
    line = json_of(ns, "8080")
    assert answers(line) == wanted and answers(line, "udp") == ["yes", "yes"]
    assert reasons(line) == [("listener", "tcp", wanted[0] == "in_use", wanted[1] == "in_use", 1)]
    assert line["bindable"]["reasons"][0]["one_address"] == (host in ("127.0.0.1", "::1"))
    [listener] = line["listeners"]
    assert (listener["laddr"], listener["lport"], listener["user"], listener["uid"]) == (host, 8080, "root", 0)
    [owner] = listener["owners"]
    assert (owner["pid"], owner["comm"], owner["fd"]) == (os.getpid(), comm_of(), server.fileno())
    text = text_of(ns, "8080")
    who = f"{comm_of()} (pid {os.getpid()}, fd {server.fileno()})"
    assert f"listens on {local_text(host, v6only)}:8080: {who}, user root, 0 connections wait for accept() with a backlog of 16" in text
    assert f"{who} listens on {local_text(host, v6only)}:8080" in text
    assert "the kernel says: Address already in use; also with SO_REUSEADDR" in text
    assert ("on any other address alone the port is free" in text) == (host in ("127.0.0.1", "::1"))
    server.close()
    assert answers(json_of(ns, "8080")) == ["yes", "yes"], "nothing is left behind"


def local_text(host, v6only):
    return "*" if v6only == 0 else f"[{host}]" if ":" in host else host


def test_udp(ns):
    with ns.entered():
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("0.0.0.0", 5353))
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.connect(("127.0.0.1", 5353))
    line = json_of(ns, "5353")
    assert answers(line, "udp") == ["in_use", "yes"] and answers(line) == ["yes", "yes"]
    assert reasons(line) == [("udp_socket", "udp", True, False, 1)]
    assert line["connections"]["udp_remote"] == 1
    assert json_of(ns, "5353/tcp")["listeners"] == []
    assert "has bound 0.0.0.0:5353" in text_of(ns, "5353/udp")
    server.close()
    client.close()


KEPT_BY_TIME_WAIT = (r" connections in TIME_WAIT keep it without a listener; the last of them ends within \d+ s\. "
                     r"A server that sets SO_REUSEADDR before bind\(\), as nearly all do, gets it at once\.")


def leave_time_wait(server):
    """Makes a TIME_WAIT at the server's port: the server closes first."""
    client = connect("127.0.0.1", port_of(server))
    accepted = server.accept()[0]
    accepted.close()
    ready(client)
    client.close()


def test_time_wait_after_a_server(ns):
    with ns.entered():
        server = listen("0.0.0.0", 8080)
        for _ in range(3):
            leave_time_wait(server)
        server.close()
    await_that(lambda: json_of(ns, "8080")["connections"]["local"] == {"TIME_WAIT": 3}, "three TIME_WAITs")
    line = json_of(ns, "8080")
    assert answers(line) == ["with_reuseaddr", "yes"]
    assert reasons(line) == [("time_wait", "tcp", True, False, 3)]
    assert 0 < line["bindable"]["reasons"][0]["last_ends_ms"] <= 60000
    text = text_of(ns, "8080")
    assert re.search("TCP, IPv4: 3" + KEPT_BY_TIME_WAIT, text), text
    assert "only with SO_REUSEADDR; the kernel says: Address already in use; with SO_REUSEADDR it agrees" in text
    with ns.entered():  # bind() agrees with the answer
        plain, again = socket.socket(), socket.socket()
        with pytest.raises(OSError):
            plain.bind(("0.0.0.0", 8080))
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("0.0.0.0", 8080))
        plain.close()
        again.close()


def test_time_wait_of_a_client(ns):
    """The client has not set SO_REUSEADDR, so setting it on another socket does not help."""
    with ns.entered():
        server, client, accepted = connected_pair()
        port = port_of(client)
        client.close()
        ready(accepted)
        accepted.close()
        server.close()
    await_that(lambda: json_of(ns, str(port))["connections"]["local"] == {"TIME_WAIT": 1}, "TIME_WAIT")
    line = json_of(ns, str(port))
    assert answers(line) == ["in_use", "yes"] and line["ephemeral"]
    assert "SO_REUSEADDR does not help: it has to be set by the sockets that these were" in text_of(ns, str(port))


def test_outgoing_connection_and_reserved_port(ns):
    with ns.entered():
        server, client, accepted = connected_pair()
    port = port_of(client)
    line = json_of(ns, str(port))
    assert reasons(line) == [("outgoing", "tcp", True, False, 1)] and line["ephemeral"] and not line["reserved"]
    assert line["connections"]["local"] == line["connections"]["remote"] == {"ESTABLISHED": 1}
    [holder] = line["connections"]["holders"]
    assert (holder["pid"], holder["comm"], holder["count"]) == (os.getpid(), comm_of(), 1)
    text = text_of(ns, str(port))
    assert "It is ephemeral: within net.ipv4.ip_local_port_range (32768 to 60999)" in text
    assert "1 connection has it, most likely of a client for which the kernel has chosen it" in text
    assert "SO_REUSEADDR does not help: the client has not set it." in text
    ns.sysctl("net.ipv4.ip_local_reserved_ports", f"1-3,{port - 1}-{port},65535")
    assert json_of(ns, str(port))["reserved"] and json_of(ns, "2")["reserved"] and not json_of(ns, "4")["reserved"]
    assert "in net.ipv4.ip_local_reserved_ports: the kernel does not choose it" in text_of(ns, str(port))
    ns.exec("sh", "-c", "seq -s, 2001 2 3599 >/proc/sys/net/ipv4/ip_local_reserved_ports")  # 4000 letters
    assert json_of(ns, "3599")["reserved"] and not json_of(ns, "3598")["reserved"]
    for each in server, client, accepted:
        each.close()


def test_connections_whose_listener_is_gone(ns):
    with ns.entered():
        server = listen("0.0.0.0", 8080)
        client = connect("127.0.0.1", 8080)
        accepted = server.accept()[0]
        server.close()
    line = json_of(ns, "8080")
    assert answers(line) == ["with_reuseaddr", "yes"] and reasons(line) == [("connections", "tcp", True, False, 1)]
    assert ("1 connection keeps it, most likely accepted by a listener that is gone (see above whose they are). A server "
            "that sets SO_REUSEADDR before bind() gets it all the same.") in text_of(ns, "8080")
    client.close()
    accepted.close()


@pytest.mark.parametrize("reuse", [0, 1])
def test_bound_only(ns, reuse):
    with ns.entered():
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        bound.bind(("127.0.0.1", 8080))
    line = json_of(ns, "8080")
    assert answers(line) == ["with_reuseaddr" if reuse else "in_use", "yes"]
    shown = shows_bound_sockets(ns)
    assert reasons(line) == [("bound", "tcp", True, False, 1) if shown else ("unseen", "tcp", True, False, None)]
    if shown:
        assert line["listeners"][0]["owners"][0]["fd"] == bound.fileno()
        assert json_of(ns, "CLOSE")["now"]["count"] == 1
        assert ("It has set SO_REUSEADDR" in text_of(ns, "8080")) == bool(reuse)
    else:
        assert "a socket has it that the kernel does not show" in text_of(ns, "8080")
    bound.close()


def test_client_that_was_reset(ns):
    """It keeps the port that it has bound, and the address of its peer, but is no connection to it any more."""
    with ns.entered():
        server, client = listen(port=8080), socket.socket()
        client.bind(("127.0.0.1", 8081))
        client.connect(("127.0.0.1", 8080))
    accepted, _ = server.accept()
    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    accepted.close()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert "TCP connections with this remote port: none" in text_of(ns, "8080")
    assert json_of(ns, "8080")["connections"]["remote"] == {}
    if shows_bound_sockets(ns):
        assert f" is only bound to 127.0.0.1:8081: {comm_of()} (pid {os.getpid()}, " in text_of(ns, "8081")
    for each in client, server:
        each.close()


@pytest.mark.any_kernel
def test_privileged(ns):
    line = json_of(ns, "81", prefix=NOBODY)
    assert answers(line) == ["forbidden", "forbidden"] and not line["may_bind_privileged"] and line["privileged"]
    assert ("privileged", "tcp", True, True, None) in reasons(line)
    text = text_of(ns, "81", prefix=NOBODY)
    for part in "We do not have it.", "the kernel says: Permission denied", "AmbientCapabilities=":
        assert part in text
    assert answers(json_of(ns, "81")) == ["yes", "yes"] and "We have it." in text_of(ns, "81")
    ns.sysctl("net.ipv4.ip_unprivileged_port_start", 80)
    line = json_of(ns, "81", prefix=NOBODY)
    assert answers(line) == ["yes", "yes"] and not line["privileged"] and line["unprivileged_start"] == 80


@pytest.mark.any_kernel
def test_the_trial_is_not_noticed(ns):
    """The trial disturbs neither a listener nor a socket that receives packets."""
    with ns.entered():
        server = listen("0.0.0.0", 8080)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        udp.bind(("0.0.0.0", 8080))
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.connect(("127.0.0.1", 8080))
        for number in range(20):
            explaining = ns.popen(PROGRAM, "explain", "8080", stdout=subprocess.DEVNULL)
            while explaining.poll() is None:
                sender.send(b"%d" % number)
                assert udp.recv(16) == b"%d" % number
                connect("127.0.0.1", 8080).close()
                server.accept()[0].close()
            assert explaining.returncode == 0
    for each in server, udp, sender:
        each.close()


@pytest.mark.heavy
def test_nginx(ns, tmp_path, process):
    config = tmp_path / "nginx.conf"
    temp = "".join(f"{name}_temp_path {tmp_path}/{name};\n"
                   for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config.write_text(f"""
        user root; daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log; worker_processes 1; events {{}}
        http {{ access_log off; {temp} server {{ listen 80; location / {{ return 200 "hello"; }} }} }}""")
    nginx = process(["nsenter", f"--net=/run/netns/{ns.name}", "--", "nginx", "-c", str(config)])
    await_that(lambda: ns.ss("sport = :80"), "nginx to listen")
    text = text_of(ns, "80")
    assert text.startswith("Port 80: http (TCP)")
    assert re.search(rf"TCP listens on 0\.0\.0\.0:80: nginx \(pid {nginx.pid}, fd \d+\).* user root", text)
    assert "TCP IPv4 no, it is in use; the kernel says: Address already in use; also with SO_REUSEADDR" in text
    with ns.entered():
        for _ in range(4):
            client = connect("127.0.0.1", 80)
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            while client.recv(4096):
                pass
            client.close()
    nginx.send_signal(signal.SIGTERM)
    nginx.wait(30)
    text = text_of(ns, "80")
    assert re.search("TCP, IPv4: 4" + KEPT_BY_TIME_WAIT, text), text


# ---- compared with bind() ----

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
    """The answer agrees for each way in which a server may want the port. For UDP it leaves out SO_REUSEADDR where trying that would
    take packets."""
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


@pytest.mark.any_kernel
@pytest.mark.parametrize("host,v6only,to", [("0.0.0.0", None, "127.0.0.1"), ("::", 0, "127.0.0.1"), ("::", 0, "::1"),
                                            ("127.0.0.1", None, "127.0.0.1"), ("::1", None, "::1")])
def test_no_packet_is_taken(ns, host, v6only, to):
    with ns.entered():
        udp = bind("udp", host, v6only, reuse=1)
        sender = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_DGRAM)
        sender.connect((to, PORT))
        udp.settimeout(30)
        for _ in range(4):
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
    """The port is free at no address, only on another device."""
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


@pytest.mark.any_kernel
def test_several(ns):
    """Several sockets are spoken of in the plural."""
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


@pytest.mark.any_kernel
def test_several_are_only_bound(ns):
    with ns.entered():
        bound = [bind("tcp", host, reuse=1) for host in ("127.0.0.1", "127.0.0.2")]
    text = text_of(ns, str(PORT))
    if shows_bound_sockets(ns):
        assert "The port stays taken until they are closed; on other addresses it is free. They have set SO_REUSEADDR" in text
    else:
        assert "a socket has it that the kernel does not show" in text
    for each in bound:
        each.close()
