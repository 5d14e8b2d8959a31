# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""tcpledger list shows the sockets that ss and netstat show, with the same letters."""

import ctypes
import json
import os
import re
import resource
import socket
import subprocess
import sys
import time
from select import select as select_files

import pytest
from account import stalls
from conftest import (PROGRAM, STATUS_IS_OURS_WITHOUT_PROC, WITHOUT_PROC, await_that, close_in_turn, comm_of, connect,
                      connected_pair, listen, messages, port_of, run, select, seeds)
from test_namespaces import cgroup_root, container  # pylint: disable=unused-import
from test_usage import NOBODY

SOURCES = ["diag", "proc"]
NAMES_OF_SS = {"ESTAB": "ESTABLISHED", "SYN-SENT": "SYN_SENT", "SYN-RECV": "SYN_RECV", "FIN-WAIT-1": "FIN_WAIT1",
               "FIN-WAIT-2": "FIN_WAIT2", "TIME-WAIT": "TIME_WAIT", "CLOSE-WAIT": "CLOSE_WAIT", "LAST-ACK": "LAST_ACK"}
PR_SET_NAME = 15
MIXED_LOAD = os.path.join(os.path.dirname(__file__), "mixed_load.py")


def tcpledger(ns, *arguments, prefix=(), status=0):
    done = ns.exec(*prefix, PROGRAM, "list", *arguments, check=False)
    assert done.returncode == status, done.stderr
    return done


def rows_of(text):
    """Returns lines of ss or of tcpledger as (netid, state, recvq, sendq, local, peer, {(pid, fd)})."""
    rows = []
    for line in text.splitlines():
        fields = line.split(None, 6)
        users = set(re.findall(r",pid=(\d+),fd=(\d+)\)", line))
        local, peer = fields[4], fields[5]
        if fields[0].startswith("u_"):  # "path inode", where the path may be *
            local, peer = " ".join(fields[4:6]), "* " + fields[6].split()[1]
        rows.append((fields[0], NAMES_OF_SS.get(fields[1], fields[1]), fields[2], fields[3], local, peer, frozenset(users)))
    return sorted(rows, key=str)


NETIDS = {"t": "tcp", "u": "udp", "w": "raw", "x": ""}


def by_ss(ns, letters):
    """Returns the rows of ss. Where one protocol was asked for, ss leaves out the first column; else it shows more kinds than
    tcpledger. For raw sockets that column has their protocol, where the kernel has raw_diag."""
    asked = [NETIDS[letter] for letter in letters if letter in NETIDS]
    lines = ns.exec("ss", "-H" + letters).stdout.splitlines()
    if len(asked) == 1 and asked[0]:
        lines = [f"{asked[0]} {line}" for line in lines]
    lines = [re.sub(r"^(\?\?\?|icmp6?) ", "raw ", line) for line in lines]
    return rows_of("\n".join(line for line in lines if line.split()[0] in ("tcp", "udp", "raw", "u_str", "u_dgr", "u_seq")))


def by_us(ns, letters, *arguments):
    return rows_of(tcpledger(ns, "-H" + letters, *arguments).stdout)


def json_of(ns, *arguments, **kwargs):
    return [json.loads(line) for line in tcpledger(ns, "--json", *arguments, **kwargs).stdout.splitlines()]


class Kinds:
    """Sockets of many kinds in one namespace, at rest."""

    def __init__(self, ns, folder):
        self.ns = ns
        self.sockets = []
        with ns.entered():
            self.make_tcp()
            self.make_udp()
            self.make_raw()
            self.make_unix(str(folder))

    def keep(self, *sockets):
        self.sockets += sockets
        return sockets[0]

    def make_tcp(self):
        self.keep(listen("0.0.0.0", 80), listen("127.0.0.1", 6379, backlog=7))
        self.keep(listen("::", 443, family=socket.AF_INET6, v6only=0), listen("::", 8443, family=socket.AF_INET6, v6only=1))
        self.keep(*connected_pair(), *connected_pair("::1"))
        mapped = self.keep(listen("::", 0, family=socket.AF_INET6, v6only=0))
        client = self.keep(connect("127.0.0.1", port_of(mapped)))
        accepted = self.keep(mapped.accept()[0])
        client.sendall(b"unread")
        await_that(lambda: len(accepted.recv(16, socket.MSG_PEEK)) == 6, "bytes that nobody reads")
        for _ in range(2):  # two connections that nobody accepts
            self.keep(connect("127.0.0.1", port_of(mapped)))
        server, half, other = connected_pair()
        half.shutdown(socket.SHUT_WR)
        await_that(lambda: self.ns.exec("ss", "-Htan", "state", "fin-wait-2").stdout, "the peer's ACK")
        self.keep(server, half, other)
        server, first, second = connected_pair()
        port = first.getsockname()[1]
        close_in_turn(first, second)
        self.keep(server)
        await_that(lambda: f":{port}" in self.ns.exec("ss", "-Htan", "state", "time-wait").stdout, "a TIME_WAIT")
        await_that(lambda: not self.ns.exec("ss", "-Htan", "state", "last-ack").stdout, "its other end to be gone")

    def make_udp(self):
        bound = self.keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        bound.bind(("127.0.0.1", 514))
        sender = self.keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sender.connect(("127.0.0.1", 514))
        sender.send(b"unread")
        other = self.keep(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
        other.bind(("::", 53))
        bound = self.keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        bound.bind(("0.0.0.0", 68))

    def make_raw(self):
        self.keep(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
        self.keep(socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6))

    def make_unix(self, folder):
        for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET:
            self.keep(*socket.socketpair(socket.AF_UNIX, kind))
            server = self.keep(socket.socket(socket.AF_UNIX, kind))
            server.bind(f"{folder}/{int(kind)}")
            if kind != socket.SOCK_DGRAM:
                server.listen(5)
        self.keep(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)).bind(b"\0abstract\0name")

    def close(self):
        for each in self.sockets:
            each.close()


