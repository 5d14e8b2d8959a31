# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Names that look alike are distinguished, and each is understood as it is printed."""

import json
import os
import re
import socket
import subprocess
import sys

import pytest
from account import MOMENT
from conftest import PROGRAM, await_that, run, select

pytestmark = pytest.mark.any_kernel

LISTENER = """if True:
    import socket, sys
    with open("/proc/self/comm", "wb") as comm:
        comm.write(bytes.fromhex(sys.argv[1]))
    server = socket.create_server(("127.0.0.1", int(sys.argv[2])))
    print(flush=True)
    sys.stdin.read()"""
FIRST_PORT = 8001

# The name of each process, and how it is shown.
NAMES = {
    b"tlq-web": "tlq-web",
    b"tlq-\xe2\x80\x8bweb": r"tlq-\xe2\x80\x8bweb",
    b"tlq-web\xef\xb8\x8f": r"tlq-web\xef\xb8\x8f",
    b"tlq-web\\xff": r"tlq-web\x5cxff",
    b"tlq-web\xff": r"tlq-web\xff",
    b'tlq-w"\xc2\xa0\\': r'tlq-w"\xc2\xa0\x5c',
    b"tlq-*,\t:1": r"tlq-*,\x09:1",
    b"tlq-web ": r"tlq-web\x20",
    b"tlq  web": r"tlq \x20web",
}


def bytes_of(text):
    """Returns the bytes that were shown as `text`, in which \\xNN is a byte."""
    return re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes.fromhex(match[1].decode()), text.encode())


