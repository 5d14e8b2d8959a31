# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Connections that have the same addresses and ports on two interfaces, as link-local addresses, SO_BINDTODEVICE and VRFs allow: each
is one of its own, and its interface is shown and understood."""

import contextlib
import json
import os
import re
import socket

import pytest
from account import STATES, tables_of
from conftest import PROGRAM, NotReported, await_that, comm_of, listen, run, select, steps

SO_BINDTODEVICE = socket.SO_BINDTODEVICE
ADDRESSES = {"ipv4": ("10.7.0.1", "10.7.0.2"), "ipv6": ("fe80::1", "fe80::2")}
FAMILIES = [pytest.param("ipv4", marks=pytest.mark.any_kernel), "ipv6"]
CLIENT, SERVER = 4000, 5000  # the ports


class Links:
    """Two links from one namespace to another: x0 to y0 and x1 to y1. The addresses are the same on both links."""

    def __init__(self, netns):
        self.here, self.there = netns("here"), netns("there")
        for number in 0, 1:
            self.here.exec("ip", "link", "add", f"x{number}", "type", "veth", "peer", "name", f"y{number}", "netns", self.there.name)
        for ns, names, end in (self.here, ("x0", "x1"), 0), (self.there, ("y0", "y1"), 1):
            for name in names:
                ns.exec("ip", "link", "set", name, "addrgenmode", "none")
                ns.exec("ip", "link", "set", name, "up")
                ns.exec("ip", "addr", "add", f"{ADDRESSES['ipv4'][end]}/24", "dev", name)
                ns.exec("ip", "addr", "add", f"{ADDRESSES['ipv6'][end]}/64", "dev", name, "nodad")

    def bound(self, ns, family, name, end, port):
        """Returns a socket that is bound to an interface, an address and a port."""
        with ns.entered():
            made = socket.socket(socket.AF_INET6 if family == "ipv6" else socket.AF_INET)
            index = socket.if_nametoindex(name)
        made.settimeout(30)
        made.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, name.encode() + b"\0")
        made.bind((ADDRESSES[family][end], port, *([0, index] if family == "ipv6" else [])))
        return made, index

    def connect(self, family, number):
        """Returns (listener, client, accepted) of a connection over that link."""
        server, _ = self.bound(self.there, family, f"y{number}", 1, SERVER)
        server.listen(4)
        client, index = self.bound(self.here, family, f"x{number}", 0, CLIENT)
        client.connect((ADDRESSES[family][1], SERVER, *([0, index] if family == "ipv6" else [])))
        return server, client, server.accept()[0]


def close_all(*sockets):
    for each in sockets:
        each.close()


@pytest.fixture
def links(netns):
    return Links(netns)


def by_ss(ns):
    """The kernel's account: (state, local endpoint with its interface, peer)."""
    return sorted((STATES[state], local, peer) for state, local, peer in ns.ss("dport", "=", f":{SERVER}"))


def endpoint(line):
    address = f"[{line['laddr']}]" if line["family"] == 6 else line["laddr"]
    return f"{address}%{line['interface']}:{line['lport']}"


def peer(line):
    return f"[{line['raddr']}]:{line['rport']}" if line["family"] == 6 else f"{line['raddr']}:{line['rport']}"


def by_lines(lines):
    return sorted((line["state"], endpoint(line), peer(line)) for line in select(lines, type="socket", rport=SERVER))


def by_list(ns, *words):
    lines = [json.loads(line) for line in run(PROGRAM, "list", "-tanN", ns.name, "--json", *words).stdout.splitlines()]
    return select(lines, type="socket", rport=SERVER)


def close_one_by_one(links, connections, check):
    """Closes two connections, the clients first: these end in TIME_WAIT. Calls check(their states) after each step."""
    (_, first, first_accepted), (_, second, second_accepted) = connections
    links.here.sysctl("net.ipv4.tcp_fin_timeout", 600)
    check("ESTABLISHED", "ESTABLISHED")
    first.close()
    check("ESTABLISHED", "FIN_WAIT2")
    second.close()
    first_accepted.close()  # from here on there is a minute
    check("FIN_WAIT2", "TIME_WAIT")
    second_accepted.close()
    check("TIME_WAIT", "TIME_WAIT")