@pytest.fixture
def kinds(ns, tmp_path):
    made = Kinds(ns, tmp_path)
    yield made
    made.close()


# ---- the same as ss ----

@pytest.mark.parametrize("letters", ["tulnp", "tan", "uanp", "wanp", "xanp", "tn", "n", "ln", "tlnp", "an4", "tan6", "lnx",
                                     "tuwxanp"])
def test_same_as_ss(kinds, letters):
    ours, theirs = by_us(kinds.ns, letters), by_ss(kinds.ns, letters)
    # Where the kernel has no raw_diag, ss shows every raw IPv6 socket at :: as one that takes IPv4 too; no raw socket does.
    theirs = sorted(((*row[:4], "[::]:58", "[::]:*", row[6]) if row[4] == "*:58" else row for row in theirs), key=str)
    if not set(letters) & set("al"):  # raw_diag reports all states, whichever it is asked for, and ss shows them
        theirs = [row for row in theirs if row[:2] != ("raw", "UNCONN")]
    if "p" not in letters:  # tcpledger says that holders are unknown only in that column
        assert "users:" not in str(ours)
    assert ours == theirs


def test_from_proc_as_from_netlink(kinds):
    """Both sources agree, except on facts that /proc does not show: the limits of listeners, the queues, users and peers of unix
    sockets."""
    def lines_from(source):
        lines = json_of(kinds.ns, "-tuxan", f"--socket-source={source}", "--holder-source=proc")
        for line in lines:
            for name in "ts", "ts_ns", "id", "cookie", "interface", "ifindex", "interface_known", "v6only", "timer_ms", "cgroup":
                line.pop(name, None)
            if line["state"] == "LISTEN":
                line.pop("sendq")
            if line["proto"] == "unix":
                for name in "recvq", "sendq", "uid", "peer_inode":
                    line.pop(name, None)
        return sorted(map(json.dumps, lines))
    assert lines_from("diag") == lines_from("proc")


@pytest.mark.parametrize("source", SOURCES)
def test_owners_by_iterator_as_by_proc(kinds, source):
    def owners_from(holders):
        lines = json_of(kinds.ns, "-tuxan", f"--socket-source={source}", f"--holder-source={holders}")
        return {line["inode"]: [(owner["pid"], owner["fd"], owner["comm"]) for owner in line["owners"]] for line in lines}
    child = os.fork()
    if child == 0:
        os.read(os.pipe()[0], 1)
        os._exit(0)
    try:
        held = owners_from("iter")
        assert held == owners_from("proc")
        assert {pid for holders in held.values() for pid, *_ in holders} >= {os.getpid(), child}
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_same_as_netstat(kinds):
    """Compares ports, states and queues: netstat prints no names and cuts addresses."""
    theirs = []
    for line in kinds.ns.exec("netstat", "-tuan").stdout.splitlines()[2:]:
        proto, recvq, sendq, local, peer, *state = line.split()
        state = state[0] if state else "-"
        theirs.append((proto[:3], state, recvq, "-" if state == "LISTEN" else sendq, local.rsplit(":", 1)[1], peer.rsplit(":", 1)[1]))
    ours = []
    for row in by_us(kinds.ns, "tuan"):
        state = {"ESTABLISHED": "ESTABLISHED" , "UNCONN": "-"}.get(row[1], row[1])
        ours.append((row[0], state, row[2], "-" if state == "LISTEN" else row[3], row[4].rsplit(":", 1)[1], row[5].rsplit(":", 1)[1]))
    assert sorted(ours) == sorted(theirs)


