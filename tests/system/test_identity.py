# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Who the owner of a connection was: parent, program, command line, unit and container, also of a process that has long exited."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import await_that, comm_of, connect, listen, port_of, select

TREE = next((place for place in map(Path, ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")) if (place / "cgroup.procs").exists()), None)
HEX_ID = "0123456789ab" + 52 * "c"
WHO = ("ppid", "pcomm", "exe", "cmdline", "unit", "container")
EXE = os.path.realpath("/proc/self/exe")
CONNECTS = "import os, socket, sys\nsock = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"


@pytest.fixture
def group():
    """Makes control groups in the tree of version 2, and removes them when the test is over."""
    made = []

    def make(path):
        # The tree's root may have groups of the same name.
        parts = (f"tl-{os.getpid()}.slice/" + path).split("/")
        for depth in range(1, len(parts) + 1):
            made.append(TREE.joinpath(*parts[:depth]))
            made[-1].mkdir(exist_ok=True)
        return made[-1]

    if not TREE:
        pytest.fail("no control groups of version 2 are mounted")
    yield make
    for each in reversed(made):
        with contextlib.suppress(OSError):
            each.rmdir()


def enter(directory):
    (directory / "cgroup.procs").write_text("0")


@contextlib.contextmanager
def standing_still(tracer):
    """The tracer sleeps meanwhile: what happens now it finds out later."""
    tracer.process.send_signal(signal.SIGSTOP)
    await_that(lambda: state_of(tracer.process.pid) == "T", "the tracer to stop")
    try:
        yield
    finally:
        tracer.process.send_signal(signal.SIGCONT)


def state_of(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def forked(work):
    """Runs work() in a child, and awaits its end. Returns its pid."""
    pid = os.fork()
    if pid == 0:
        status = 1
        with contextlib.suppress(BaseException):
            work()
            status = 0
        os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
    return pid


def who(line):
    return {key: line[key] for key in WHO}


@pytest.mark.parametrize("path, unit, container", [
    ("web.service", "web.service", None),
    (f"docker-{HEX_ID}.scope", f"docker-{HEX_ID}.scope", "docker:0123456789ab"),
    ("user@1000.service/app.slice/own.service/part", "own.service", None),
    ("plain", None, None),
])
def test_process_that_is_gone(ns, tracer, group, path, unit, container):
    """Nothing of it is left in /proc when its line is written. Its control group is still there."""
    directory = group(path)
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server = listen()

        def work():
            enter(directory)
            connect("127.0.0.1", port_of(server)).close()
        with standing_still(trace):
            pid = forked(work)
    line = trace.await_transition(newstate="SYN_SENT", pid=pid)
    assert who(line) == {"ppid": os.getpid(), "pcomm": comm_of(), "exe": None, "cmdline": None, "unit": unit, "container": container}
    for later in trace.await_count(4, pid=pid):
        assert who(later) == who(line)


def test_control_group_that_is_gone_too(ns, tracer, group):
    directory = group("short.service")
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server = listen()

        def work():
            enter(directory)
            connect("127.0.0.1", port_of(server)).close()
        with standing_still(trace):
            pid = forked(work)
            directory.rmdir()
    line = trace.await_transition(newstate="SYN_SENT", pid=pid)
    assert who(line) == {"ppid": os.getpid(), "pcomm": comm_of(), "exe": None, "cmdline": None, "unit": None, "container": None}


def start_connected(process, ns, group, port, rest, *arguments, **kwargs):
    """Starts a process in a control group of its own that connects, and then does the rest."""
    directory = group("web.service")
    with ns.entered():
        child = process([sys.executable, "-c", CONNECTS + rest, "127.0.0.1", str(port), *arguments],
                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=lambda: enter(directory), **kwargs)
    return child


def test_process_that_is_there(ns, tracer, group, process):
    """Both ends: who called connect(), and who called listen(), whose identity the accepted connection has from its birth."""
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server = listen()
    child = start_connected(process, ns, group, port_of(server), "sys.stdin.read()", "a b", "")
    command = Path(f"/proc/{child.pid}/cmdline").read_bytes()
    line = trace.await_transition(newstate="SYN_SENT", pid=child.pid)
    assert who(line) == {"ppid": os.getpid(), "pcomm": comm_of(), "exe": EXE, "unit": "web.service", "container": None,
                         "cmdline": command.rstrip(b"\0").replace(b"\0", b" ").decode()}
    accepted = trace.await_transition(newstate="SYN_RECV", lport=port_of(server))
    assert accepted["pid"] == os.getpid()
    assert (accepted["ppid"], accepted["exe"]) == (os.getppid(), EXE)
    assert accepted["cmdline"] and Path("/proc/self/cmdline").read_bytes().replace(b"\0", b" ").decode().startswith(accepted["cmdline"])
    child.communicate()
    end = trace.await_transition(newstate="LAST_ACK" if trace.transitions(oldstate="CLOSE_WAIT") else "FIN_WAIT1", pid=child.pid)
    assert who(end) == who(line)


def test_long_and_hostile_command_line(ns, tracer, group, process):
    """Text that others choose: it is cut, escaped, and steers nobody's terminal."""
    traces = tracer("--netns", ns.name), tracer("--netns", ns.name, "--wide-owner", json_lines=False)
    with ns.entered():
        server = listen()
    child = start_connected(process, ns, group, port_of(server), "sys.stdin.read()", "\033[2J\n\t\"\\", 1000 * "x")
    line = traces[0].await_transition(newstate="SYN_SENT", pid=child.pid)
    command = Path(f"/proc/{child.pid}/cmdline").read_bytes()[:256].replace(b"\0", b" ").decode()
    assert line["cmdline"].replace("\\x5c", "\\") == command and len(command) == 256
    text = await_that(lambda: [row for row in traces[1].text().splitlines() if f" {child.pid} " in row], "a line of text")[0]
    assert f" parent:{comm_of()}/{os.getpid()} unit:web.service exe:{EXE} cmd:\"" in text
    assert "\\x1b[2J\\x0a\\x09\\x22\\x5c xxx" in text and "\033" not in text


def test_exec_since(ns, tracer, group, process):
    """The program that connected is not the one that runs now: nothing is known of its command line. Its name is that of then."""
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server = listen()
    with standing_still(trace):
        child = start_connected(process, ns, group, port_of(server), "sock.set_inheritable(True); os.execlp('sleep', 'sleep', '1000')")
        await_that(lambda: comm_of(child.pid) == "sleep", "execve()")
    line = trace.await_transition(newstate="SYN_SENT", pid=child.pid)
    assert line["comm"] != "sleep" and line["comm"].startswith("python")
    assert (line["exe"], line["cmdline"]) == (None, None)
    assert (line["ppid"], line["unit"]) == (os.getpid(), "web.service")


def test_exec_under_the_same_name(ns, tracer, process):
    """Each execve() makes another program of the process, also where its name stays."""
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server = listen()
        again = CONNECTS + "sys.stdin.read()"
        code = CONNECTS + "sys.stdin.readline()\nos.execv('/proc/self/exe', ['python3', '-c', sys.argv[3], *sys.argv[1:3], 'second'])"
        child = process([sys.executable, "-c", code, "127.0.0.1", str(port_of(server)), again], stdin=subprocess.PIPE)
    first = trace.await_transition(newstate="SYN_SENT", pid=child.pid)
    child.stdin.write(b"\n")
    child.stdin.flush()
    second = trace.await_count(2, newstate="SYN_SENT", pid=child.pid)[1]
    if first["comm"] == second["comm"]:  # a program that is started by its link is called "exe"
        assert first["exe"] == second["exe"]
    assert second["cmdline"].endswith(" second") and not first["cmdline"].endswith(" second")


def last_owner(trace, server):
    """Returns the line of the client's close, and of its end."""
    close = await_that(lambda: select(trace.transitions(rport=port_of(server)), newstate="FIN_WAIT1"), "the close")[0]
    end = await_that(lambda: select(trace.transitions(id=close["id"]), newstate="TIME_WAIT"), "the end")[0]
    return close, end


@pytest.mark.parametrize("kind", ["child", "child of an owner that has exited", "child that has called execve()"])
def test_child_that_closes(ns, tracer, kind):
    """It is the owner at the end, at once: no scan has seen it."""
    trace = tracer("--netns", ns.name)
    pids = os.pipe()
    with ns.entered():
        server = listen()

        def close_in_child(client, accepted, parents, open_in_parent):
            os.read(open_in_parent, 1)
            while os.getppid() in parents:
                time.sleep(0.001)
            os.write(pids[1], b"%d\n" % os.getpid())
            if kind == "child that has called execve()":
                client.set_inheritable(True)
                os.execlp("true", "true")
            client.close()
            accepted.close()

        def open_and_fork():
            client = connect("127.0.0.1", port_of(server))
            accepted = server.accept()[0]
            own, hold = os.getpid(), os.pipe()
            if os.fork() == 0:
                os.close(hold[1])
                with contextlib.suppress(BaseException):
                    close_in_child(client, accepted, [own] if kind == "child of an owner that has exited" else [], hold[0])
                os._exit(0)
            if kind != "child of an owner that has exited":
                client.close()
                os.close(hold[1])
                os.wait()
        opener = forked(open_and_fork)
    closer = int(os.read(pids[0], 20))
    for end in pids:
        os.close(end)
    close, end = last_owner(trace, server)
    first = trace.transitions(id=close["id"], newstate="SYN_SENT")[0]
    assert (first["pid"], first["owner_src"]) == (opener, "connect")
    assert (close["pid"], close["owner_src"]) == (end["pid"], end["owner_src"]) == (closer, "close")
    assert close["ts_ns"] - first["ts_ns"] < 10**9 or close["ppid"] in (opener, 1)
    if kind == "child that has called execve()":
        assert close["comm"] == "true"


def test_bystander_is_no_closer(ns, tracer):
    """Who closes a socket that was passed on is known once it was seen to hold it: nothing says that it is the owner's child."""
    ours, its = socket.socketpair()
    reader = os.fork()
    if reader == 0:  # it is there before the connection
        with contextlib.suppress(BaseException):
            its.recv(1)
            os.close(socket.recv_fds(its, 1, 1)[1][0])
            its.send(b"x")
        os._exit(0)
    trace = tracer("--netns", ns.name)
    with ns.entered():
        server = listen()
        client = connect("127.0.0.1", port_of(server))
    ours.send(b"x")
    socket.send_fds(ours, [b"x"], [client.fileno()])
    client.close()
    ours.recv(1)
    os.waitpid(reader, 0)
    close = await_that(lambda: trace.transitions(rport=port_of(server), newstate="FIN_WAIT1"), "the close")[0]
    assert close["pid"] == os.getpid() or close["owner_src"] == "close" and close["pid"] == reader


def test_holder_that_was_there_before(ns, tracer, group, process):
    """The owner of a connection that is older than the trace is known by a scan, and by what /proc tells of it now."""
    with ns.entered():
        server = listen()
    child = start_connected(process, ns, group, port_of(server), "print(flush=True); sys.stdin.read()")
    child.stdout.readline()
    trace = tracer("--netns", ns.name)
    child.communicate()
    line = await_that(lambda: trace.transitions(pid=child.pid), "a transition")[0]
    assert (line["exe"], line["unit"], line["ppid"], line["pcomm"]) == (EXE, "web.service", os.getpid(), comm_of())
    table = tracer("-b", "-n", "1", "--netns", ns.name, command="top")
    row = await_that(lambda: select(table.update(), type="socket", state="LISTEN"), "the listener")[0]
    assert (row["exe"], row["ppid"]) == (EXE, os.getppid())


@pytest.mark.any_kernel
def test_without_identities(ns, tracer):
    """Who is not asked for does not stand in a line of text."""
    trace = tracer("--netns", ns.name, json_lines=False)
    with ns.entered():
        server = listen()
        connect("127.0.0.1", port_of(server)).close()
    text = await_that(lambda: "FIN_WAIT2" in trace.text() and trace.text(), "lines")
    assert "parent:" not in text and "exe:" not in text
