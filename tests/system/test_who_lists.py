# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Who the processes are that hold sockets, in list, fds, audit and explain: parent, unit or container, program, command line."""

import json
import os
import re
import socket
import subprocess
import sys

import pytest
from conftest import PROGRAM, await_that, comm_of, port_of, run
from test_namespaces import container  # pylint: disable=unused-import
from test_usage import NOBODY

pytestmark = pytest.mark.any_kernel

WHO = "ppid pcomm exe cmdline unit container".split()
NOTHING = dict.fromkeys(WHO)
HEX_ID = "0123456789ab" + 52 * "c"
EXE = os.path.realpath(sys.executable)
SECRET = "--password=x\x1b[31m\" y"

SERVER = """
import os, socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""


class Server:
    """Listens on a port of its own, as a program that has a secret in its command line."""

    def __init__(self):
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([sys.executable, "-c", SERVER, SECRET], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = self.process.stdout.readline().strip()
        self.pid = self.process.pid

    @property
    def cmdline(self):
        with open(f"/proc/{self.pid}/cmdline", encoding="utf-8") as file:
            return file.read()[:256].rstrip("\0").replace("\0", " ")

    def who(self, **differing):
        return {"ppid": os.getpid(), "pcomm": comm_of(), "exe": EXE, "cmdline": self.cmdline, "unit": None, "container": None, **differing}

    def end(self):
        self.process.communicate()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.end()


def lines_of(*arguments, prefix=(), allowed=(0,)):
    done = run(*prefix, PROGRAM, *arguments)
    assert done.returncode in allowed, done
    return [json.loads(line) for line in done.stdout.splitlines()] if "--json" in arguments else done.stdout.splitlines()


def who(line):
    return {key: line[key] for key in WHO}


def told_everywhere(server, *more):
    """Returns who each command says the server is, in JSON."""
    port, pid = str(server.port), str(server.pid)
    listed, = lines_of("list", "-tlne", "--json", *more, "sport", "=", port)
    audited, = (line for line in lines_of("audit", "-t", "--json", *more, "sport", "=", port) if line["type"] == "listener")
    explained, = lines_of("explain", "--json", *more, port)
    described = lines_of("fds", "--json", *more, pid)
    told = [listed, audited, *listed["owners"], *audited["owners"], *explained["listeners"][0]["owners"], *described]
    assert len(told) > 8
    return [who(line) for line in told]


# ---- one process, in all commands ----


def test_json(server):
    wanted = told_everywhere(server)[0]
    assert wanted["unit"] is wanted["container"] is None or cgroup_of(server.pid) != "/", "the tests may run in a service"
    assert wanted == server.who(unit=wanted["unit"], container=wanted["container"])
    assert all(told == wanted for told in told_everywhere(server))


def cgroup_of(pid):
    with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
        return next(line for line in file if line.startswith("0::")).strip()[3:]


def test_no_cmdline(server):
    assert {told["cmdline"] for told in told_everywhere(server, "--no-cmdline")} == {None}
    assert {told["exe"] for told in told_everywhere(server, "--no-cmdline")} == {EXE}
    for command in ["list", "-tlne", "sport", "=", server.port], ["fds", str(server.pid)], ["audit"], ["explain", server.port]:
        assert "password" not in run(PROGRAM, *command, "--no-cmdline").stdout


def test_text(server):
    shown = r'parent:{} .*exe:{} cmd:"{} -c .*--password=x\\x1b\[31m\\x22 y"$'.format(
        re.escape(f"{comm_of()}/{os.getpid()}"), re.escape(EXE), re.escape(sys.executable))
    listed, = lines_of("list", "-Htlne", "sport", "=", server.port)
    assert re.search(r" ino:\d+ .* " + shown, listed)
    heading, told, *_ = lines_of("fds", str(server.pid))
    assert heading.startswith(f"{comm_of(server.pid)}, pid {server.pid}, ") and re.match(" " + shown, told)
    explained = " ".join(" ".join(lines_of("explain", server.port)).split())
    assert f" {comm_of(server.pid)} (pid {server.pid}), {EXE}" in explained
    assert f"started by {comm_of()} (pid {os.getpid()})" in explained and "password" not in explained
    with socket.create_connection(("127.0.0.1", int(server.port))) as client:
        explained = " ".join(" ".join(lines_of("explain", str(port_of(client)))).split())
        assert f" 1 {comm_of()} (pid {os.getpid()}), {os.path.realpath('/proc/self/exe')}" in explained


def test_program_of_a_finding(ns):
    with ns.entered(), socket.create_server(("0.0.0.0", 6379)):
        finding = next(line for line in lines_of("audit", "-H", "-N", ns.name, allowed=(3,)) if "6379" in line or "redis" in line)
    assert finding.endswith(f"; program {os.path.realpath('/proc/self/exe')}")


def test_list_without_details_says_nothing_of_it(server):
    line, = lines_of("list", "-tln", "--json", "sport", "=", server.port)
    assert not set(WHO) & (set(line) | set(line["owners"][0]))
    assert "exe:" not in lines_of("list", "-Htlnp", "sport", "=", server.port)[0]


# ---- units and containers ----


@pytest.mark.parametrize("group, unit, name", [
    ("web.service", "web.service", None),
    ("tl-own.slice/tl@1.service/worker", "tl@1.service", None),
    ("session-77.scope", "session-77.scope", None),
    (f"docker-{HEX_ID}.scope", f"docker-{HEX_ID}.scope", "docker:0123456789ab"),
    (r"tl-a\x2db c.service", r"tl-a\x2db c.service", None),
    ("plain", None, None),
])
def test_groups(container, group, unit, name):  # pylint: disable=redefined-outer-name
    """The group is one of the kernel's, made by the test. The JSON of all commands has what it is called."""
    process = container(group, 7011).process
    shown = unit and unit.replace("\\", r"\x5c")
    inside = "-N", str(process.pid)
    listed, = lines_of("list", "-tlne", "--json", *inside)
    audited, _ = lines_of("audit", "-t", "--json", *inside)
    explained, = lines_of("explain", "--json", *inside, "7011")
    described = lines_of("fds", "--json", str(process.pid))[0]
    for line in listed, audited, *listed["owners"], *audited["owners"], *explained["listeners"][0]["owners"], described:
        assert (line["unit"], line["container"]) == (shown, name)
    text = lines_of("list", "-Htlne", *inside)[0]
    assert text.count(" unit:") == bool(unit) and text.count(" container:") == bool(name)
    audit = " ".join(lines_of("audit", "-nt", *inside))
    assert (" Unit " in audit, " Container " in audit) == (bool(unit and not name), bool(name))
    explained = " ".join(" ".join(lines_of("explain", *inside, "7011")).split())
    assert ("container docker:0123456789ab" in explained) == bool(name)
    if unit and not name:
        assert f", unit {shown}, started by " in explained and shown in audit
        found = shown.replace(" ", r"\x20")
        assert f" unit:{found} " in text
        assert lines_of("list", "-Htln", *inside, "unit", found) and not lines_of("list", "-Htln", *inside, "unit", found + "x")


