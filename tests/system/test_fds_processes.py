# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""tcpledger fds: the processes and threads that it shows, and its messages about those that it may not look into."""

import contextlib
import ctypes
import errno
import json
import os
import re
import resource
import signal
import struct
import subprocess
import sys

import pytest
from conftest import PROGRAM, WITHOUT_PROC, await_that, children_of, comm_of, listen, messages, port_of, run
from test_fds import descriptor_lines, ends, fds, libc, may_take_from_own, opened, some_are_hidden  # pylint: disable=unused-import
from test_usage import NOBODY

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2


# ---- the processes shown ----

def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()[0]


def start_named(process, name, count, folder):
    """Starts processes of that name, each with a descriptor that no other has."""
    program = folder / name
    if not program.exists():
        program.write_bytes(open("/bin/sleep", "rb").read())
        program.chmod(0o755)
    started = [process([str(program), "60"], stdin=subprocess.DEVNULL) for _ in range(count)]
    for each in started:
        await_that(lambda: comm_of(each.pid) == name and state_of(each.pid) == "S", f"{name} to sleep")
    return started


@pytest.mark.any_kernel
def test_by_name(process, tmp_path):
    started = start_named(process, "tl-one", 2, tmp_path) + start_named(process, "tl-other", 1, tmp_path)
    both = sorted(each.pid for each in started[:2])
    headings = [line for line in fds("tl-one").stdout.splitlines() if ", pid " in line]
    assert [int(re.match(r"tl-one, pid (\d+), user root: 3 descriptors of at most \d+$", line)[1]) for line in headings] == both
    limit = re.search(r"Max open files +(\d+)", open(f"/proc/{both[0]}/limits", encoding="utf-8").read())[1]
    assert headings[0].endswith(f" at most {limit}")
    assert {json.loads(line)["pid"] for line in fds("tl-o*", "--json").stdout.splitlines()} == {each.pid for each in started}
    assert {json.loads(line)["pid"] for line in fds("tl-on?", "--json").stdout.splitlines()} == set(both)


@pytest.mark.any_kernel
@pytest.mark.parametrize("name,shown", [
    ("Uid:", "Uid:"), ("Tgid:", "Tgid:"), ("State:", "State:"), ("Name:", "Name:"), ("x\nUid:\t0\t9\t0", r"x\x0aUid:\x090\x099\x090"),
    ("\\nUid:\t9", r"\x5cnUid:\x099"), (") Z 1 (", ") Z 1 ("), ("Max open files", "Max open files"),
])
def test_names_that_look_like_lines_of_proc(process, name, shown):
    """Whatever a process is called: its user, its number and its limit are still found."""
    named = process([*NOBODY, "sh", "-c", 'printf %s "$0" > /proc/self/comm; ulimit -n 77; read x', name], stdin=subprocess.PIPE)
    await_that(lambda: comm_of(named.pid) == name and state_of(named.pid) == "S", "its name")
    heading = fds(str(named.pid)).stdout.splitlines()[0]
    assert heading == f"{shown}, pid {named.pid}, user nobody: 3 descriptors of at most 77"
    named.stdin.close()


@pytest.mark.any_kernel
def test_nearest_name(process, tmp_path):
    start_named(process, "tl-nearest", 1, tmp_path)
    done = fds("tl-naerest", status=2)
    assert done.stdout == ""
    assert done.stderr == "tcpledger: fds tl-naerest: there is no process of this name; the nearest is tl-nearest\n"
    assert "nor one that is nearly called so" in fds("qqqqqqqqqqqqqqqq", status=2).stderr


@pytest.mark.any_kernel
def test_no_such_pid(process):
    gone = process(["true"])
    gone.wait()
    assert f"fds {gone.pid}: there is no process of this number" in fds(str(gone.pid), status=2).stderr
    for never in "0", "4294967296", "9" * 30:
        assert f"fds {never}: there is no process of this number" in fds(never, status=2).stderr