def await_states(ns, states):
    """Waits until the kernel has connections in just these states, and returns its account."""
    return await_that(lambda: (rows := by_ss(ns)) and sorted(row[0] for row in rows) == sorted(states) and rows, f"the states {states}")


def shown_by(ns, table):
    """Returns a function that waits for a top that runs to show what the kernel has."""
    def check(*states):
        theirs, count = await_states(ns, states), len(tables_of(table))
        await_that(lambda: len(tables_of(table)) > count + 1 and by_lines(tables_of(table)[-1]) == theirs,
                   f"a table of {states}", failure=NotReported)
    return check


LIFE = ["CLOSE>SYN_SENT", "SYN_SENT>ESTABLISHED", "ESTABLISHED>FIN_WAIT1", "FIN_WAIT1>FIN_WAIT2", "FIN_WAIT2>TIME_WAIT"]


@pytest.mark.parametrize("source", ["iter", "proc"])
@pytest.mark.parametrize("family", FAMILIES)
def test_one_tuple_on_two_interfaces(links, tracer, family, source):
    """Two connections that differ in their interface alone are two from their birth to their TIME_WAIT, and neither ends with the
    other. /proc shows no interface: its rows find both all the same."""
    trace = tracer("--netns", links.here.name, f"--snapshot-source={source}")
    table = tracer("-b", "-d", "0.3", "-n", "10000", f"--snapshot-source={source}", "--netns", links.here.name, command="top")
    connections = [links.connect(family, number) for number in (0, 1)]
    check = shown_by(links.here, table)
    close_one_by_one(links, connections, check)
    await_that(lambda: len(trace.transitions(newstate="TIME_WAIT")) == 2, "two TIME_WAITs", failure=NotReported)
    lines = trace.transitions(rport=SERVER)
    assert list(steps(lines).values()) == [LIFE, LIFE], lines
    assert {line["id"]: line["interface"] for line in lines} == dict(zip(steps(lines), ("x0", "x1")))
    for line in lines:
        with links.here.entered():
            assert line["ifindex"] == socket.if_nametoindex(line["interface"])
        assert line["interface_known"] is True
    links.here.exec("ss", "-Kt", "state", "time-wait", "dev", "x1")
    end = trace.await_transition(oldstate="TIME_WAIT", newstate="CLOSE")
    if source == "proc":  # which of two has gone, the one row left does not show
        await_that(lambda: len(select(tables_of(table)[-1], state="TIME_WAIT")) == 1, "one row", failure=NotReported)
    else:
        assert end["interface"] == "x1"
        check("TIME_WAIT")
    assert len(trace.transitions(oldstate="TIME_WAIT")) == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_found_on_two_interfaces(links, family):
    """The same for connections that are older than the tracer: iterators show the interface of each kind of socket, and so does
    netlink."""
    def check(*states):
        theirs = await_states(links.here, states)
        assert by_lines(by_list(links.here)) == theirs
        if states == ("ESTABLISHED", "FIN_WAIT2"):
            return
        once = run(PROGRAM, "top", "-b", "-n1", "--json", "--netns", links.here.name).stdout
        assert by_lines(map(json.loads, once.splitlines())) == theirs
    close_one_by_one(links, [links.connect(family, number) for number in (0, 1)], check)


@pytest.mark.parametrize("family", FAMILIES)
def test_half_open_on_two_interfaces(links, tracer, family):
    """So do half-open handshakes, whose listeners are found by their interfaces."""
    links.there.lose_arriving("tcp flags & (syn | ack) == ack drop;")
    table = tracer("-b", "-d", "0.3", "-n", "10000", "--netns", links.there.name, command="top")
    kept = []
    for number in 0, 1:
        server, _ = links.bound(links.there, family, f"y{number}", 1, SERVER)
        server.listen(4)
        client, index = links.bound(links.here, family, f"x{number}", 0, CLIENT)
        client.connect((ADDRESSES[family][1], SERVER, *([0, index] if family == "ipv6" else [])))
        kept += [server, client]

    def half_open():
        rows = select(tables_of(table)[-1] if tables_of(table) else [], type="socket", state="SYN_RECV")
        return len(rows) == 2 and rows
    rows = await_that(half_open, "two half-open handshakes")
    assert {row["interface"] for row in rows} == {"y0", "y1"}, rows
    assert all((row["pid"], row["owner_src"]) == (os.getpid(), "inherited") for row in rows)
    links.there.lose_nothing()
    close_all(*kept)


