# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""tcpledger explain: the meaning of states and the holders of ports, with the same numbers that the kernel shows to others."""

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
    """Returns the text in one line; test_width_and_color() checks where lines break."""
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
    """Waits until the peer's FIN has arrived."""
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
        """Makes a socket in CLOSE_WAIT. Its client, in FIN_WAIT2, is kept open."""
        server, client, accepted = connected_pair()
        self.keep(server, client, accepted)
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        if data:
            await_that(lambda: accepted.recv(64, socket.MSG_PEEK) == data, "the data")
            await_that(lambda: self.count_sockets("close-wait", port_of(accepted)), "CLOSE_WAIT")
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
        await_that(lambda: self.count_sockets("time-wait", port_of(server)), "TIME_WAIT")

    def closing_ones(self):
        """Makes a socket in FIN_WAIT1 and one in LAST_ACK, both of which have their FINs lost."""
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
        await_that(lambda: self.count_sockets("fin-wait-1", 9) and self.count_sockets("last-ack", 9), "FIN_WAIT1 and LAST_ACK")
        await_that(lambda: len(self.ns.exec("ss", "-Htan", "state", "fin-wait-1").stdout.splitlines()) == 1,
                   "the other FINs to be acknowledged")

    def count_sockets(self, state, port):
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
    """True if the kernel shows sockets that are only bound, as Linux 6.8 or later does when it is asked as by the ss of that time."""
    with (ns.entered(), socket.socket() as bound,
          socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as netlink):
        bound.bind(("0.0.0.0", 0))
        request = struct.pack("=BBBBI48x", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 1 << TCP_BOUND_INACTIVE)
        netlink.send(struct.pack("=IHHII", 16 + len(request), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST_DUMP, 1, 0) + request)
        return struct.unpack("=IH", netlink.recv(65536)[:6])[1] == SOCK_DIAG_BY_FAMILY


# ---- states ----

@pytest.mark.any_kernel
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


@pytest.mark.any_kernel
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
    [holder] = now["holders"]
    assert (holder["pid"], holder["comm"], holder["count"]) == (os.getpid(), comm_of(), 5)
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
    await_that(lambda: [each["recvq"] for each in json_of(ns, "listen")["now"]["waiting"]] == [2, 3], "the queues to fill")
    now = json_of(ns, "LISTEN")["now"]
    assert [(each["lport"], each["recvq"], each["sendq"], each["full"]) for each in now["waiting"]] == [
        (port_of(full), 2, 1, True), (port_of(filling), 3, 8, False)]
    assert now["waiting"][0]["owners"][0]["pid"] == os.getpid()
    text = text_of(ns, "LISTEN")
    assert "Connections wait for accept() in the queues of 2 listeners; 1 is full:" in text
    who = f"{comm_of()} (pid {os.getpid()}, fd {full.fileno()})"
    assert f" 2 with a backlog of 1 on 127.0.0.1:{port_of(full)}, {who}: FULL" in text
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
    at_home, there = (json.loads(run(PROGRAM, "explain", "--json", *options, "fin-wait-2").stdout)["settings"]
                      for options in ([], ["-N", ns.name]))
    assert there[1] == at_home[1] and there[1]["name"] == "net.ipv4.tcp_max_orphans", "it is the host's"
    assert there[0]["value"] == "33"


def test_reserved_ports_are_not_chosen(ns):
    ns.sysctl("net.ipv4.ip_local_port_range", "40000 40009")
    ns.sysctl("net.ipv4.ip_local_reserved_ports", "39999-40002,40009,50000")
    with ns.entered():
        server, client, accepted = connected_pair()
    server.close()
    assert "there are 6 local ports to each" in text_of(ns, "ESTABLISHED")
    client.close()
    accepted.close()


# ---- wrong use, missing privileges, hostile text ----

ALL = ("ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN or "
       "CLOSING")


@pytest.mark.any_kernel
@pytest.mark.parametrize("arguments,message", [
    (["CLOSE_WIAT"], "explain 'CLOSE_WIAT': there is no such state, port or service; the nearest is CLOSE_WAIT"),
    (["close-wiat"], "explain 'close-wiat': there is no such state, port or service; the nearest is CLOSE_WAIT"),
    (["htpps"], "explain 'htpps': there is no such state, port or service; the nearest is https"),
    (["xyzzy"], f"explain 'xyzzy': there is no such state, port or service: give {ALL}, a port from 0 to 65535, or a "
                "name of /etc/services"),
    (["65536"], "explain '65536': no port is greater than 65535"),
    (["80/sctp"], "explain '80/sctp': 'sctp' is no protocol whose ports are explained: give tcp or udp"),
    (["80/"], "explain '80/': a protocol is missing after the slash: give tcp or udp"),
    (["80-90"], "explain '80-90': this is more than one port: give one, as 80"),
    (["80,443"], "explain '80,443': this is more than one port: give one, as 80"),
    (["1.2.3.4:80"], "explain '1.2.3.4:80': a port is explained for all addresses at once: give :80"),
    (["[::1]:80"], "explain '[::1]:80': a port is explained for all addresses at once: give :80"),
    (["::1"], "explain '::1': this is an address: give a state, or a port"),
    (["--", "-1"], "explain '-1': no port is less than 0"),
    ([""], "explain: an empty word is neither a state nor a port"),
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


@pytest.mark.any_kernel
def test_help():
    done = run(PROGRAM, "explain", "--help")
    assert done.returncode == 0 and "[STATE|PORT]" in done.stdout and "--netns" in done.stdout
    assert "explain" in run(PROGRAM, "--help").stdout


@pytest.mark.parametrize("prefix,words,count", [
    (["sh", "-c", 'mount -t proc -o hidepid=2 proc /proc && exec "$@"', "sh", *NOBODY],
     "a process that cannot be seen (/proc hides those of others: run as root)",
     "5 of them are held by processes that cannot be seen: /proc hides the processes of others (hidepid): run as root"),
    (["unshare", "--pid", "--fork", "--mount-proc"],
     "no process of this PID namespace (run in the host's to see it)",
     "5 of them are held by no process of this PID namespace: run in the host's PID namespace"),
])
def test_holders_that_cannot_be_seen(stuck, prefix, words, count):
    prefix = ["unshare", "--mount", *prefix]
    assert words in re.sub(r"\s+", " ", text_of(stuck.ns, "9", prefix=prefix))
    assert count in re.sub(r"\s+", " ", text_of(stuck.ns, "close-wait", prefix=prefix))
    for topic in "9", "close-wait":
        assert json_of(stuck.ns, topic, prefix=prefix)["owners_complete"] is False


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


@pytest.mark.any_kernel
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

@pytest.mark.any_kernel
def test_width_and_color(ns):
    for arguments in [], ["LISTEN"], ["80"]:
        plain = explain(ns, *arguments).stdout
        lines = [line for line in plain.splitlines() if "`" not in line]
        assert all(len(line) <= 100 for line in lines) and "\x1b" not in plain
        colored = explain(ns, "--color", "always", *arguments).stdout
        assert "\x1b[" in colored and re.sub(r"\x1b\[\d*m", "", colored) == plain


@pytest.mark.any_kernel
def test_closed_pipe_and_full_disk():
    done = run("sh", "-c", f"{PROGRAM} explain LISTEN | true")
    assert done.returncode == 0 and done.stderr == ""
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([PROGRAM, "explain", "80"], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 1 and b"No space left" in done.stderr