@pytest.mark.any_kernel
@pytest.mark.parametrize("arguments,message", [
    ([], "of which process?"),
    ([""], "of which process?"),
    (["1", "2"], "give one process"),
    (["--jsom", "1"], "the nearest is --json"),
    (["x\x1b[2Jqqqqq"], r"x\x1b[2Jqqqqq"),
])
def test_wrong_use(arguments, message):
    done = fds(*arguments, status=2)
    assert done.stdout == "" and message in done.stderr and "\x1b" not in done.stderr


@pytest.mark.any_kernel
def test_processes_that_exit_meanwhile(process):
    busy = process(["sh", "-c", "while :; do sleep 0.001 & sleep 0.001 | cat; done"], stderr=subprocess.DEVNULL)
    for _ in range(20):
        done = run(PROGRAM, "fds", "s*", "--json")
        assert done.returncode == 0 and "Traceback" not in done.stderr
        assert not re.search(r"No such|exited", done.stderr)
        for line in done.stdout.splitlines():
            json.loads(line)
        assert run(PROGRAM, "fds", str(busy.pid)).returncode == 0
    busy.kill()


@pytest.mark.any_kernel
def test_descriptors_that_come_and_go(process):
    """A descriptor's number may be a pipe now and a socket then: each line describes one of them, never a mixture."""
    script = ("import os, socket\nprint('begins', flush=True)\nwhile True:\n    r, w = os.pipe(); os.close(r); os.close(w)\n"
              "    a, b = socket.socketpair(); a.close(); b.close()\n    os.close(os.open('/dev/null', 0)); os.close(os.open('/', 0))\n")
    busy = process([sys.executable, "-c", script], stdout=subprocess.PIPE)
    busy.stdout.readline()  # until this line comes, the interpreter opens files that it needs
    for _ in range(30):
        for line in descriptor_lines(busy.pid).values():
            assert line["kind"] in ("pipe", "socket", "character", "directory", "file")
            assert ("other_end" in line) == (line["kind"] == "pipe") and ("proto" in line) == (line["kind"] == "socket")
            if line["kind"] in ("character", "directory"):
                assert line["path"] in ("/dev/null", "/")


@pytest.mark.any_kernel
def test_kernel_thread_has_none():
    done = fds("kthreadd") if comm_of(2) == "kthreadd" else pytest.skip("not the host's processes")
    assert ": 0 descriptors" in done.stdout


# ---- threads ----

THREADS = """
import ctypes, os, socket, sys, threading
libc = ctypes.CDLL(None)
def own():
    libc.unshare(0x400)
    libc.prctl(15, b"tl-own")
    held = os.pipe(), socket.create_server(("127.0.0.1", 0))
    others = [threading.Thread(target=wait) for _ in range(2)]
    for each in others:
        each.start()
    noted.extend([threading.get_native_id(), others[0].native_id, *held[0], held[1].fileno()])
    ready.set()
    wait()
def wait():
    stop.wait()
stop, ready, noted = threading.Event(), threading.Event(), []
threads = [threading.Thread(target=wait), threading.Thread(target=own)]
shared = os.pipe()
for each in threads:
    each.start()
ready.wait()
print(threads[0].native_id, *shared, *noted, flush=True)
if "exit" in sys.argv:
    libc.syscall(60 if os.uname().machine == "x86_64" else 93, 0)  # of this thread alone
sys.stdin.read()
os._exit(0)
"""