def test_children_of_a_listener_that_is_bound_to_none(links, tracer):
    """A child has the interface that its link-local address came by, and its listener has none."""
    trace = tracer("--netns", links.there.name)
    with links.there.entered():
        server = socket.create_server(("::", SERVER), family=socket.AF_INET6)
    clients = []
    for number in 0, 1:
        client, index = links.bound(links.here, "ipv6", f"x{number}", 0, CLIENT)
        client.connect((ADDRESSES["ipv6"][1], SERVER, 0, index))
        clients.append((client, server.accept()[0]))
    trace.await_count(2, oldstate="SYN_RECV", newstate="ESTABLISHED")
    births = trace.transitions(oldstate="SYN_RECV", newstate="ESTABLISHED")
    assert {line["interface"] for line in births} == {"y0", "y1"}, births
    assert all((line["pid"], line["comm"]) == (os.getpid(), comm_of()) for line in births)
    (listening,) = trace.transitions(newstate="LISTEN")
    assert (listening["interface"], listening["ifindex"], listening["interface_known"]) == (None, None, True)
    for client, accepted in clients:
        client.close()
        accepted.close()
    server.close()


@pytest.mark.any_kernel
def test_shown_as_list_shows_it(links, tracer):
    """The text of trace and top, and what /proc does not tell."""
    trace = tracer("--netns", links.here.name, json_lines=False)
    connections = [links.connect("ipv6", number) for number in (0, 1)]
    connections.append(links.connect("ipv4", 1))
    listed = {line.split()[4] for line in run(PROGRAM, "list", "-tnHN", links.here.name).stdout.splitlines()}
    assert listed == {"[fe80::1]%x0:4000", "[fe80::1]%x1:4000", "10.7.0.1%x1:4000"}
    top = run(PROGRAM, "top", "-b", "-n1", "--netns", links.here.name).stdout
    assert {line.split()[3] for line in top.splitlines() if line.startswith("ESTAB")} == listed
    for address in "fe80::1%x0", "fe80::1%x1", "10.7.0.1%x1":
        await_that(lambda: [line for line in trace.text().splitlines() if line.split()[3] == address and "ESTABLISHED" in line],
                   f"a line of {address}", failure=NotReported)
    once = run(PROGRAM, "top", "-b", "-n1", "--json", "--snapshot-source=proc", "--netns", links.here.name).stdout
    rows = select(map(json.loads, once.splitlines()), type="socket", rport=SERVER)
    assert [(row["interface"], row["ifindex"], row["interface_known"]) for row in rows] == 3 * [(None, None, False)]
    for each in connections:
        close_all(*each)


def test_interface_that_changes(links, tracer):
    """SO_BINDTODEVICE binds a connection to another interface, and to none: it is the same connection."""
    trace = tracer("--netns", links.here.name)
    server, client, accepted = links.connect("ipv4", 0)
    trace.await_transition(newstate="ESTABLISHED", interface="x0")
    client.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, b"")
    accepted.close()
    line = trace.await_transition(newstate="CLOSE_WAIT")
    assert (line["interface"], line["ifindex"]) == (None, None)
    client.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, b"x0\0")
    client.close()
    line = trace.await_transition(newstate="CLOSE")
    assert line["interface"] == "x0"
    assert list(steps(trace.transitions()).values()) == [
        ["CLOSE>SYN_SENT", "SYN_SENT>ESTABLISHED", "ESTABLISHED>CLOSE_WAIT", "CLOSE_WAIT>LAST_ACK", "LAST_ACK>CLOSE"]]
    server.close()


@pytest.mark.any_kernel
def test_interface_that_is_gone(links, tracer):
    """An interface that has gone keeps its name for the last lines of its connections; who did not know it has its number."""
    trace = tracer("--netns", links.here.name)
    server, client, accepted = links.connect("ipv6", 0)
    index = trace.await_transition(newstate="ESTABLISHED", interface="x0")["ifindex"]
    links.here.exec("ip", "link", "del", "x0")
    (row,) = by_list(links.here)
    assert (row["interface"], row["ifindex"]) == (None, index)
    assert f"[fe80::1]%{index}:4000" in run(PROGRAM, "list", "-tnHN", links.here.name).stdout.split()
    assert f"[fe80::1]%{index}:4000" in run(PROGRAM, "top", "-b", "-n1", "--netns", links.here.name).stdout.split()
    links.here.exec("ss", "-K6tn", "dport", "=", f":{SERVER}")
    end = trace.await_transition(newstate="CLOSE")
    assert (end["interface"], end["ifindex"], end["reason"]) == ("x0", index, "killed")
    close_all(server, client, accepted)


