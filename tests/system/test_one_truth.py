# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What several commands tell of one socket is the same in each: list, fds, explain, audit and top on every kind of socket."""

import contextlib
import json
import os
import socket
import types

import pytest
from conftest import PROGRAM, close_in_turn, connect, listen, port_of, run
from test_explain import shows_bound_sockets

SO_BINDTODEVICE = 25
ENDS = "proto family laddr lport raddr rport".split()
# What a row of list has under the same names elsewhere. The rest differs by what the command is for.
WHO = "ppid pcomm exe cmdline unit container".split()
WITH_FDS = [*WHO, *ENDS, "netns", "netns_name", "state", "recvq", "sendq", "uid", "cookie", "interface", "ifindex", "interface_known", "v6only"]
WITH_AUDIT = [*WITH_FDS, "pid", "comm", "inode", "owners", "owners_complete", "lservice", "rservice"]
WITH_EXPLAIN = [*ENDS, "state", "recvq", "sendq", "uid", "interface", "ifindex", "interface_known", "v6only", "owners", "owners_complete",
                "lservice", "rservice"]
WITH_TOP = "netns netns_name family laddr lport raddr rport state recvq sendq uid cookie inode owners".split()


def udp(host="127.0.0.1", family=socket.AF_INET, device=None):
    made = socket.socket(family, socket.SOCK_DGRAM)
    if device:
        made.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, device)
    made.bind((host, 0))
    return made


def bound(host="127.0.0.1", family=socket.AF_INET, port=0):
    made = socket.socket(family)
    made.bind((host, port))
    return made


@pytest.fixture
def scene(ns):
    """Sockets of every kind, in a namespace whose local port range has since become another one."""
    made = types.SimpleNamespace(ns=ns)
    with contextlib.ExitStack() as opened:
        def keep(*sockets):
            for each in sockets:
                opened.callback(each.close)
            return sockets[0] if len(sockets) == 1 else sockets

        with ns.entered():
            made.listeners = [keep(listen()), keep(listen("::", family=socket.AF_INET6, v6only=True)),
                              keep(listen("::", family=socket.AF_INET6, v6only=False)), keep(listen("0.0.0.0", port=5432))]
            on_lo = keep(socket.socket())
            on_lo.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, b"lo")
            on_lo.bind(("", 0))
            on_lo.listen(3)
            made.listeners.append(on_lo)
            made.udp = [keep(udp()), keep(udp("::1", socket.AF_INET6)), keep(udp("0.0.0.0", device=b"lo"))]
            talking = keep(udp())
            talking.connect(made.udp[0].getsockname())
            made.udp.append(talking)
            made.bound = [keep(bound()), keep(bound("::1", socket.AF_INET6)), keep(bound(port=8080))]
            made.fresh = keep(socket.socket())
            made.client = keep(connect("127.0.0.1", 5432))
            keep(made.listeners[3].accept()[0])
            made.client.sendall(b"not read yet")
            half = keep(connect("::1", port_of(made.listeners[1])))
            keep(made.listeners[1].accept()[0])
            half.shutdown(socket.SHUT_WR)
            made.reset = keep(connect("127.0.0.1", 5432))
            made.reset.sendall(b"never read")
            made.listeners[3].accept()[0].close()
            close_in_turn(connect("127.0.0.1", 5432), made.listeners[3].accept()[0])
            ns.lose_arriving("tcp dport 9 drop")
            hanging = keep(socket.socket())
            hanging.setblocking(False)
            hanging.connect_ex(("127.0.0.1", 9))
        ns.sysctl("net.ipv4.ip_local_port_range", "20000 20100")
        yield made


def lines_of(scene, *arguments, status=0):
    done = run(PROGRAM, *arguments, "--json", "--netns", scene.ns.name)
    assert done.returncode == status, done
    return [json.loads(line) for line in done.stdout.splitlines()]


def part_of(line, names):
    return {name: line.get(name, "no such name") for name in names}


def listed_by_inode(scene, *more):
    lines = lines_of(scene, "list", "-tua", *more)
    return {line["inode"]: line for line in lines if line["inode"]}, lines


def inode(sock):
    return os.fstat(sock.fileno()).st_ino


def test_fds_tells_what_list_tells(scene):
    by_inode, _ = listed_by_inode(scene, "-ne")
    done = run(PROGRAM, "fds", "--json", str(os.getpid()))
    ours = {line["inode"]: line for line in map(json.loads, done.stdout.splitlines()) if line["kind"] == "socket"}
    assert by_inode and set(by_inode) <= set(ours)
    for number, line in by_inode.items():
        assert part_of(ours[number], WITH_FDS) == part_of(line, WITH_FDS)
    for sock in (scene.fresh, scene.reset):
        assert inode(sock) not in by_inode and ours[inode(sock)]["state"] == "CLOSE"