@pytest.fixture
def threads(process):
    """Starts a process with a thread that shares its table of descriptors, one that does not, and two that share the latter's
    table."""
    def start(*arguments):
        child = process([sys.executable, "-c", THREADS, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        sharing, first, second, *rest = map(int, child.stdout.readline().split())
        return child, sharing, (first, second), *rest
    return start


def read_tables(pid):
    """Returns {tid: {fd: its line of JSON}}."""
    found = {}
    for line in map(json.loads, fds(str(pid), "--json").stdout.splitlines()):
        found.setdefault(line["tid"], {})[line["fd"]] = line
    return found


def test_thread_with_descriptors_of_its_own(threads):
    child, _sharing, pipe, owner, _another, reader, writer, server = threads()
    found = read_tables(child.pid)
    assert set(found) == {None, owner} and set(pipe) <= set(found[None])
    assert {line["pid"] for line in found[owner].values()} == {child.pid}
    assert {reader, writer, server} <= set(found[owner]) == set(map(int, os.listdir(f"/proc/{child.pid}/task/{owner}/fd")))
    held = {(other["fd"], other["access"], other["tid"]) for other in found[owner][reader]["others"]}
    assert held == {(writer, "w", owner)} and found[owner][reader]["other_end"] == "open"
    assert found[owner][server]["state"] == "LISTEN"
    text = fds(str(child.pid)).stdout
    assert f",tid={owner},fd={writer})" in text
    headings = [line for line in text.splitlines() if f", pid {child.pid}" in line]
    assert len(headings) == 2 and f", thread {owner} tl-own with descriptors of its own, user root: " in headings[1]


@pytest.mark.any_kernel
def test_thread_that_is_asked_for(threads):
    child, sharing, pipe, owner, another, reader, writer, _server = threads()
    assert set(read_tables(sharing)) == {None} and set(pipe) <= set(read_tables(sharing)[None])
    assert f", pid {child.pid}, thread {sharing} " in fds(str(sharing)).stdout.splitlines()[0]
    for tid in owner, another:
        found = read_tables(tid)
        assert set(found) == {tid} and found[tid][reader]["other_end"] == "open"
        assert {other["fd"] for other in found[tid][reader]["others"]} == {writer}, "the same one is none of the others"
        assert re.search(rf", pid {child.pid}, thread {tid} .+ with descriptors of its own, ", fds(str(tid)).stdout.splitlines()[0])


def test_process_whose_main_thread_has_exited(threads):
    child, sharing, pipe, owner, *_rest = threads("exit")
    await_that(lambda: "\nState:\tZ" in open(f"/proc/{child.pid}/status", encoding="utf-8").read(), "its main thread to exit")
    found = read_tables(child.pid)
    assert set(found) == {sharing, owner}
    assert found[sharing][pipe[0]]["other_end"] == "open" and found[sharing][pipe[0]]["kind"] == "pipe"
    headings = [line for line in fds(str(child.pid)).stdout.splitlines() if f", pid {child.pid}" in line]
    assert len(headings) == 2 and all(", whose main thread has exited, thread " in line for line in headings)


@pytest.mark.any_kernel
def test_process_that_has_exited(process):
    zombie = process(["true"])
    await_that(lambda: "\nState:\tZ" in open(f"/proc/{zombie.pid}/status", encoding="utf-8").read(), "it to exit")
    assert re.search(rf"^true, pid {zombie.pid}, which has exited, user root: 0 descriptors", fds(str(zombie.pid)).stdout)


# ---- what the kernel refuses ----

KCMP = 312 if os.uname().machine == "x86_64" else 272
PIDFD_GETFD = 438


EPERM_SAID, ENOSYS_SAID = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
KILLED, THREAD_KILLED, TRAPPED = 0x80000000, 0, 0x30000


def refuse_syscall(number, action=EPERM_SAID):
    """Returns a function that makes a program's system call fail, as the rules of containers do, or kills who makes it, as those of
    systemd do."""
    def refuse():
        rules = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, action), (0x06, 0, 0, 0x7fff0000)]
        code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
        program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(rules), ctypes.addressof(code)))
        assert libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program) == 0
    return refuse


@pytest.mark.parametrize("action", [EPERM_SAID, ENOSYS_SAID, KILLED, THREAD_KILLED, TRAPPED])
def test_tables_that_cannot_be_compared(threads, action):
    child, sharing, pipe, _owner, *_rest = threads()
    done = run(PROGRAM, "fds", "--json", str(child.pid), preexec_fn=refuse_syscall(KCMP, action))
    *lines, last = map(json.loads, done.stdout.splitlines())
    lines = {line["fd"]: line for line in lines}
    assert done.returncode == 3 and set(pipe) <= set(lines)
    assert (last["type"], last["what"], last["count"]) == ("incomplete", "threads", 1)
    assert {line["tid"] for line in lines.values()} == {None}
    assert lines[pipe[0]]["others_complete"] is False
    assert "of 1 process it cannot be seen whether threads have descriptors of their own" in done.stderr
    done = run(PROGRAM, "fds", str(sharing), preexec_fn=refuse_syscall(KCMP, action))
    assert done.returncode == 3 and "of 1 process it cannot be seen" in done.stderr


