# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Where bpf(), /proc or descriptors are refused, commands that need none of them work, and trace says the same as doctor."""

import errno
import json
import os
import platform
import resource
import sys

import pytest
from account import MOMENT, next_table
from conftest import PROGRAM, STATUS_IS_OURS_WITHOUT_PROC, WITHOUT_PROC, comm_of, listen, messages, port_of, run, select
from test_doctor import BPF_CALL, SETNS, seccomp
from test_namespaces import ALONE

ERRNO = 0x00050000
GETDENTS64 = {"x86_64": 217}.get(platform.machine(), 61)
KILL_PROCESS, KILL_THREAD, TRAP = 0x80000000, 0x00000000, 0x00030000


def doctor_json(*prefix, **kwargs):
    lines = [json.loads(line) for line in run(*prefix, PROGRAM, "doctor", "--json", **kwargs).stdout.splitlines()]
    return {line["name"]: line for line in lines[:-1]}


# ---- bpf() ----

@pytest.mark.any_kernel
@pytest.mark.parametrize("action", [KILL_PROCESS, KILL_THREAD, TRAP, ERRNO | 1, ERRNO | 22])
def test_holders_without_bpf(action):
    """Holders come from /proc, also where the first bpf() would kill the program."""
    with listen() as server:
        port = port_of(server)
        kwargs = {"preexec_fn": seccomp(action)}
        done = run(PROGRAM, "list", "-tlnp", f":{port}", **kwargs)
        assert done.returncode == 0 and f"pid={os.getpid()}," in done.stdout, done
        done = run(PROGRAM, "audit", "--json", f":{port}", **kwargs)
        assert done.returncode == 0 and json.loads(done.stdout.splitlines()[0])["process"], done
        done = run(PROGRAM, "explain", "--json", str(port), **kwargs)
        assert done.returncode == 0, done
        assert [each["pid"] for each in json.loads(done.stdout)["listeners"][0]["owners"]] == [os.getpid()]
        assert run(PROGRAM, "explain", "LISTEN", **kwargs).returncode == 0
        done = run(PROGRAM, "fds", str(os.getpid()), **kwargs)
        assert done.returncode == 0 and f":{port} " in done.stdout, done
        done = run(PROGRAM, "list", "-tlnp", "--holder-source=iter", **kwargs)
        assert done.returncode == 1 and "--holder-source=iter: this kernel has no BPF iterator" in done.stderr
        assert ("whoever calls bpf() is killed" in done.stderr) == (action in (KILL_PROCESS, KILL_THREAD, TRAP))


@pytest.mark.parametrize("action", [KILL_PROCESS, ERRNO | 1, ERRNO | 22])
@pytest.mark.parametrize("command", [["trace", "--duration", "0.2"], ["top", "-b", "-n", "1"]])
def test_tracing_without_bpf(command, action):
    done = run(PROGRAM, *command, preexec_fn=seccomp(action))
    assert done.returncode == 1 and done.stdout == "", done
    assert done.stderr.startswith("tcpledger: cannot trace: seccomp: a filter forbids bpf(): "), done.stderr
    assert doctor_json(preexec_fn=seccomp(action))["seccomp"]["found"] in done.stderr


# ---- descriptors, memory, /proc, /sys ----

@pytest.mark.any_kernel
@pytest.mark.parametrize("limit", [4, 6, 8, 10, 12, 14, 16, 24, 26])
def test_few_descriptors(limit):
    """The call that is refused first differs, and misleads: the limit must be named all the same."""
    prefix = "prlimit", f"--nofile={limit}"
    checks = doctor_json(*prefix)
    assert checks["limits"]["state"] == "no" and f"open files: {limit};" in checks["limits"]["found"]
    assert not any("Boot a kernel" in (check["remedy"] or "") for name, check in checks.items() if name != "fentry")
    done = run(*prefix, PROGRAM, "trace", "--duration", MOMENT)
    assert done.returncode in (0, 1) and (limit > 16 or done.returncode == 1)
    if done.returncode:
        assert "`ulimit -n " in done.stderr and "Boot" not in done.stderr, done.stderr


@pytest.mark.any_kernel
def test_the_hard_limit_counts():
    """A trace raises the soft limit itself."""
    prefix = "prlimit", "--nofile=16:4096"
    assert doctor_json(*prefix)["limits"]["state"] == "yes"
    done = run(*prefix, PROGRAM, "trace", "--duration", MOMENT)
    assert done.returncode == 0, done.stderr