def test_filter(container, ns):  # pylint: disable=redefined-outer-name
    web, boxed = container("tl-test-web.service", 7012).process.pid, container(f"docker-{HEX_ID}.scope", 7013).process.pid
    with ns.entered(), socket.create_server(("127.0.0.1", 7014)):
        def passing(command, *words):
            lines = lines_of(*command, "--json", "--all-netns", *words, "sport >= 7012 and sport <= 7014", allowed=(0, 3))
            return {line["pid"] for line in lines if line["type"] in ("socket", "listener")}

        for command in ["list", "-tln"], ["audit", "-t"]:
            everyone = {web, boxed, os.getpid()}
            assert passing(command) >= everyone
            assert passing(command, "unit", "tl-test-web") == passing(command, "unit", "tl-test-web.service") == {web}
            assert passing(command, "unit tl-*-web.* or container docker:0123456789ab") == {web, boxed}
            assert passing(command, "container", HEX_ID) == passing(command, "container", HEX_ID[:12]) == {boxed}
            assert passing(command, "not", "unit", "tl-test-web") & everyone == {boxed, os.getpid()}
            assert passing(command, "exe", EXE) >= {web, boxed}
            assert passing(command, "exe", os.path.basename(EXE)) >= {web, boxed}
            assert passing(command, "exe", "python") & everyone == set() or os.path.basename(EXE) == "python"
            assert passing(command, "pcomm", comm_of()) >= {web, boxed}
            assert passing(command, "unit", "tl-test") == passing(command, "pcomm", "tl-nobody") == set()


# ---- programs that change ----


def test_program_that_was_deleted(tmp_path):
    """It is found by its path all the same."""
    program = tmp_path / "sleeps"
    with open("/bin/sleep", "rb") as binary:
        program.write_bytes(binary.read())
    program.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as server:
        os.set_inheritable(server.fileno(), True)
        with subprocess.Popen([program, "1000"], close_fds=False) as holder:
            try:
                wait_for_program(holder.pid, str(program))
                port = port_of(server)
                server.close()
                program.unlink()
                line, = lines_of("list", "-tlne", "--json", "sport", "=", str(port))
                assert (line["exe"], line["cmdline"]) == (f"{program} (deleted)", f"{program} 1000")
                for word in str(program), "sleeps", f"{program} (deleted)":
                    assert lines_of("list", "-Htln", "exe", word), word
                assert not lines_of("list", "-Htln", "exe", "sleep")
            finally:
                holder.kill()


def wait_for_program(pid, path):
    await_that(lambda: os.readlink(f"/proc/{pid}/exe") == path, "the program to be executed")


# ---- without privilege ----


def test_without_privilege(server):
    """What may not be seen is null. The parent and the group of a process are for all to see, but not who holds the socket."""
    line, = lines_of("list", "-tlne", "--json", "sport", "=", server.port, prefix=NOBODY)
    assert (line["pid"], line["owners_complete"]) == (None, False) and who(line) == NOTHING
    done = run(*NOBODY, PROGRAM, "list", "-tln", "--json", "unit", "nginx", "sport", "=", server.port)
    assert done.returncode == 3 and json.loads(done.stdout)["type"] == "incomplete"