@pytest.mark.parametrize("action", [EPERM_SAID, ENOSYS_SAID, KILLED])
def test_holders_where_tables_cannot_be_compared(threads, action):
    """A thread's own table may hold any socket: nobody knows."""
    threads()
    server = listen()
    done = run(PROGRAM, "list", "-tln", "--json", "--holder-source=proc", f"sport = :{port_of(server)}", preexec_fn=refuse_syscall(KCMP, action))
    line = json.loads(done.stdout)
    assert done.returncode == 0 and line["pid"] == os.getpid() and line["owners_complete"] is False


def test_end_that_may_not_be_asked(opened):
    """Where the kernel may not be asked about an end, the text says only that no holder was found, or that one may be hidden."""
    reader, writer = os.pipe()
    opened(reader)
    os.close(writer)
    hidden = some_are_hidden()
    for action in EPERM_SAID, ENOSYS_SAID, KILLED:
        text = run(PROGRAM, "fds", str(os.getpid()), preexec_fn=refuse_syscall(PIDFD_GETFD, action)).stdout
        words = "written by nobody that may be seen" if hidden else "nobody was found who writes"
        assert re.search(rf"^ *{reader} pipe .* {words}$", text, re.M)


# ---- privilege ----

@pytest.mark.any_kernel
def test_without_privilege():
    done = fds(str(os.getpid()), prefix=NOBODY, status=1)
    assert done.stdout == ""
    assert re.fullmatch(rf"tcpledger: .+ \(pid {os.getpid()}\): its descriptors may not be looked at: run as root, .*\n", done.stderr)


@pytest.mark.any_kernel
def test_root_that_is_refused():
    """Root of another user namespace is refused: the message does not advise to run as root."""
    done = fds(str(os.getpid()), prefix=["unshare", "--user", "--map-root-user"], status=1)
    assert done.stdout == ""
    assert re.fullmatch(rf"tcpledger: .+ \(pid {os.getpid()}\): its descriptors may not be looked at: not even by root: .*\n", done.stderr)