def same_as_ss(ns, letters, *arguments):
    """Waits until list shows the same as ss does before and after it, but for TCP sockets that are only bound: not every ss asks for
    them. Returns the rows."""
    def known_to_both(rows):
        return [row for row in rows if row[:2] not in (("tcp", "CLOSE"), ("tcp", "UNCONN"))]

    def compare():
        before, ours, after = map(known_to_both, (by_ss(ns, letters), by_us(ns, letters, *arguments), by_ss(ns, letters)))
        return ours if before == after == ours else None
    return await_that(compare, f"list -{letters} to be as ss -{letters}")


@pytest.mark.soak
@pytest.mark.heavy
@pytest.mark.parametrize("seed", seeds(1, 10))
def test_same_as_ss_after_mixed_load(netns, process, seed):
    """Forked and passed descriptors, half-open and half-closed connections, full backlogs, TIME_WAITs."""
    spaces = [netns(), netns()]
    print(f"mixed load: --seed {seed}")
    load = process([sys.executable, MIXED_LOAD, "--seed", str(seed), "--steps", "1500", *(ns.name for ns in spaces)],
                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert json.loads(load.stdout.readline())["done"]
    for ns in spaces:
        assert same_as_ss(ns, "tanp") and same_as_ss(ns, "tanp", "--holder-source=proc") and same_as_ss(ns, "tulnp")


HOLD = """
import os, resource, socket, sys
count = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
server = socket.create_server(("127.0.0.1", 0), backlog=1024)
held = [server]
for _ in range(count):
    client = socket.socket()
    client.connect(server.getsockname())
    held += [client, server.accept()[0]]
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.heavy
def test_a_hundred_thousand(ns, process):
    """Every socket is listed, once and with its holder: in more than one batch, from more than one answer."""
    holders = []
    with ns.entered():
        for _ in range(8):
            holders.append(process([sys.executable, "-c", HOLD, "6250"], stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    for holder in holders:
        assert holder.stdout.readline() == b"ready\n"
    rows = by_us(ns, "tanp")
    assert len(rows) == len(set(rows)) == 100000 + 8
    assert {len(row[6]) for row in rows} == {1}
    assert {pid for row in rows for pid, _ in row[6]} == {str(holder.pid) for holder in holders}
    assert len({row[4:6] for row in rows}) == len(rows)
    of_proc = by_us(ns, "tanp", "--socket-source=proc", "--holder-source=proc")
    assert {row[4:] for row in of_proc} == {row[4:] for row in rows}
    for holder in holders:
        holder.communicate(timeout=60)


# ---- how sockets are shown ----

def test_addresses(kinds):
    listeners = {row[4]: row for row in by_us(kinds.ns, "tln")}
    assert {"0.0.0.0:80", "127.0.0.1:6379", "*:443", "[::]:8443"} <= set(listeners)
    assert listeners["127.0.0.1:6379"][3] == "7"
    assert listeners["*:443"][5] == "*:*" and listeners["[::]:8443"][5] == "[::]:*"
    assert any(row[4].startswith("[::ffff:127.0.0.1]:") and row[2] == "6" for row in by_us(kinds.ns, "tn"))
    assert any(row[4] == "0.0.0.0%lo:68" for row in by_us(kinds.ns, "uan"))
    assert any(row[4].startswith("@abstract@name ") for row in by_us(kinds.ns, "xan"))


def test_link_local_addresses_have_their_interface(netns):
    """Link-local addresses are shown as by ss, both for sockets bound to an interface and for those connected over one."""
    here, there = netns(), netns()
    here.exec("ip", "link", "add", "eth7", "type", "veth", "peer", "name", "eth8", "netns", there.name)
    for ns, name in (here, "eth7"), (there, "eth8"):
        ns.exec("ip", "link", "set", name, "addrgenmode", "none")
        ns.exec("ip", "link", "set", name, "up")
        ns.exec("ip", "-6", "addr", "add", f"fe80::{name[-1]}/64", "dev", name, "nodad")
    with there.entered():
        server = socket.socket(socket.AF_INET6)
        server.bind(("fe80::8", 7011, 0, socket.if_nametoindex("eth8")))
        server.listen(4)
        bound = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        bound.bind(("fe80::8", 7012, 0, socket.if_nametoindex("eth8")))
    with here.entered():
        client = socket.socket(socket.AF_INET6)
        client.settimeout(30)
        client.connect(("fe80::8", 7011, 0, socket.if_nametoindex("eth7")))
    accepted = server.accept()[0]
    for ns in here, there:
        for letters in "tanp", "uanp", "tulnp":
            assert by_us(ns, letters) == by_ss(ns, letters)
    assert "[fe80::8]%eth8:7011" in {row[4] for row in by_us(there, "tln")}
    assert "[fe80::8]%eth8:7012" in {row[4] for row in by_us(there, "uln")}
    assert "[fe80::8]%eth8:7011" in run(PROGRAM, "list", "-tlnN", there.name).stdout
    (line,) = json_of(here, "-tn")
    assert (line["laddr"], line["raddr"], line["interface"]) == ("fe80::7", "fe80::8", "eth7")
    for each in server, bound, client, accepted:
        each.close()


@pytest.mark.any_kernel
def test_services_of_the_right_protocol(kinds):
    rows = by_us(kinds.ns, "tula")
    assert {"0.0.0.0:http", "*:https"} <= {row[4] for row in rows if row[0] == "tcp"}
    assert "127.0.0.1:syslog" in {row[4] for row in rows if row[0] == "udp"}, "TCP's port 514 is shell"
    assert {":icmp", "*:ipv6-icmp"} & {row[4].replace("0.0.0.0", "") for row in by_us(kinds.ns, "wa")}


def test_listener_has_its_backlog_in_the_queues(kinds):
    (line,) = [line for line in json_of(kinds.ns, "-tl") if line["recvq"]]
    assert (line["recvq"], line["sendq"]) == (2, 16)


@pytest.mark.any_kernel
def test_json_names(kinds):
    lines = json_of(kinds.ns, "-tuwxap")
    for line in lines:
        assert line["type"] == "socket" and line["netns"] == kinds.ns.inode and line["netns_name"] == kinds.ns.name
        assert {"ts", "ts_ns", "id", "cookie", "family", "laddr", "lport", "raddr", "rport", "state", "recvq", "sendq", "inode",
                "in_state_us", "since_known", "pid", "comm", "uid", "owner_src", "owners"} <= set(line)
    assert {line["proto"] for line in lines} == {"tcp", "udp", "raw", "unix"}
    (web,) = select(lines, lport=80)
    assert web["owners"] == [{"pid": os.getpid(), "comm": comm_of(), "fd": web["owners"][0]["fd"]}]
    assert os.readlink(f"/proc/self/fd/{web['owners'][0]['fd']}") == f"socket:[{web['inode']}]"
    assert select(lines, state="TIME_WAIT")[0]["owners"] == []


def test_details(kinds):
    theirs = {line.split(" ino:")[1].split()[0]: line for line in kinds.ns.exec("ss", "-Htane").stdout.splitlines()
              if re.search(r" ino:[1-9]", line)}
    lines = tcpledger(kinds.ns, "-Htane").stdout.splitlines()
    ours = {match[1]: line for line in lines if (match := re.search(r" ino:(\d+)", line))}
    assert set(ours) == set(theirs) and len(ours) >= 15
    for inode, line in ours.items():
        assert re.search(r" sk:(\w+)", line)[1] == re.search(r" sk:(\w+)", theirs[inode])[1]
        assert " uid:0 " in line


@pytest.mark.any_kernel
def test_control_group_and_container(container):
    """The container is named after the path of the control group."""
    inside = container("docker-" + "0123456789abcdef" * 4 + ".scope", 7009)
    (line,) = [json.loads(line) for line in
               run(PROGRAM, "list", "-tle", "--json", "-N", str(inside.process.pid)).stdout.splitlines()]
    path = inside.group.removeprefix(cgroup_root())
    assert (line["lport"], line["cgroup"], line["container"]) == (7009, path, "docker:0123456789ab")
    text = run(PROGRAM, "list", "-Htlne", "-N", str(inside.process.pid)).stdout
    assert f" cgroup:{path} " in text and text.count("container:docker:0123456789ab") == 1


def test_timers(ns):
    with ns.entered():
        server, client, accepted = connected_pair()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    (line,) = [line for line in tcpledger(ns, "-Htno").stdout.splitlines() if f"127.0.0.1:{client.getsockname()[1]} " in
               line and "timer" in line]
    assert re.search(r"timer:\(keepalive,11[89]min[0-9sec]*,0\)|timer:\(keepalive,120min,0\)", line), line
    for each in server, client, accepted:
        each.close()


def test_internals(ns):
    with ns.entered():
        server, client, accepted = connected_pair()
        client.sendall(b"x" * 1000)
        await_that(lambda: len(accepted.recv(2000, socket.MSG_PEEK)) == 1000, "the bytes")
    lines = tcpledger(ns, "-Htni").stdout.splitlines()
    assert len(lines) == 4 and all(line.startswith("\t") for line in lines[1::2])
    (theirs,) = [line for line in ns.exec("ss", "-HOtnie").stdout.splitlines() if "bytes_sent:1000" in line]
    (ours,) = [line for line in tcpledger(ns, "-HOtni").stdout.splitlines() if "bytes_sent:1000" in line]
    for name in "mss", "cwnd", "bytes_acked", "pmtu", "wscale":
        assert re.search(rf" {name}:(\S+)", ours)[1] == re.search(rf" {name}:(\S+)", theirs)[1]
    agreed = [line.split(" wscale:")[0].split()[-3:] for line in (ours, theirs)]
    assert agreed[0] == agreed[1] and agreed[0][:2] == ["ts", "sack"]
    infos = [line["tcp_info"] for line in json_of(ns, "-tni") if line["tcp_info"].get("bytes_sent") == 1000]
    assert infos[0]["rtt_us"] > 0 and infos[0]["congestion"] == agreed[0][2] and infos[0]["options"] == ["ts", "sack"]
    assert {tuple(line["tcp_info"]["options"]) for line in json_of(ns, "-tnil")} == {()}
    for each in server, client, accepted:
        each.close()


@pytest.mark.any_kernel
def test_summary(kinds):
    totals = {(line["proto"], line["family"], line["state"]): line["count"] for line in json_of(kinds.ns, "-s", "-tuwx")}
    lines = json_of(kinds.ns, "-tuwxa")
    for (proto, family, state), count in totals.items():
        assert count == len(select(lines, proto=proto, family=family, state=state))
    assert sum(totals.values()) == len(lines)
    text = tcpledger(kinds.ns, "-st").stdout.splitlines()
    assert text[0].split() == ["Protocol", "Total", "IPv4", "IPv6", "States"]
    assert text[1].split()[:2] == ["tcp", str(len(select(lines, proto="tcp")))]


@pytest.mark.any_kernel
def test_heading(ns):
    assert tcpledger(ns, "-t").stdout == "Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port\n"
    assert tcpledger(ns, "-tp").stdout.rstrip().endswith(" Process")
    assert tcpledger(ns, "-Ht").stdout == ""


@pytest.mark.any_kernel
def test_widths_are_those_of_the_data(kinds):
    lines = tcpledger(kinds.ns, "-tanp").stdout.splitlines()
    column = lines[0].index("Peer Address:Port")
    for line in lines[1:]:
        assert line[column - 1] == " " and line[column] != " " and line.split()[5] == line[column:].split()[0]


@pytest.mark.any_kernel
def test_colour_by_state(kinds):
    assert "\x1b" not in tcpledger(kinds.ns, "-ta").stdout
    text = tcpledger(kinds.ns, "-ta", "--color=always").stdout
    assert "\x1b[36mLISTEN" in text and "\x1b[32mESTABLISHED" in text


# ---- filters ----

@pytest.mark.any_kernel
@pytest.mark.parametrize("words,ports", [([":80"], {80}), (["sport", "=", ":6379", "or", "sport", "=", ":443"], {443, 6379}),
                                         (["src", "127.0.0.1:6379"], {6379}), (["not", ":80", "and", "sport", "<", ":100"], set())])
def test_filters(kinds, words, ports):
    assert {line["lport"] for line in json_of(kinds.ns, "-tl", *words)} == ports


@pytest.mark.any_kernel
def test_filter_by_state_needs_no_letter(kinds):
    assert {row[1] for row in by_us(kinds.ns, "n", "state", "time-wait")} == {"TIME_WAIT"}
    assert {row[1] for row in by_us(kinds.ns, "tn", "state", "listening")} == {"LISTEN"}


@pytest.mark.any_kernel
def test_filter_by_owner(kinds, process):
    with kinds.ns.entered():
        other = listen(port=7777)
    sleeper = process(["sleep", "60"], pass_fds=[other.fileno()])
    other.close()
    await_that(lambda: comm_of(sleeper.pid) == "sleep", "sleep to run")
    for words in ["sleep"], ["comm", "sl*p"], ["pid", str(sleeper.pid)]:
        rows = by_us(kinds.ns, "tln", *words)
        assert [row[4] for row in rows] == ["127.0.0.1:7777"]
    assert by_us(kinds.ns, "tln", "nobodyhasthisname") == []


# ---- namespaces ----

def test_namespaces(netns):
    spaces = [netns(), netns()]
    servers = []
    for ns, port in zip(spaces, (7001, 7002)):
        with ns.entered():
            servers.append(listen(port=port))
    for ns, port in zip(spaces, (7001, 7002)):
        done = run(PROGRAM, "list", "-tlnN", ns.name)
        assert f"127.0.0.1:{port}" in done.stdout and "NETNS" not in done.stdout and "700" in done.stdout
    done = run(PROGRAM, "list", "-tln", "--all-netns")
    assert "NETNS" in done.stdout.splitlines()[0]
    for ns, port in zip(spaces, (7001, 7002)):
        assert re.search(rf" {ns.name} +127.0.0.1:{port} ", done.stdout)
    done = run(PROGRAM, "list", "-tln", "netns", spaces[0].name, "or", "netns", spaces[1].name)
    assert {"7001", "7002"} <= set(re.findall(r":(\d+)", done.stdout))
    done = run(PROGRAM, "list", "-N", "nosuch")
    assert done.returncode == 2 and "--netns nosuch: no such network namespace: there are" in done.stderr
    for server in servers:
        server.close()


# ---- privilege ----

@pytest.mark.any_kernel
def test_without_privilege(kinds):
    done = tcpledger(kinds.ns, "-tulnp", prefix=NOBODY)
    assert {row[:6] for row in rows_of(done.stdout)[1:]} >= {row[:6] for row in by_ss(kinds.ns, "tuln")}
    assert "users:" not in done.stdout
    assert re.fullmatch(r"tcpledger: warning: who holds \d+ of the sockets could not be seen, shown as -: run as root, .*\n", done.stderr)
    line = json_of(kinds.ns, "-tl", ":80", prefix=NOBODY)[0]
    assert (line["owners"], line["owners_complete"], line["netns_name"]) == ([], False, kinds.ns.name)
    assert json_of(kinds.ns, "-tl", ":80")[0]["owners_complete"]


@pytest.mark.any_kernel
@pytest.mark.parametrize("words", [["nginx"], ["not", "comm", "nginx"], ["pid", "1"]])
def test_filter_by_owner_without_privilege(kinds, words):
    """No socket is shown that may not pass the filter, and none is left out without a warning."""
    done = tcpledger(kinds.ns, "-Htln", *words, prefix=NOBODY, status=3)
    assert done.stdout == ""
    count = len(by_us(kinds.ns, "tln"))
    (line,) = json_of(kinds.ns, "-tl", *words, prefix=NOBODY, status=3)
    assert (line["type"], line["what"], line["count"]) == ("incomplete", "sockets", count) and "run as root" in line["why"]
    assert f"warning: {count} sockets are left out: who holds them could not be seen, and the filter asks" in done.stderr


@pytest.mark.any_kernel
def test_without_privilege_own_sockets_have_owners(ns):
    script = ("import socket,subprocess,sys; s = socket.create_server(('127.0.0.1', 7003)); "
              "sys.exit(subprocess.run(sys.argv[1:], check=False).returncode)")
    done = ns.exec(*NOBODY, "/usr/bin/python3", "-c", script, PROGRAM, "list", "-tlnp")
    assert re.search(r'127\.0\.0\.1:7003 .*users:\(\("python3",pid=\d+,fd=\d+\)\)', done.stdout)
    assert done.stderr == ""


def test_iterator_without_privilege(ns):
    """A user who insists on the iterator gets an error; one who does not gets the list from other sources."""
    done = tcpledger(ns, "-tlp", "--holder-source=iter", prefix=NOBODY, status=1)
    assert done.stdout == "" and "--holder-source=iter: " in done.stderr and "Give auto or proc" in done.stderr


@pytest.mark.any_kernel
def test_without_proc(ns):
    with ns.entered():
        server = listen(port=7010)
    done = ns.exec(*WITHOUT_PROC, *NOBODY, PROGRAM, "list", "-tlnp", check=False)
    assert done.returncode == 0 or not STATUS_IS_OURS_WITHOUT_PROC
    assert "127.0.0.1:7010" in done.stdout and "who holds the sockets cannot be found out" in done.stderr
    for command in "list", "audit":
        done = run(*WITHOUT_PROC, PROGRAM, command, "--all-netns")
        assert done.returncode == 1 and len(messages(done)) == 1 and "/proc is not mounted" in done.stderr
    server.close()


@pytest.mark.any_kernel
def test_hidepid(ns):
    """Every socket is listed although /proc shows nothing of other processes."""
    with ns.entered():
        server = listen(port=7004)
    script = 'mount -t proc -o hidepid=2 proc /proc && exec "$@"'
    done = ns.exec("unshare", "--mount", "sh", "-c", script, "sh", *NOBODY, PROGRAM, "list", "-tlnp")
    assert "127.0.0.1:7004" in done.stdout and "users:" not in done.stdout
    assert messages(done) == ["tcpledger: warning: who holds 1 of the sockets could not be seen, shown as -: /proc hides the processes of "
                              "others (hidepid): run as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"]
    server.close()


# ---- hostile ----

@pytest.mark.any_kernel
def test_hostile_names(ns, tmp_path):
    name = b'a"b\x1b[2J\n)'
    server = None
    before = open("/proc/self/comm", "rb").read().rstrip(b"\n")
    libc = ctypes.CDLL(None)
    path = str(tmp_path / 'x\x1b[2J\n"')
    try:
        with ns.entered():
            server = listen(port=7005)
            unix = socket.socket(socket.AF_UNIX)
            unix.bind(path)
            unix.listen(1)
        libc.prctl(PR_SET_NAME, name)
        for holders in "iter", "proc":
            text = tcpledger(ns, "-Htlxp", f"--holder-source={holders}", ":7005", "or", "not", "sport", "=", ":7005").stdout
            assert "\x1b" not in text and len(text.splitlines()) == 2
            assert r'users:(("a\x22b\x1b[2J\x0a)",pid=' in text and r"x\x1b[2J\x0a" in text
            lines = json_of(ns, "-tlxp", f"--holder-source={holders}")
            assert [line["comm"] for line in lines] == ['a"b\x1b[2J\n)'] * 2
    finally:
        libc.prctl(PR_SET_NAME, before)
        server.close()
        unix.close()


@pytest.mark.any_kernel
def test_path_that_looks_like_columns(ns, tmp_path):
    path = f"{tmp_path}/a 1   * 0  users:"
    with ns.entered():
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(1)
    (line,) = tcpledger(ns, "-Hlx").stdout.splitlines()
    assert path.replace(" ", r"\x20") in line and len(line.split()) == 8
    assert json_of(ns, "-lx")[0]["path"] == path
    server.close()


def test_thread_with_descriptors_of_its_own(ns, process):
    """A descriptor in two tables of the same process is listed once."""
    script = ("import ctypes, socket, sys, threading; s = socket.create_server(('127.0.0.1', 7013)); "
              "t = threading.Thread(target=lambda: (ctypes.CDLL(None).unshare(0x400), print(flush=True), sys.stdin.read())); "
              "t.start(); t.join()")
    holder = ns.popen(sys.executable, "-c", script, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"\n"
    for holders in "iter", "proc":
        (line,) = json_of(ns, "-tl", f"--holder-source={holders}")
        assert [owner["pid"] for owner in line["owners"]] == [holder.pid]
    holder.communicate(timeout=30)


@pytest.mark.any_kernel
def test_processes_that_exit_meanwhile(ns, process):
    busy = process(["sh", "-c", "while :; do sleep 0.001 & sleep 0.001; done"])
    with ns.entered():
        server = listen(port=7006)
    for holders in "iter", "proc":
        for _ in range(20):
            assert "127.0.0.1:7006" in tcpledger(ns, "-tlnp", f"--holder-source={holders}").stdout
    busy.kill()
    server.close()


@pytest.mark.any_kernel
def test_dead_name_server(ns, tmp_path):
    """A dead name server is waited for no longer than the message says; addresses that are known without it have their names."""
    conf = tmp_path / "resolv.conf"
    conf.write_text("nameserver 127.0.0.77\noptions timeout:30 attempts:5\n")
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.9 here.example\n")
    silent = None
    with ns.entered():
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        silent.bind(("127.0.0.77", 53))
        servers = [listen("127.0.0.8", 7007), listen("127.0.0.9", 7007)]
    script = f'mount --bind {conf} /etc/resolv.conf && mount --bind {hosts} /etc/hosts && exec "$@"'

    def list_in_time():
        """Returns the list; None if this machine stood still meanwhile, for the program waits for two seconds of the clock."""
        began = time.monotonic()
        done = ns.exec("unshare", "--mount", "sh", "-c", script, "sh", PROGRAM, "list", "-tlr")
        assert time.monotonic() - began < 15
        return done if stalls.seconds_lost_since(began) < 1 else None
    done = await_that(list_in_time, "a list on a machine that has time for it", patience=120)
    assert "127.0.0.8:7007" in done.stdout and "here.example:7007" in done.stdout
    assert re.search(r"1 address had no name within 2 seconds", done.stderr)
    for each in silent, *servers:
        each.close()


# ---- again and again ----

@pytest.mark.any_kernel
def test_long_interval_and_a_reader_that_leaves(ns, process):
    """The interval is longer than a poll() can wait. The program must notice before the next listing that its reader has left."""
    with ns.entered():
        lister = process([PROGRAM, "list", "-tc", "--interval", "4294967296ms"], stdout=subprocess.PIPE, text=True)
    assert lister.stdout.readline().startswith("Netid")
    assert not select_files([lister.stdout], [], [], 0.3)[0], "a second listing"
    lister.stdout.close()
    assert lister.wait(30) == 0


@pytest.mark.any_kernel
def test_repeated(ns, process):
    with ns.entered():
        server = listen(port=7008)
        lister = process([PROGRAM, "list", "-tlnc", "--interval", "100ms"], stdout=subprocess.PIPE, text=True)
    seen = [lister.stdout.readline() for _ in range(6)]
    assert seen[0] == seen[3] and seen[1] == seen[4] and seen[2] == seen[5] == "\n" and "7008" in seen[1]
    lister.stdout.close()
    assert lister.wait(30) == 0
    server.close()


# ---- wrong use ----

@pytest.mark.any_kernel
@pytest.mark.parametrize("arguments,message", [
    (["-tz"], "-tz: there is no letter 'z'; there are"),
    (["-T"], "-T: there is no letter 'T'; the nearest is -t"),
    (["--jsom"], "--jsom: there is no such option; the nearest is --json"),
    (["sprot", "=", ":80"], "'sprot' is not understood here; the nearest is 'sport'"),
    (["state", "bogus"], "'bogus' is no TCP state"),
    (["established"], "'established' alone says nothing: 'state established' is a state"),
    (["--socket-source=x"], "--socket-source x: give auto, diag or proc"),
    (["--interval=5"], "--interval: between which lists? Give -c, too"),
    (["-N", "host", "--all-netns"], "--netns and --all-netns: in one network namespace, or in all? Give one of them"),
    (["--all-netns", "-tN", "host"], "--netns and --all-netns: in one network namespace, or in all? Give one of them"),
])
def test_wrong_use(ns, arguments, message):
    done = tcpledger(ns, *arguments, status=2)
    assert done.stdout == "" and message in done.stderr


@pytest.mark.any_kernel
def test_full_disk():
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([PROGRAM, "list", "-xa"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "No space left" in done.stderr


# ---- threads with descriptors of their own ----

def owners_of(ns, port, *arguments, **kwargs):
    (line,) = json_of(ns, "-tl", *arguments, f"sport = {port}", **kwargs)
    return [(owner["pid"], owner["fd"]) for owner in line["owners"]]


@pytest.mark.parametrize("holders", ["iter", "proc"])
def test_socket_that_only_a_thread_holds(ns, holders):
    """Several threads share the table of descriptors with the socket; the process's own table has nothing of it."""
    script = ("import ctypes, socket, sys, threading\n"
              "def own():\n    ctypes.CDLL(None).unshare(0x400)\n    s = socket.create_server(('127.0.0.1', 7015))\n"
              "    more = [threading.Thread(target=sys.stdin.read) for _ in range(3)]\n"
              "    for each in more: each.start()\n"
              "    print(s.fileno(), flush=True)\n    for each in more: each.join()\n"
              "t = threading.Thread(target=own)\nt.start()\nt.join()\n")
    holder = ns.popen(sys.executable, "-c", script, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    fd = int(holder.stdout.readline())
    assert owners_of(ns, 7015, f"--holder-source={holders}") == [(holder.pid, fd)]
    holder.communicate(timeout=30)


@pytest.mark.parametrize("holders", ["iter", "proc"])
def test_socket_of_a_process_whose_main_thread_has_exited(ns, holders):
    script = ("import ctypes, os, socket, sys, threading\nexit_thread = 60 if os.uname().machine == 'x86_64' else 93\n"
              "def rest():\n    s = socket.create_server(('127.0.0.1', 7016))\n"
              "    print(s.fileno(), flush=True)\n    sys.stdin.read()\n"
              "threading.Thread(target=rest).start()\nctypes.CDLL(None).syscall(exit_thread, 0)\n")
    holder = ns.popen(sys.executable, "-c", script, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    fd = int(holder.stdout.readline())
    await_that(lambda: "\nState:\tZ" in open(f"/proc/{holder.pid}/status", encoding="utf-8").read(), "its main thread to exit")
    assert owners_of(ns, 7016, f"--holder-source={holders}") == [(holder.pid, fd)]
    holder.kill()
    holder.communicate(timeout=30)


# ---- few descriptors ----

@pytest.mark.any_kernel
@pytest.mark.parametrize("holders", ["auto", "proc"])
def test_descriptors_run_out(ns, holders):
    """With too few descriptors the program fails; it does not say that nobody holds the socket."""
    with ns.entered():
        server = listen(port=7017)
        outcomes = set()
        for limit in *range(4, 20), 64:
            done = run(PROGRAM, "list", "--json", "-tl", f"--holder-source={holders}", "sport = 7017",
                       preexec_fn=lambda most=limit: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)))
            outcomes.add(done.returncode == 0)
            assert done.returncode == 0 or done.stderr, limit
            for line in map(json.loads, done.stdout.splitlines() if done.returncode == 0 else []):
                assert (os.getpid(), server.fileno()) in {(owner["pid"], owner["fd"]) for owner in line["owners"]}, limit
    assert outcomes == {True, False}
    server.close()


def test_holders_that_cannot_be_found_out(ns):
    """Where neither way to find holders works, their list is marked as not complete."""
    with ns.entered():
        server = listen(port=7018)
    done = ns.exec(*WITHOUT_PROC, *NOBODY, PROGRAM, "list", "--json", "-tl", "sport = 7018", check=False)
    (line,) = map(json.loads, done.stdout.splitlines())
    assert (line["owners"], line["owners_complete"]) == ([], False)
    server.close()


# ---- root without rights ----

@pytest.mark.any_kernel
def test_root_that_is_refused(ns):
    """Root of another user namespace is refused: the message does not advise to run as root."""
    with ns.entered():
        server = listen(port=7019)
    done = tcpledger(ns, "-tlnp", "--holder-source=proc", "sport = 7019", prefix=["unshare", "--user", "--map-root-user"])
    assert "users:" not in done.stdout
    assert re.fullmatch(r"tcpledger: warning: who holds 1 of the sockets could not be seen, shown as -: not even by root: .*\n", done.stderr)
    server.close()


@pytest.mark.any_kernel
def test_root_of_another_pid_namespace(ns):
    with ns.entered():
        server = listen(port=7020)
    inside = ["unshare", "--pid", "--fork", "--mount-proc"]
    assert "run in the host's PID namespace\n" in tcpledger(ns, "-tlnp", "sport = 7020", prefix=inside).stderr
    server.close()
