# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""tcpledger explain says what states mean and who has a port, with the numbers that the kernel tells others."""

import collections
import ctypes
import json
import os
import re
import signal
import socket
import struct
import subprocess
import time

import pytest
from conftest import PROGRAM, await_that, comm_of, connect, connected_pair, libc, listen, port_of, run
from test_usage import NOBODY

NAMES_OF_SS = {"established": "ESTABLISHED", "syn-sent": "SYN_SENT", "syn-recv": "SYN_RECV", "fin-wait-1": "FIN_WAIT1",
               "fin-wait-2": "FIN_WAIT2", "time-wait": "TIME_WAIT", "closed": "CLOSE", "close-wait": "CLOSE_WAIT",
               "last-ack": "LAST_ACK", "listening": "LISTEN", "closing": "CLOSING"}
STATES = sorted(NAMES_OF_SS.values())
PR_SET_NAME = 15
NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLM_F_REQUEST_DUMP = 0x301
TCP_BOUND_INACTIVE = 13


def explain(ns, *arguments, prefix=(), status=0):
    done = ns.exec(*prefix, PROGRAM, "explain", *arguments, check=False)
    assert done.returncode == status, (done.stdout, done.stderr)
    return done


def text_of(ns, *arguments, **kwargs):
    """In one line: where it breaks is another's affair."""
    return re.sub(r"\s+", " ", explain(ns, *arguments, **kwargs).stdout)


def json_of(ns, *arguments, **kwargs):
    lines = explain(ns, "--json", *arguments, **kwargs).stdout.splitlines()
    assert len(lines) == 1
    line = json.loads(lines[0])
    assert line["type"] == "explanation"
    return line


def half_open(host, port):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex((host, port))
    return client


def ready(sock):
    """The end that the peer has sent is here."""
    await_that(lambda: sock.recv(1, socket.MSG_PEEK) == b"", "the peer's end")


class Stuck:
    """A namespace with sockets in nearly all states, at rest for as long as a test lasts."""

    def __init__(self, ns):
        self.ns = ns
        self.kept = []
        ns.lose_arriving("tcp sport 7 tcp flags & (syn | ack) == (syn | ack) drop;"
                         "tcp sport 9 tcp flags & fin == fin drop;")
        with ns.entered():
            self.kept += connected_pair() + connected_pair("::1")
            self.kept += [listen(port=7), *(half_open("127.0.0.1", 7) for _ in range(3))]
            self.close_waits = [self.close_wait() for _ in range(4)]
            self.unread = self.close_wait(b"unread")
            self.time_wait()
            self.closing_ones()

    def keep(self, *sockets):
        self.kept += sockets

    def close_wait(self, data=b""):
        """The client is in FIN_WAIT2, and held."""
        server, client, accepted = connected_pair()
        self.keep(server, client, accepted)
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        if data:
            await_that(lambda: accepted.recv(64, socket.MSG_PEEK) == data, "the data")
            await_that(lambda: self.count("close-wait", port_of(accepted)), "CLOSE_WAIT")
        else:
            ready(accepted)
            assert accepted.recv(1) == b""
        return accepted

    def time_wait(self):
        server, client, accepted = connected_pair()
        self.keep(server)
        accepted.close()
        ready(client)
        client.close()
        await_that(lambda: self.count("time-wait", port_of(server)), "TIME_WAIT")

    def closing_ones(self):
        """FIN_WAIT1, whose FIN is lost, and LAST_ACK."""
        server = listen(port=9)
        for last in False, True:
            client = connect("127.0.0.1", 9)
            accepted = server.accept()[0]
            self.keep(client)
            if last:
                client.shutdown(socket.SHUT_WR)
                ready(accepted)
            accepted.close()
        self.keep(server)
        await_that(lambda: self.count("fin-wait-1", 9) and self.count("last-ack", 9), "FIN_WAIT1 and LAST_ACK")
        await_that(lambda: len(self.ns.exec("ss", "-Htan", "state", "fin-wait-1").stdout.splitlines()) == 1,
                   "the other FINs to be acknowledged")

    def count(self, state, port):
        return len(self.ns.exec("ss", "-Htan", "state", state, f"sport = :{port}").stdout.splitlines())

    def close(self):
        for each in self.kept:
            each.close()


@pytest.fixture
def stuck(ns):
    made = Stuck(ns)
    yield made
    made.close()


def counts_of_ss(ns):
    found = collections.Counter()
    for word, name in NAMES_OF_SS.items():
        found[name] += len(ns.exec("ss", "-Htan", "state", word).stdout.splitlines())
    return +found