@pytest.mark.any_kernel
def test_without_privilege_own_process(process):
    sleeper = process([*NOBODY, "sh", "-c", "sleep 60 | cat"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    pid = await_that(lambda: [each for each in children_of(sleeper.pid) if comm_of(each) == "cat"], "cat to run")[0]
    line = await_that(lambda: [line for line in [descriptor_lines(pid, prefix=NOBODY)[0]]
                               if [other["comm"] for other in line["others"]] == ["sleep"]], "sleep alone to write")[0]
    assert (line["kind"], line["other_end"]) == ("pipe", "open")
    for each in children_of(sleeper.pid):
        with contextlib.suppress(ProcessLookupError):  # once one of the two has ended, the other ends by itself
            os.kill(each, signal.SIGTERM)


@pytest.mark.any_kernel
def test_some_without_privilege(process, tmp_path):
    """Processes that may be looked into are shown; the others are counted."""
    start_named(process, "tl-mixed", 2, tmp_path)
    tmp_path.chmod(0o755)
    own = process([*NOBODY, "/bin/sh", "-c", "printf tl-mixed > /proc/self/comm; read x"], stdin=subprocess.PIPE)
    await_that(lambda: comm_of(own.pid) == "tl-mixed", "its name")
    last = json.loads(fds("tl-mixed", "--json", prefix=NOBODY, status=3).stdout.splitlines()[-1])
    assert (last["type"], last["what"], last["count"]) == ("incomplete", "processes", 2) and "run as root" in last["why"]
    done = fds("tl-mixed", prefix=NOBODY, status=3)
    assert f"tl-mixed, pid {own.pid}, " in done.stdout and done.stdout.count(", pid ") == 1
    assert "the descriptors of 2 processes may not be looked at" in done.stderr
    own.stdin.close()


def test_hidepid(opened):
    """A hidden process or holder is never said not to exist."""
    reader, writer = os.pipe()
    opened(reader)
    os.close(writer)
    script = 'mount -t proc -o hidepid=2 proc /proc && exec "$@"'
    hidden = ["unshare", "--mount", "sh", "-c", script, "sh", *NOBODY]
    done = run(*hidden, PROGRAM, "fds", str(os.getpid()))
    assert done.returncode == 2
    assert messages(done) == [f"tcpledger: fds {os.getpid()}: there is no process of this number that may be seen from here, "
                              "where /proc hides those of others (hidepid)"]
    done = run(*hidden, "sh", "-c", f"{PROGRAM} fds $$ --json; :", stdin=reader)
    line = [json.loads(line) for line in done.stdout.splitlines()][0]
    end = "closed" if may_take_from_own() else None
    assert (line["kind"], line["other_end"], line["others_complete"]) == ("pipe", end, False)
    assert end or ("who holds the other end of 1 pipe or socket is not known: /proc hides the processes of others (hidepid): run as root"
                   in done.stderr)


@pytest.mark.any_kernel
@pytest.mark.parametrize("hidepid", [1, 2, 4])
def test_hidepid_hides_names(process, tmp_path, hidepid):
    (other,) = start_named(process, "tl-hidden", 1, tmp_path)
    script = f'mount -t proc -o hidepid={hidepid} proc /proc && exec "$@"'
    hidden = ["unshare", "--mount", "sh", "-c", script, "sh", *NOBODY]
    done = run(*hidden, PROGRAM, "fds", "tl-hidden")
    assert (done.returncode, done.stdout) == (2, "")
    why = "" if hidepid == 1 else ", where /proc hides those of others (hidepid)"
    assert messages(done) == [f"tcpledger: fds tl-hidden: there is no process of this name that may be seen from here{why}, "
                              "nor one that is nearly called so"]
    done = run(*hidden, PROGRAM, "fds", str(other.pid))
    if hidepid == 1:
        assert done.returncode == 1 and f"the process {other.pid} may not be looked at: run as root" in done.stderr
    else:
        assert done.returncode == 2 and "that may be seen from here" in done.stderr


@pytest.mark.any_kernel
def test_without_proc():
    done = run(*WITHOUT_PROC, PROGRAM, "fds", "1")
    assert done.returncode == 1 and done.stdout == "" and messages(done) == ["tcpledger: fds: /proc is not mounted"]


@pytest.mark.any_kernel
def test_descriptors_run_out(opened, process):
    """With too few descriptors the program fails, and leaves no holder without a name."""
    reader, writer = map(opened, os.pipe())
    server = opened(listen())
    sleeper = process(["sleep", "60"], stdin=reader, pass_fds=[server.fileno()])
    await_that(lambda: comm_of(sleeper.pid) == "sleep", "sleep to run")
    outcomes = set()
    for limit in *range(4, 20), 64:
        done = run(PROGRAM, "fds", "--json", str(sleeper.pid),
                   preexec_fn=lambda most=limit: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)))
        outcomes.add(done.returncode == 0)
        assert done.returncode == 0 or done.stderr, limit
        lines = {line["fd"]: line for line in map(json.loads, done.stdout.splitlines() if done.returncode == 0 else [])}
        for line in lines.values():
            assert all(other["comm"] for other in line.get("others", [])), limit
        if lines:
            assert (os.getpid(), writer, "w") in ends(lines[0]), limit
            assert (os.getpid(), server.fileno(), "rw") in ends(lines[server.fileno()]), limit
            assert lines[server.fileno()]["state"] == "LISTEN", limit
    assert outcomes == {True, False}


@pytest.mark.any_kernel
def test_soft_limit_of_descriptors_is_no_limit(opened):
    server = opened(listen())
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    done = run(PROGRAM, "fds", "--json", str(os.getpid()), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (4, hard)))
    assert done.returncode == 0, done.stderr
    assert [line["state"] for line in map(json.loads, done.stdout.splitlines()) if line["fd"] == server.fileno()] == ["LISTEN"]