@pytest.mark.any_kernel
def test_little_memory():
    if os.environ.get("SANITIZE"):
        return  # the sanitizer takes more memory itself than any limit leaves
    prefix = "prlimit", f"--data={os.path.getsize('/sys/kernel/btf/vmlinux') + 3_000_000}"  # too little where libbpf takes it twice
    checks = doctor_json(*prefix)
    if checks["btf"]["state"] == "yes":
        return  # a libbpf that does not read the file, but maps it
    assert "Cannot allocate memory" in checks["btf"]["found"] and "`ulimit -d unlimited`" in checks["btf"]["remedy"]
    done = run(*prefix, PROGRAM, "trace", "--duration", "0.2")
    assert done.returncode == 1 and "`ulimit -d unlimited`" in done.stderr and "Boot" not in done.stderr


@pytest.mark.parametrize("command", [["trace", "--duration", "0.2"], ["top", "-b", "-n", "1"]])
def test_tracing_without_proc(command):
    done = run(*WITHOUT_PROC, PROGRAM, *command)
    assert done.stdout == "" and (done.returncode == 1 or not STATUS_IS_OURS_WITHOUT_PROC)
    assert messages(done) == ["tcpledger: cannot trace: proc: /proc is not mounted. `mount -t proc proc /proc`. "
                              "('tcpledger doctor' tells more)"]


@pytest.mark.any_kernel
@pytest.mark.parametrize("command", [
    ["list", "-tanp", "--holder-source=proc"], ["list", "-tan", "--all-netns"], ["list", "-N", "nosuch"], ["fds", "1"], ["fds", "nosuch"],
    ["audit", "--holder-source=proc"], ["top", "-b", "-n", "1"], ["explain", "-N", "nosuch"],
])
def test_directory_that_cannot_be_read(command):
    """A directory that cannot be read is not taken for an empty one."""
    done = run(PROGRAM, *command, preexec_fn=seccomp(ERRNO | errno.EIO, GETDENTS64))
    assert done.returncode in (1, 2) and done.stdout == "", done
    assert len(messages(done)) and messages(done)[-1].endswith(": Input/output error"), done.stderr


@pytest.mark.any_kernel
def test_holders_in_directories_that_cannot_be_read():
    """Where the holders are only one part of what is shown, the rest is shown, and says that they are not known."""
    server = listen()
    filters = [lambda put_on=seccomp(action, number): put_on() for action, number in ((ERRNO | 1, BPF_CALL), (ERRNO | errno.EIO, GETDENTS64))]
    done = run(PROGRAM, "list", "-tln", "--json", f":{port_of(server)}", preexec_fn=lambda: [put_on() for put_on in filters])
    (line,) = map(json.loads, done.stdout.splitlines())
    assert (line["owners"], line["owners_complete"]) == ([], False)
    assert messages(done) == ["tcpledger: warning: who holds the sockets cannot be found out: Input/output error"]
    server.close()


@pytest.mark.any_kernel
def test_doctor_without_sys():
    done = run("unshare", "-m", "sh", "-c", 'mount -t tmpfs none /sys && exec "$@"', "sh", PROGRAM, "doctor")
    assert done.stderr == "" and "processors: number not known" in done.stdout


@pytest.mark.any_kernel
def test_running_out_of_descriptors_later_takes_no_owner_away(ns, tracer):
    """A table that cannot look for holders this time keeps those that it knows."""
    table = tracer("-b", "-d", "0.2", "-n", "10000", "--snapshot-source=proc", "--netns", ns.name, command="top")
    with ns.entered():
        server = listen()
    pid = table.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)

    def holders():
        return [row["owners"] for row in select(next_table(table), type="socket", lport=port_of(server))]

    rest = min(len(os.listdir(f"/proc/{pid}/fd")) for _ in range(50))  # a snapshot has more of them for a moment
    whole = [[{"pid": os.getpid(), "comm": comm_of(), "fd": server.fileno()}]]
    assert holders() == whole
    for more in range(8, -8, -1):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (rest + more, limits[1]))
        assert holders() == whole and table.process.poll() is None, more
        if "put off" in table.errors():
            break
    else:
        pytest.fail("it never ran out")
    server.close()


# ---- setns() ----

@pytest.mark.any_kernel
@pytest.mark.parametrize("command", [["list", "-tan"], ["explain", "1"]])
def test_setns_that_is_refused(ns, command):
    """No call of setns() is one that the program cannot do without: where one is refused, it says so, or does without."""
    outcomes = set()
    for descriptor in range(3, 24):
        done = run(PROGRAM, *command, "-N", ns.name, preexec_fn=seccomp(ERRNO | 1, SETNS, first=descriptor))
        assert done.returncode in (0, 1), (descriptor, done)
        assert done.stdout if done.returncode == 0 else "Operation not permitted" in done.stderr or "CAP_SYS_ADMIN" in done.stderr, done
        outcomes.add(done.returncode)
    assert outcomes == {0, 1}