def shows_bound_sockets(ns):
    """Linux 6.8 or later does: here by who asks for them as ss of that time does."""
    with (ns.entered(), socket.socket() as bound,
          socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as netlink):
        bound.bind(("0.0.0.0", 0))
        request = struct.pack("=BBBBI48x", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 1 << TCP_BOUND_INACTIVE)
        netlink.send(struct.pack("=IHHII", 16 + len(request), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST_DUMP, 1, 0) + request)
        return struct.unpack("=IH", netlink.recv(65536)[:6])[1] == SOCK_DIAG_BY_FAMILY


# ---- states ----

@pytest.mark.parametrize("state", STATES)
def test_every_state_is_explained(ns, state):
    text = text_of(ns, state)
    assert text.startswith(f"{state}: ")
    for heading in ("What it means", "How a socket gets in", "How it gets out", "What many of them mean", "What to do",
                    f"Now, in network namespace {ns.name}"):
        assert heading in text
    known = state != "CLOSE" or shows_bound_sockets(ns)
    assert (f" in {state}: IPv4 0, IPv6 0." if known else "is not known: this kernel does not show them") in text
    line = json_of(ns, state)
    assert (line["kind"], line["name"]) == ("state", state)
    assert line["now"]["count"] == 0 if known else line["now"] is None
    assert all(line[key] for key in ("brief", "meaning", "enters", "leaves", "many", "remedy"))
    assert all(step["state"] in STATES + [None] and step["how"] for step in line["enters"] + line["leaves"])
    assert line["meaning"] in text and line["many"] in text and all(remedy in text for remedy in line["remedy"])


@pytest.mark.parametrize("word,state", [("close-wait", "CLOSE_WAIT"), ("estab", "ESTABLISHED"), ("listening", "LISTEN"),
                                        ("Fin-Wait-1", "FIN_WAIT1"), ("timewait", "TIME_WAIT"), ("unconn", "CLOSE")])
def test_every_spelling_of_a_state(ns, word, state):
    assert json_of(ns, word)["name"] == state


def test_counts_are_those_of_ss(stuck):
    wanted = counts_of_ss(stuck.ns)
    assert set(wanted) >= set(STATES) - {"CLOSE", "CLOSING"}
    for state in set(STATES) - {"CLOSE"}:
        assert json_of(stuck.ns, state)["now"]["count"] == wanted[state], state
    overview = json_of(stuck.ns)
    assert overview["kind"] == "overview"
    assert {each["name"]: each["count"] for each in overview["states"]} == wanted
    text = text_of(stuck.ns)
    for state, count in wanted.items():
        assert f" {count} {state} " in text
    assert "`tcpledger explain CLOSE_WAIT`" in text


def test_close_wait_is_whose_and_why(stuck):
    now = json_of(stuck.ns, "CLOSE_WAIT")["now"]
    assert now["holders"] == [{"pid": os.getpid(), "comm": comm_of(), "count": 5}]
    assert (now["ipv4"], now["unread"], now["without_process"], now["minisockets"]) == (5, 1, 0, 0)
    assert sorted(each["lport"] for each in now["local_ports"]) == sorted(
        port_of(each) for each in [*stuck.close_waits, stuck.unread])
    assert now["clients"] == [{"family": 4, "raddr": "127.0.0.1", "count": 5}]
    text = text_of(stuck.ns, "CLOSE_WAIT")
    assert f" 5 {comm_of()} (pid {os.getpid()})" in text
    assert " 1 of them have something unread" in text
    assert " 4 of them are read to the end, and only lack close()" in text


def test_who_hangs_where(stuck):
    now = json_of(stuck.ns, "syn-sent")["now"]
    assert now["destinations"] == [{"family": 4, "raddr": "127.0.0.1", "rport": 7, "count": 3}]
    assert " 3 127.0.0.1:7 (echo)" in text_of(stuck.ns, "syn-sent")
    assert "(echo)" not in text_of(stuck.ns, "-n", "syn-sent")
    now = json_of(stuck.ns, "syn-recv")["now"]
    assert (now["minisockets"], now["local_ports"]) == (3, [{"lport": 7, "count": 3}])
    assert json_of(stuck.ns, "last-ack")["now"]["without_process"] == 1
    now = json_of(stuck.ns, "time-wait")["now"]
    assert (now["minisockets"], now["holder_unknown"]) == (1, 0) and 0 < now["last_ends_ms"] <= 60000
    assert json_of(stuck.ns, "fin-wait-2")["now"]["holders"][0]["count"] >= 5