def test_bound_sockets(scene):
    """They are in CLOSE for all, where the kernel shows them; where it does not, no command claims to know."""
    shown = shows_bound_sockets(scene.ns)
    wanted = {inode(sock) for sock in scene.bound} if shown else set()
    for arguments in (["-ta"], ["-t", "state", "close"], ["-t", "state", "unconn"], ["-t", "exclude", "established"]):
        lines = [line for line in lines_of(scene, "list", *arguments) if line["state"] == "CLOSE"]
        assert {line["inode"] for line in lines} == wanted, arguments
    assert not [line for line in lines_of(scene, "list", "-tl") + lines_of(scene, "list", "-t") if line["state"] == "CLOSE"]
    totals = {line["state"]: 0 for line in lines_of(scene, "list", "-ts")}
    for line in lines_of(scene, "list", "-ts"):
        totals[line["state"]] += line["count"]
    assert totals.get("CLOSE", 0) == len(wanted)
    text = run(PROGRAM, "list", "-tanH", "-N", scene.ns.name).stdout
    assert text.count("CLOSE ") == len(wanted) and "UNCONN" not in text
    assert {line["state"] for line in lines_of(scene, "list", "-ua")} == {"UNCONN", "ESTABLISHED"}
    state, = lines_of(scene, "explain", "CLOSE")
    assert state["now"]["count"] == len(wanted) if shown else state["now"] is None
    overview, = lines_of(scene, "explain")
    counts = {each["name"]: each["count"] for each in overview["states"]}
    assert counts == totals
    port, = lines_of(scene, "explain", "8080/tcp")
    assert [listener["state"] for listener in port["listeners"]] == (["CLOSE"] if shown else [])
    done = run(PROGRAM, "fds", str(os.getpid())).stdout
    assert f"CLOSE inode {inode(scene.fresh)}, {'not bound' if shown else 'bound or not'}" in done


def test_audit_and_explain_tell_what_list_tells(scene):
    by_inode, _ = listed_by_inode(scene, "-e")
    audited = [line for line in lines_of(scene, "audit", status=3) if line["type"] == "listener"]
    listening = {inode(sock) for sock in scene.listeners + scene.udp[:3]}
    assert {line["inode"] for line in audited} == listening
    for line in audited:
        assert part_of(line, WITH_AUDIT) == part_of(by_inode[line["inode"]], WITH_AUDIT)
    servers = scene.listeners + scene.udp[:3] + (scene.bound if shows_bound_sockets(scene.ns) else [])
    for sock in servers:
        line = by_inode[inode(sock)]
        explained, = lines_of(scene, "explain", f"{port_of(sock)}/{line['proto']}")
        assert [part_of(each, WITH_EXPLAIN) for each in explained["listeners"]] == [part_of(line, WITH_EXPLAIN)]
        assert (explained["netns"], explained["netns_name"]) == (line["netns"], line["netns_name"])
        text = run(PROGRAM, "explain", "-N", scene.ns.name, str(port_of(sock))).stdout
        if line["interface"]:
            assert f"{line['laddr']}%lo:{port_of(sock)}" in text and "%1:" not in text


def test_top_tells_what_list_tells(scene):
    _, lines = listed_by_inode(scene, "-t")
    wanted = sorted((json.dumps(part_of(line, WITH_TOP)) for line in lines if line["state"] != "CLOSE" and line["proto"] == "tcp"))
    done = run(PROGRAM, "top", "-b", "-n", "1", "--json", "--netns", scene.ns.name)
    assert done.returncode == 0, done
    got = [line for line in map(json.loads, done.stdout.splitlines()) if line["type"] == "socket"]
    assert sorted(json.dumps(part_of(line, WITH_TOP)) for line in got) == wanted
    assert {line["state"] for line in got} >= {"LISTEN", "SYN_SENT", "ESTABLISHED", "FIN_WAIT2", "CLOSE_WAIT", "TIME_WAIT"}


def test_direction_does_not_come_from_the_range_alone(scene):
    now = lines_of(scene, "explain", "ESTABLISHED")[0]["now"]
    assert [(each["rport"], each["count"]) for each in now["destinations"]] == [(5432, 1)]
    assert [(each["lport"], each["count"]) for each in now["local_ports"]] == [(5432, 1)] and now["either_way"] == []
    text = run(PROGRAM, "explain", "-N", scene.ns.name, "estab").stdout
    assert f"Came in on local port: 1 {port_of(scene.client)}" not in " ".join(text.split())
    scene.listeners[3].close()
    now = lines_of(scene, "explain", "ESTABLISHED")[0]["now"]
    assert now["local_ports"] == [] and [each["rport"] for each in now["either_way"]] == [port_of(scene.client)]
    assert [each["rport"] for each in now["destinations"]] == [5432]