# ---- few descriptors ----

FEW = [3, 4, 5, 6, 7, 8, 9, 11, 13, 15, 16, 17, 18, 19, 21, 24, 40]
ASKS_WITH_FEW = """
import json, os, socket, subprocess, sys
program, most, wanted = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
accepted = server.accept()[0]
if os.fork() == 0:  # what fds shows: it must not change meanwhile
    kept = [socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0), socket.socketpair(), os.pipe(), os.pidfd_open(os.getppid())]
    open("/proc/self/comm", "w").write("tl-kept")
    while True:
        os.read(kept[2][0], 1)
port = str(server.getsockname()[1])
while os.system("grep -qx tl-kept /proc/[0-9]*/comm"):
    pass
subprocess.run([program, "list", "-tan"], stdout=subprocess.DEVNULL, check=True)  # now all have cookies, whoever else asks
for command in json.loads(sys.argv[4]):
    for limit in [most, *wanted]:
        words = [word.replace("PORT", port) for word in command]
        done = subprocess.run(["prlimit", f"--nofile={limit}", program, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        print(json.dumps([command, limit, done.returncode, done.stdout, done.stderr]), flush=True)
os.kill(int(subprocess.run(["grep", "-lx", "tl-kept", *[f"/proc/{each}/comm" for each in os.listdir("/proc") if each.isdigit()]],
                           capture_output=True, text=True).stdout.split("/")[2]), 9)
"""


def without_times(text):
    """Returns the lines of JSON, sorted, without what differs each time."""
    passing = "ts", "ts_ns", "id", "timer_ms", "in_state_us", "bindable", "seen", "received", "pos"
    lines = [{key: value for key, value in json.loads(line).items() if key not in passing} for line in text.splitlines()]
    return sorted(json.dumps(line, sort_keys=True) for line in lines)


def ask_with_few(commands, limits):
    """Yields the answers to each command with so many descriptors, on a little host of its own, which nobody else changes. But whoever
    asks netlink for the sockets of a network namespace gives them cookies, as `audit --all-netns` of another test does."""
    before = "ip link set lo up; for name in a b c d; do ip netns add $name; done"
    done = run("unshare", "--net", *ALONE, before, sys.executable, "-c", ASKS_WITH_FEW, PROGRAM, "1024", json.dumps(limits), json.dumps(commands), check=True)
    whole = {}
    for command, limit, status, out, err in map(json.loads, done.stdout.splitlines()):
        if limit == 1024:
            assert status == 0 and out, (command, err)
            whole[str(command)] = out
        yield command, limit, status, out, err, whole[str(command)]


@pytest.mark.any_kernel
def test_whole_or_refused_with_few_descriptors():
    """With few descriptors a listing is whole, or it is refused with an error."""
    commands = [["list", "-tanp", "--json", ":PORT"], ["list", "-tanp", "--json", "--holder-source=proc", ":PORT"],
                ["list", "-tane", "--json", "--socket-source=proc", ":PORT"], ["list", "-tan", "--json", "--all-netns", ":PORT"],
                ["fds", "--json", "tl-kept"], ["audit", "--json", "--all-netns", ":PORT"], ["explain", "--json", "PORT"],
                ["explain", "--json", "-N", "a", "LISTEN"]]
    statuses = set()
    for command, limit, status, out, err, whole in ask_with_few(commands, FEW):
        statuses.add((str(command), status))
        if status == 0:
            assert without_times(out) == without_times(whole), (command, limit, err)
        else:
            assert status in (1, 2, 127) and ("Too many open files" in err or "Error 24" in err), (command, limit, status, err)
    assert {(str(command), status) for command in commands for status in (0, 1)} <= statuses


@pytest.mark.any_kernel
def test_whole_or_told_with_few_descriptors():
    """With few descriptors a table is whole, or says that it is not, or there is none."""
    commands = [["top", "-b", "-n", "1", "--json", "--snapshot-source=proc", "sport = :PORT"],
                ["top", "-b", "-n", "1", "--json", "sport = :PORT"]]
    statuses = set()
    for command, limit, status, out, err, whole in ask_with_few(commands, [17, 19, 20, 21, 22, 24, 27, 28, 30, 33]):
        statuses.add(status)
        complete = [json.loads(line)["complete"] for line in out.splitlines() if json.loads(line)["type"] in ("table", "summary")]
        if status == 0:
            assert complete == [True, True] and without_times(out) == without_times(whole), (command, limit, err)
        elif status == 3:
            assert complete == [False, False] and "Too many open files" in err, (command, limit, err)
        else:
            assert status == 1 and err, (command, limit, status)
    assert statuses >= {0, 1}