class Alike:
    """Processes with the names in NAMES, all of which listen in one network namespace."""

    def __init__(self, ns):
        self.ns = ns
        self.ports = {name: FIRST_PORT + i for i, name in enumerate(NAMES)}
        self.processes = {
            name: ns.popen(sys.executable, "-c", LISTENER, name.hex(), str(port), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for name, port in self.ports.items()}
        self.pids = {name: each.pid for name, each in self.processes.items()}
        for each in self.processes.values():
            assert each.stdout.readline() == b"\n"

    def tcpledger(self, *arguments):
        done = self.ns.exec(PROGRAM, *arguments, check=False)
        assert done.returncode in (0, 3), done
        return done.stdout

    def json_of(self, *arguments):
        return [json.loads(line) for line in self.tcpledger(*arguments, "--json").splitlines()]

    def end(self):
        for each in self.processes.values():
            each.communicate(timeout=30)


@pytest.fixture
def alike(ns):
    made = Alike(ns)
    yield made
    made.end()


def list_spellings(name):
    """Returns the ways to type a name: as it is shown, as jq -r prints it, and without characters that could mean something."""
    shown = NAMES[name]
    decoded = re.sub(r"(\\x[89a-e][0-9a-f])+", lambda match: bytes_of(match[0]).decode(), shown)
    bare = "".join(rf"\x{byte:02X}" for byte in name)
    meaning = shown.replace("*", r"\x2a").replace(",", r"\x2C").replace(":", r"\x3a")
    return {shown, decoded, bare} if meaning == shown else {meaning, bare}


def test_namespace_with_the_longest_name(process):
    """The name of a file has up to 255 bytes, each of which may be printed as four characters."""
    name = "tlq\\x41" + "\u200b" * 80
    shown = r"tlq\x5cx41" + r"\xe2\x80\x8b" * 80
    path = f"/run/netns/{name}"
    script = f"mkdir -p /run/netns; touch '{path}'; exec unshare --net='{path}' sh -c 'echo; read line'"
    holder = process(["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"\n"
    try:
        for words in ["list", "-tln", "-N", shown], ["trace", "--duration", MOMENT, "--netns", shown], ["explain", "80", "-N", shown], [
                "list", "-tln", "--all-netns", "netns", shown]:
            done = run(PROGRAM, *words)
            assert done.returncode == 0, done
        done = run(PROGRAM, "list", "-N", shown + "x")
        assert done.returncode == 2 and re.match(r"tcpledger: --netns [^ ]*\\x[0-9a-f]{2}…: no such network namespace", done.stderr), done
    finally:
        holder.communicate(b"\n", timeout=30)
        subprocess.run(["umount", "--lazy", path], check=True)  # tests beside this one may be looking at all namespaces
        os.unlink(path)


def test_list(alike):
    text = alike.tcpledger("list", "-Hntlp")
    lines = alike.json_of("list", "-tlp")
    for name, pid in alike.pids.items():
        (line,) = select(lines, pid=pid)
        assert bytes_of(line["comm"]) == name and bytes_of(line["owners"][0]["comm"]) == name
        quoted = NAMES[name].replace('"', r"\x22").replace(r"\x20", " ")
        assert f'users:(("{quoted}",pid={pid},fd=3))' in text
        for typed in list_spellings(name):
            assert [line["pid"] for line in alike.json_of("list", "-tlp", "comm", f"'{typed}'")] == [pid], typed
    assert len({line["comm"] for line in lines}) == len(NAMES)


def test_fds(alike):
    for name, pid in alike.pids.items():
        assert run(PROGRAM, "fds", str(pid)).stdout.startswith(f"{NAMES[name]}, pid {pid}, ")
        for typed in list_spellings(name):
            lines = [json.loads(line) for line in run(PROGRAM, "fds", "--json", typed).stdout.splitlines()]
            lines = [line for line in lines if line["pid"] in alike.pids.values()]  # other tests may have processes of that name
            assert {line["pid"] for line in lines} == {pid}, typed
            assert {bytes_of(line["comm"]) for line in lines} == {name}


def test_fds_nearest():
    """The proposed name can be typed as it is shown; the typed one is shown as it was typed."""
    process = subprocess.Popen([sys.executable, "-c", LISTENER, b"tlq-\\w\xe2\x80\x8bb".hex(), "0"],  # pylint: disable=consider-using-with
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    done = run(PROGRAM, "fds", r"tlq-\x5cq\xe2\x80\x8bb")
    process.communicate(timeout=30)
    assert done.stderr == ("tcpledger: fds tlq-\\x5cq\\xe2\\x80\\x8bb: there is no process of this name; the nearest is "
                           "tlq-\\x5cw\\xe2\\x80\\x8bb\n")


def test_audit(alike):
    text = alike.tcpledger("audit", "-Hnt")
    lines = alike.json_of("audit", "-t")
    for name, pid in alike.pids.items():
        (line,) = select(lines, pid=pid)
        assert bytes_of(line["comm"]) == bytes_of(line["process"]) == name
        quoted = '"' + NAMES[name].replace(r"\x20", " ") + '"'
        assert f" {pid}/{quoted if set(name) & set(b' ,:') else NAMES[name]} " in text


def test_audit_policy(alike, tmp_path, ns):
    """Among the listeners that reach beyond the host only the named one is expected."""
    script = LISTENER.replace("127.0.0.1", "0.0.0.0")
    servers = {name: ns.popen(sys.executable, "-c", script, name.hex(), str(port + 1000), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
               for name, port in alike.ports.items()}
    for each in servers.values():
        each.stdout.readline()
    file = tmp_path / "policy"
    for name, server in servers.items():
        for typed in list_spellings(name):
            file.write_text(f"{typed}:*\n", encoding="utf-8")
            for how in (["--policy", str(file)], ["--allow", f"{typed}:*"]):
                wide = select(alike.json_of("audit", "-t", *how)[:-1], reach="ipv4")
                assert len(wide) == len(NAMES)
                assert [line["pid"] for line in select(wide, allowed=True)] == [server.pid], (how, typed)
    for each in servers.values():
        each.communicate(timeout=30)


def test_trace(alike, tracer):
    text = tracer("--snapshot", "--netns", alike.ns.name, json_lines=False)
    ours = {name: tracer("--snapshot", "--netns", alike.ns.name, "--comm", NAMES[name])
            for name in (b"tlq-web\\xff", b"tlq-web\xff", b'tlq-w"\xc2\xa0\\')}
    for name, trace in ours.items():
        (line,) = await_that(lambda trace=trace: select(trace.update(), type="socket"), "the listener")
        assert line["pid"] == alike.pids[name] and bytes_of(line["comm"]) == name
    shown = await_that(lambda: text.text().count("LISTEN") == len(NAMES) and text.text(), "the lines")
    for name, pid in alike.pids.items():
        assert re.search(rf" {pid} +{re.escape(NAMES[name])} +127\.0\.0\.1 ", shown), name


def test_unix_sockets(ns, tmp_path):
    """Some names of unix sockets look alike where nothing is escaped."""
    folder = os.fsencode(tmp_path)
    names = {
        b"\0tlq\xe2\x80\x8b": r"@tlq\xe2\x80\x8b",
        b"\0tlq\\xff": r"@tlq\x5cxff",
        b"\0tlq\xff": r"@tlq\xff",
        folder + b"/a\xc2\xa0b": rf"{tmp_path}/a\xc2\xa0b",
        folder + b"/a b": rf"{tmp_path}/a\x20b",
        folder + rb"/a\x20b": rf"{tmp_path}/a\x5cx20b",
        folder + b"/a\xe3\x80\x80b": rf"{tmp_path}/a\xe3\x80\x80b",
    }
    servers = {}
    with ns.entered():
        for name in names:
            servers[name] = socket.socket(socket.AF_UNIX)
            servers[name].bind(name)
            servers[name].listen(1)
    for source in "diag", "proc":
        option = f"--socket-source={source}"
        shown = {line.split()[4] for line in ns.exec(PROGRAM, "list", "-Hlx", option).stdout.splitlines()}
        assert shown == set(names.values())
        lines = [json.loads(line) for line in ns.exec(PROGRAM, "list", "-lx", "--json", option).stdout.splitlines()]
        assert {bytes_of(line["path"]) for line in lines} == {name.replace(b"\0", b"@") for name in names}
    for each in servers.values():
        each.close()


def test_namespaces(netns):
    """One of two network namespaces has the name that the other is shown with."""
    made = [netns("\udcff"), netns(r"\xff")]
    shown = [f"{made[0].name[:-1]}\\xff", made[1].name.replace("\\", r"\x5c")]
    for each, name in zip(made, shown):
        with each.entered():
            server = socket.create_server(("127.0.0.1", 8001))
        lines = [json.loads(line) for line in run(PROGRAM, "list", "-tl", "-N", name, "--json").stdout.splitlines()]
        server.close()
        assert [(line["netns"], line["netns_name"]) for line in lines] == [(each.inode, name)]
    message = run(PROGRAM, "list", "-N", shown[1] + "?").stderr
    assert f"--netns {shown[1]}?: no such network namespace" in message