def put_into_vrfs(ns):
    """Puts y0 into the VRF red and y1 into blue, each with its addresses and routes. A listener outside is for both."""
    for number, vrf in enumerate(("red", "blue")):
        ns.exec("ip", "link", "add", vrf, "type", "vrf", "table", str(10 + number))
        ns.exec("ip", "link", "set", vrf, "up")
        ns.exec("ip", "link", "set", f"y{number}", "master", vrf)  # which takes the IPv6 addresses away
        ns.exec("ip", "addr", "replace", f"{ADDRESSES['ipv6'][1]}/64", "dev", f"y{number}", "nodad")
    ns.sysctl("net.ipv4.tcp_l3mdev_accept", 1)


@pytest.mark.guest
@pytest.mark.parametrize("family, where", [("ipv4", "outside"), ("ipv6", "in both")])
def test_one_tuple_in_two_vrfs(links, tracer, family, where):
    """A child has the interface of its VRF, or with a link-local address that of the link, and its listener that of the VRF or
    none. The owner is found all the same, and both connections end in a TIME_WAIT of their own."""
    put_into_vrfs(links.there)
    trace = tracer("--netns", links.there.name, "--accept-source=scan")
    servers = []
    for vrf in ("red", "blue") if where == "in both" else (None,):
        with links.there.entered():
            server = socket.socket(socket.AF_INET6 if family == "ipv6" else socket.AF_INET)
        if vrf:
            server.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, vrf.encode() + b"\0")
        server.bind(("", SERVER))
        server.listen(4)
        servers.append(server)
    pairs = []
    for number in 0, 1:
        client, index = links.bound(links.here, family, f"x{number}", 0, CLIENT)
        client.connect((ADDRESSES[family][1], SERVER, *([0, index] if family == "ipv6" else [])))
        pairs.append((client, servers[number if where == "in both" else 0].accept()[0]))
    births = trace.await_count(2, oldstate="SYN_RECV", newstate="ESTABLISHED")
    names = {"y0", "y1"} if family == "ipv6" else {"red", "blue"}
    assert {line["interface"] for line in births} == names, births
    assert all((line["pid"], line["owner_src"]) == (os.getpid(), "inherited") for line in births), births
    for client, accepted in pairs:
        accepted.close()
        client.close()
    ends = trace.await_count(2, newstate="TIME_WAIT")
    assert {line["interface"] for line in ends} == names, ends
    once = run(PROGRAM, "top", "-b", "-n1", "--netns", links.there.name).stdout
    theirs = {row[1] for row in links.there.ss() if row[0] == "TIME-WAIT"}
    assert len(theirs) == 2 and {line.split()[3] for line in once.splitlines() if line.startswith("TIME_WAIT")} == theirs
    for server in servers:
        server.close()


@pytest.mark.any_kernel
def test_interfaces_in_a_filter(links, tracer):
    """A filter takes an interface by name, by index, and behind an address as it is printed; in each namespace the one of its own."""
    trace = tracer("--netns", links.here.name, "dev", "x0")
    traced = tracer("--netns", links.here.name, "[fe80::1]%x1:4000")
    connections = [links.connect("ipv6", number) for number in (0, 1)]
    with links.here.entered():
        index = socket.if_nametoindex("x0")

    def found(*words):
        return sorted(endpoint(line) for line in by_list(links.here, *words))
    x0, x1 = ["[fe80::1]%x0:4000"], ["[fe80::1]%x1:4000"]
    assert found("dev", "x0") == found("dev", "=", str(index)) == found("src", *x0) == found(*x0) == found("dst [fe80::2]%x0:5000") == x0
    assert found("dev", "!=", "x0") == found(f"not dev {index}") == found("[fe80::1]%x1") == found(*x1) == x1
    assert found("dev", "y0") == []
    top = run(PROGRAM, "top", "-b", "-n1", "--netns", links.here.name, "dev", "x1").stdout
    assert [line.split()[3] for line in top.splitlines() if line.startswith("ESTAB")] == x1
    for each in connections:
        close_all(*each)
    trace.await_transition(oldstate="ESTABLISHED")
    traced.await_transition(oldstate="ESTABLISHED")
    assert {line["interface"] for line in trace.transitions()} == {"x0"}
    assert {line["interface"] for line in traced.transitions()} == {"x1"}
    audit = run(PROGRAM, "audit", "-N", links.there.name, "--json", "dev", "y1", "--allow", "5000")
    assert audit.returncode == 0