def test_not_accepted_is_held_by_nobody(ns):
    with ns.entered():
        server = listen()
        client = connect("127.0.0.1", port_of(server))
        client.close()
        await_that(lambda: ns.exec("ss", "-Htan", "state", "close-wait").stdout, "CLOSE_WAIT in the queue")
        assert " 1 of them no process holds yet: they wait for accept()" in text_of(ns, "close-wait")
        server.close()


def test_accept_queues(ns):
    with ns.entered():
        full, filling, empty = listen(backlog=1), listen(backlog=8), listen()
        clients = [connect("127.0.0.1", port_of(full)) for _ in range(2)]
        clients += [connect("127.0.0.1", port_of(filling)) for _ in range(3)]
    await_that(lambda: json_of(ns, "listen")["now"]["full"] == 1, "the queue is full")
    now = json_of(ns, "LISTEN")["now"]
    assert [(each["lport"], each["recvq"], each["sendq"], each["full"]) for each in now["waiting"]] == [
        (port_of(full), 2, 1, True), (port_of(filling), 3, 8, False)]
    assert now["waiting"][0]["owners"][0]["pid"] == os.getpid()
    text = text_of(ns, "LISTEN")
    assert "Connections wait for accept() in the queues of 2 listeners; 1 is full:" in text
    who = f"{comm_of()} (pid {os.getpid()}, fd {full.fileno()})"
    assert f" 2 of at most 1 on 127.0.0.1:{port_of(full)}, {who}: FULL" in text
    for each in [full, filling, empty, *clients]:
        each.close()


def test_settings_are_of_the_namespace(ns):
    ns.sysctl("net.ipv4.tcp_fin_timeout", 33)
    ns.sysctl("net.core.somaxconn", 77)
    settings = {each["name"]: each["value"] for each in json_of(ns, "fin-wait-2")["settings"]}
    assert settings["net.ipv4.tcp_fin_timeout"] == "33"
    assert settings["net.ipv4.tcp_max_orphans"] is None, "the kernel shows it in the first namespace only"
    assert "net.core.somaxconn = 77: " in text_of(ns, "listen")
    done = run(PROGRAM, "explain", "-N", ns.name, "listen")
    assert done.returncode == 0 and "net.core.somaxconn = 77: " in done.stdout, done.stderr


# ---- ports ----

def answers(line, protocol="tcp"):
    return [line["bindable"][protocol][family]["answer"] for family in ("ipv4", "ipv6")]


def reasons(line):
    keys = "why", "proto", "ipv4", "ipv6", "sockets"
    return [tuple(each[key] for key in keys) for each in line["bindable"]["reasons"]]


@pytest.mark.parametrize("word", ["80", ":80", "http", ":http", "080"])
def test_every_spelling_of_a_port(ns, word):
    line = json_of(ns, word)
    assert (line["kind"], line["name"], line["port"], line["service"]["tcp"]) == ("port", "80", 80, "http")
    assert set(line["bindable"]) == {"tcp", "udp", "reasons"}


@pytest.mark.parametrize("word,port,protocol", [("80/tcp", 80, "tcp"), ("53/UDP", 53, "udp"), ("domain/udp", 53, "udp"),
                                                ("tftp/tcp", 69, "tcp")])
def test_port_of_one_protocol(ns, word, port, protocol):
    line = json_of(ns, word)
    assert line["port"] == port and set(line["bindable"]) == {protocol, "reasons"}
    assert set(line["service"]) == {protocol}


def test_free_port(ns):
    line = json_of(ns, "8080")
    assert answers(line) == answers(line, "udp") == ["yes", "yes"]
    assert line["listeners"] == [] and line["bindable"]["reasons"] == [] and line["connections"]["local"] == {}
    assert line["bindable"]["tcp"]["ipv4"] == {"answer": "yes", "errno": 0, "error": None, "errno_reuseaddr": 0}
    assert (line["privileged"], line["ephemeral"], line["reserved"]) == (False, False, False)
    text = text_of(ns, "8080")
    assert "No socket listens on it or is bound to it." in text
    assert re.search(r"TCP IPv4 yes TCP IPv6 yes TCP dual yes \(.*?\) UDP IPv4 yes UDP IPv6 yes UDP dual yes \(.*?\) $", text)


def test_port_0(ns):
    assert "bind() to it asks the kernel for a free port" in text_of(ns, "0")
    assert answers(json_of(ns, "0")) == [None, None]


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
    assert listener["owners"] == [{"pid": os.getpid(), "comm": comm_of(), "fd": server.fileno()}]
    text = text_of(ns, "8080")
    who = f"{comm_of()} (pid {os.getpid()}, fd {server.fileno()})"
    assert f"listens on {local_text(host, v6only)}:8080: {who}, user root, 0 of at most 16 wait" in text
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
    """The server closes first."""
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
    with ns.entered():  # it is as it was said
        plain, again = socket.socket(), socket.socket()
        with pytest.raises(OSError):
            plain.bind(("0.0.0.0", 8080))
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("0.0.0.0", 8080))
        plain.close()
        again.close()