SIGNS = ['"q"', "a)", "a|b", "!x", "(x", "a'b", "=x", "a]b", "a,b", "[v]", "-x", "a#b", "a&b", "<x>", "and", "é", "a\\x41", "22"]


@pytest.mark.any_kernel
def test_interfaces_with_signs_in_their_names(ns):
    """Linux takes nearly any name. The local address, and the name within it, are understood as they are printed."""
    index = {}
    for number in range(0, len(SIGNS), 2):
        ns.exec("ip", "link", "add", f"d{number}", "type", "veth", "peer", "name", f"d{number + 1}")
    for number, name in enumerate(SIGNS):
        ns.exec("ip", "link", "set", f"d{number}", "name", name)
    with ns.entered(), contextlib.ExitStack() as stack:
        for number, name in enumerate(SIGNS):
            index[SERVER + number] = socket.if_nametoindex(name)
            for family, host in (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"):
                server = stack.enter_context(socket.socket(family))
                server.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, name.encode())
                if family == socket.AF_INET6:
                    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                server.bind((host, SERVER + number))
                server.listen(1)
        printed = [line.split()[4] for line in run(PROGRAM, "list", "-ltnH").stdout.splitlines()]
        assert len(printed) == 2 * len(SIGNS)
        on = dict(re.findall(r":(\d+) .* on (\S+) ", run(PROGRAM, "audit", "-Hnt").stdout))
        for endpoint in printed:
            host, port = endpoint.rsplit(":", 1)
            for words in [endpoint], ["src", endpoint], [f"({endpoint})"], [f"sport = :{port} and {endpoint}"]:
                done = run(PROGRAM, "list", "-ltnH", *words)
                assert [line.split()[4] for line in done.stdout.splitlines()] == [endpoint], (words, done)
            name = host.split("%", 1)[1]
            assert on[port] == name
            done = run(PROGRAM, "list", "-ltnH", "--json", "dev", name)
            assert {json.loads(line)["ifindex"] for line in done.stdout.splitlines()} == {index[int(port)]}, (name, done)
        for endpoint in printed[:4]:
            port = endpoint.rsplit(":", 1)[1]
            explained = run(PROGRAM, "explain", "-n", endpoint)
            assert explained.returncode == 2 and explained.stderr.endswith(f": a port is explained for all addresses at once: give :{port}\n")
            allowed = run(PROGRAM, "audit", "--allow", endpoint)
            assert allowed.returncode == 2 and "an entry is for all interfaces" in allowed.stderr, endpoint


@pytest.mark.any_kernel
def test_interface_that_is_nowhere():
    """A name that no interface has is no mistake for sure: the interface may come. A number is an index."""
    done = run(PROGRAM, "list", "-tn", "dev", "tl-nosuch")
    assert done.returncode == 0
    assert "tcpledger: warning: there is no interface 'tl-nosuch', in any network namespace\n" in done.stderr
    assert "no interface" not in run(PROGRAM, "list", "-tn", "dev", "2147483647").stderr


@pytest.mark.any_kernel
def test_interface_where_proc_tells_none(ns):
    """Of a socket of which /proc does not tell the interface it cannot be said whether the filter means it."""
    command = [PROGRAM, "list", "-tanN", ns.name, "--socket-source=proc", "dev", "lo"]
    assert run(*command).returncode == 0
    with ns.entered(), listen():
        done = run(*command)
    assert done.returncode == 3 and len(done.stdout.splitlines()) == 1
    assert "1 socket is left out: the filter asks for the interface, which /proc does not tell" in done.stderr