def test_time_wait_of_a_client(ns):
    """It has not set SO_REUSEADDR, so that nobody else's helps."""
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
    assert line["connections"]["holders"] == [{"pid": os.getpid(), "comm": comm_of(), "count": 1}]
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



def test_the_trial_is_not_noticed(ns):
    """Who listens goes on, and who receives too."""
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


# ---- wrong use, missing privileges, hostile text ----

ALL = ("ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN or "
       "CLOSING")


@pytest.mark.parametrize("arguments,message", [
    (["CLOSE_WIAT"], "explain 'CLOSE_WIAT': there is no such state, port or service; the nearest is CLOSE_WAIT"),
    (["close-wiat"], "explain 'close-wiat': there is no such state, port or service; the nearest is CLOSE_WAIT"),
    (["htpps"], "explain 'htpps': there is no such state, port or service; the nearest is https"),
    (["xyzzy"], f"explain 'xyzzy': there is no such state, port or service: give {ALL}, a port from 0 to 65535, or a "
                "name of /etc/services"),
    (["65536"], "explain '65536': no port is greater than 65535"),
    (["80/sctp"], "explain '80/sctp': 'sctp' is no protocol whose ports are explained: give tcp or udp"),
    (["connected"], f"explain 'connected': these are several states: give one, {ALL}"),
    (["80", "443"], "explain takes one STATE or PORT, and '443' is a second"),
    (["-N", "no-such-one", "80"], "--netns no-such-one: no such network namespace: there "),
    (["\x1b[2J"], "explain '\\x1b[2J': there is no such state, port or service: give"),
    (["--jsn"], "--jsn: there is no such option; the nearest is --json (see tcpledger explain --help)"),
])
def test_wrong_use(arguments, message):
    done = run(PROGRAM, "explain", *arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith(f"tcpledger: {message}"), done.stderr


def test_help():
    done = run(PROGRAM, "explain", "--help")
    assert done.returncode == 0 and "[STATE|PORT]" in done.stdout and "--netns" in done.stdout
    assert "explain" in run(PROGRAM, "--help").stdout


def test_without_privileges(stuck):
    now = json_of(stuck.ns, "close-wait", prefix=NOBODY)["now"]
    assert (now["count"], now["holder_unknown"], now["holders"]) == (5, 5, [])
    assert "5 of them are held by processes that may not be looked into: run as root" in text_of(
        stuck.ns, "close-wait", prefix=NOBODY)
    line = json_of(stuck.ns, "9", prefix=NOBODY)
    assert line["listeners"][0]["owners"] == []
    assert "a process that may not be looked into (run as root to see it)" in text_of(stuck.ns, "9", prefix=NOBODY)
    done = run(*NOBODY, PROGRAM, "explain", "-N", stuck.ns.name, "close-wait")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == (f"tcpledger: --netns {stuck.ns.name}: it cannot be entered: that takes CAP_SYS_ADMIN; run "
                           "as root\n")


def test_hostile_name(ns):
    name = b"\x1b[2J\"x'"
    child = os.fork()
    if not child:
        libc.prctl(PR_SET_NAME, ctypes.c_char_p(name), 0, 0, 0)
        with ns.entered():
            _server = listen("0.0.0.0", 8080)
        time.sleep(60)
        os._exit(0)
    try:
        await_that(lambda: ns.ss("sport = :8080"), "the listener")
        text = explain(ns, "8080").stdout
        assert "\x1b" not in text and "\\x1b[2J\"x' (pid" in text
        assert json_of(ns, "8080")["listeners"][0]["owners"][0]["comm"] == "\x1b[2J\"x'"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


# ---- how it looks ----

def test_width_and_color(ns):
    for arguments in [], ["LISTEN"], ["80"]:
        plain = explain(ns, *arguments).stdout
        lines = [line for line in plain.splitlines() if "`" not in line]
        assert all(len(line) <= 100 for line in lines) and "\x1b" not in plain
        colored = explain(ns, "--color", "always", *arguments).stdout
        assert "\x1b[" in colored and re.sub(r"\x1b\[\d*m", "", colored) == plain


def test_closed_pipe_and_full_disk():
    done = run("sh", "-c", f"{PROGRAM} explain LISTEN | true")
    assert done.returncode == 0 and done.stderr == ""
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([PROGRAM, "explain", "80"], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 1 and b"No space left" in done.stderr
