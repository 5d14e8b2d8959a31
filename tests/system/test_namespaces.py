# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Network namespaces: each is shown under its name, wherever the name comes from, and can be asked for by it."""

import json
import os
import secrets
import signal
import subprocess
import sys

import pytest
from account import MOMENT
from conftest import PATIENCE, PROGRAM, Tracer, await_that, comm_of, connect, entered_file, listen, port_of, run, select

# A host of its own, as far as names go: without the processes and the names of any other. $1 is executed before the rest.
ALONE = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-ec",
         'mkdir -p /run/netns; mount -t tmpfs none /run/netns; eval "$1"; shift; exec "$@"', "sh"]


def inode_of(pid="self"):
    return os.stat(f"/proc/{pid}/ns/net").st_ino


def on_port(port):
    return f"sport = :{port} or dport = :{port}"


def free_port():
    with listen() as server:
        return port_of(server)


def run_top(*arguments):
    done = run(PROGRAM, "top", "-b", "-n", "1", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_refusal(name):
    """Returns the message about a --netns that means no network namespace."""
    done = run(PROGRAM, "trace", "--netns", name, "--duration", "5")
    assert done.returncode == 2 and done.stdout == "", done
    return done.stderr


# ---- a host of its own ----


class AloneTracer(Tracer):
    """A tracer that sees only the processes and names of its own little host."""

    def __init__(self, *arguments, before="", **kwargs):
        super().__init__(*arguments, prefix=(*ALONE, before), **kwargs)
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as children:
            self.pid = int(children.read())

    def sh(self, script):
        return subprocess.run(["nsenter", "-t", str(self.pid), "-m", "-p", "sh", "-ec", script], check=True,
                              capture_output=True, text=True, timeout=120)

    def path(self, name):
        return f"/proc/{self.pid}/root/run/netns/{name}"

    def listen_in(self, name, port=0):
        with entered_file(self.path(name)):
            return listen("0.0.0.0", port)

    def end(self):
        os.kill(self.pid, signal.SIGINT)
        return self.stop()

    def kill(self):
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture
def alone():
    started = []

    def start(*arguments, **kwargs):
        started.append(AloneTracer(*arguments, **kwargs))
        return started[-1]

    yield start
    for each in started:
        each.kill()


# ---- containers ----


def cgroup_root():
    with open("/proc/mounts", encoding="utf-8") as mounts:
        for line in mounts:
            if line.split()[2] == "cgroup2":
                return line.split()[1]
    return pytest.skip("there is no cgroup2 here")


# Listens, then connects to itself for each line that comes in.
PROGRAM_INSIDE = """
import socket, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
for line in sys.stdin:
    with socket.create_connection(server.getsockname()) as client:
        server.accept()[0].close()
"""


class Container:
    """A process in a network namespace and a control group of its own. The group is named like that of a container."""

    def __init__(self, group, port):
        self.group = group
        os.makedirs(group, exist_ok=True)
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(
            ["sh", "-ec", f'echo $$ > "$1"; shift; exec unshare --net -- "{sys.executable}" -c "$@"', "sh",
             f"{group}/cgroup.procs", PROGRAM_INSIDE, str(port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"
        self.inode = inode_of(self.process.pid)

    def connect(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def container():
    """Makes containers whose groups are below one of the test's own."""
    home = f"{cgroup_root()}/tl{os.getpid()}-{secrets.token_hex(4)}"
    made = []

    def make(group, port=0):
        made.append(Container(f"{home}/{group}", port))
        return made[-1]

    yield make
    for each in made:
        each.end()
    for directory, _, _ in os.walk(home, topdown=False):
        await_that(lambda path=directory: not os.path.exists(path) or remove_group(path), "the group to be empty")


def remove_group(path):
    try:
        os.rmdir(path)
    except OSError:
        return False
    return True


# ---- names ----


def test_both_ends_of_a_veth(netns):
    """A server in one namespace, its client in another: both in the table, each under its namespace's name."""
    inside, outside = netns("in"), netns("out")
    subprocess.run(["ip", "link", "add", "tla", "netns", inside.name, "type", "veth", "peer", "name", "tlb", "netns",
                    outside.name], check=True)
    for ns, link, address in (inside, "tla", "10.77.0.1"), (outside, "tlb", "10.77.0.2"):
        ns.exec("ip", "address", "add", f"{address}/24", "dev", link)
        ns.exec("ip", "link", "set", link, "up")
    with inside.entered():
        server = listen("10.77.0.1")
    with outside.entered():
        client = connect("10.77.0.1", port_of(server))
    accepted = server.accept()[0]
    port = port_of(server)
    ours = f"src 10.77.0.0/24 and ({on_port(port)})"

    text = run_top(ours)
    heading = next(line for line in text.splitlines() if line.startswith("STATE"))
    assert heading.split() == "STATE RECV-Q SEND-Q NETNS LADDR:LPORT RADDR:RPORT IN-STATE PID COMM".split()
    rows = [line.split() for line in text.splitlines() if line.startswith(("LISTEN", "ESTABLISHED"))]
    ends = {(row[3], row[4], row[5]) for row in rows}
    assert ends == {(inside.name, f"10.77.0.1:{port}", "0.0.0.0:*"),
                    (inside.name, f"10.77.0.1:{port}", f"10.77.0.2:{port_of(client)}"),
                    (outside.name, f"10.77.0.2:{port_of(client)}", f"10.77.0.1:{port}")}

    table = Tracer("-b", "-n", "1", ours, command="top")
    table.process.wait(PATIENCE)
    ends = {(row["netns_name"], row["netns"], row["laddr"]) for row in select(table.update(), type="socket")}
    assert ends == {(inside.name, inside.inode, "10.77.0.1"), (outside.name, outside.inode, "10.77.0.2")}
    for each in server, client, accepted:
        each.close()


@pytest.mark.any_kernel
def test_the_host_is_named(tracer):
    port = free_port()
    trace = tracer(on_port(port))
    listen(port=port).close()
    assert trace.await_transition(lport=port)["netns_name"] == "host"
    assert trace.transitions()[0]["netns"] == inode_of()


@pytest.mark.any_kernel
@pytest.mark.parametrize("file", ["host", "4294967290"])
def test_file_that_is_named_like_another_namespace(file):
    """A namespace under /run/netns that is called "host", or like an inode: it is printed as its path, and can be asked for by that."""
    port, path = free_port(), f"/run/netns/{file}"
    listener = f"import socket, time; server = socket.create_server(('0.0.0.0', {port})); time.sleep(60)"
    before = f"""
        ip netns add {file}
        ip netns exec {file} "{sys.executable}" -c "{listener}" &
        until ip netns exec {file} ss -Htln | grep -q :{port}; do sleep 0.02; done"""

    def lines_of(*command):
        done = run(*ALONE, before, PROGRAM, *command)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    (row,) = lines_of("list", "-tlnH", "--all-netns", f":{port}")
    assert row.split()[4:6] == [path, f"0.0.0.0:{port}"]
    (line,) = map(json.loads, lines_of("list", "-tln", "--json", "-N", path, f":{port}"))
    assert (line["netns_name"], line["lport"]) == (path, port)
    assert len(lines_of("list", "-tlnH", f"netns {path} and :{port}")) == 1
    assert json.loads(lines_of("explain", "--json", "-N", path, str(port))[0])["listeners"]
    if file == "host":
        assert not lines_of("list", "-tlnH", "-N", "host", f":{port}")
    refused = run(*ALONE, before, PROGRAM, "list", "-N", "no-such")
    assert refused.returncode == 2 and f", {path}" in refused.stderr


@pytest.mark.any_kernel
def test_named_namespace_of_the_first_process(ns):
    """The first process of another PID namespace is not the host's: the namespace that it is in keeps its name."""
    inside = ["unshare", "--pid", "--fork", "--mount-proc"]
    with ns.entered():
        server = listen()
    done = ns.exec(*inside, PROGRAM, "list", "-tln", "--json", "--all-netns", f":{port_of(server)}")
    assert [json.loads(line)["netns_name"] for line in done.stdout.splitlines()] == [ns.name]
    assert len(ns.exec(*inside, PROGRAM, "list", "-tlnH", "-N", ns.name, f":{port_of(server)}").stdout.splitlines()) == 1
    done = ns.exec(*inside, PROGRAM, "list", "-N", "host", check=False)
    assert done.returncode == 2 and "no such network namespace: there" in done.stderr
    server.close()


# ---- PID namespaces ----

OWN_CONNECTION = """
import os, socket
with socket.create_server(("127.0.0.1", 0)) as server:
    client = socket.create_connection(server.getsockname())
    accepted = server.accept()[0]
    client.close()
    accepted.recv(1)
    accepted.close()
    print(os.getpid(), server.getsockname()[1])
"""


def test_pids_of_a_pid_namespace(alone):
    """In a PID namespace processes are shown by its numbers. One from elsewhere has none, but still has its name."""
    trace = alone("--netns", str(inode_of()), "src 127.0.0.1")
    pid, port = map(int, trace.sh(f"'{sys.executable}' -c '{OWN_CONNECTION}'").stdout.split())
    trace.await_count(2, newstate="CLOSE", lport=port)
    lines = [line for line in trace.transitions() if port in (line["lport"], line["rport"])]
    assert {line["pid"] for line in lines} == {pid} and len(lines) >= 8
    with listen() as server:
        foreign = port_of(server)
    trace.await_transition(newstate="CLOSE", lport=foreign)
    assert {(line["pid"], line["comm"]) for line in trace.transitions(lport=foreign)} == {(None, comm_of())}
    trace.end()


ASKS_ALL = """
import json, os, socket, subprocess, sys
server = socket.create_server(("127.0.0.1", 0))
port = str(server.getsockname()[1])
listener = f"sport = :{port} and state listening"
def ask(*command):
    done = subprocess.run([sys.argv[1], *command], capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]
def pids(lines):
    return [line["pid"] for line in lines if line["type"] in ("socket", "descriptor")]
self = int(os.readlink("/proc/self"))
print(json.dumps({
    "self": self,
    "list": pids(ask("list", "-tlnp", "--json", listener)),
    "top": pids(ask("top", "-b", "-n", "1", "--json", "--snapshot-source=" + sys.argv[2], listener)),
    "filter": pids(ask("top", "-b", "-n", "1", "--json", "-p", str(self), listener)),
    "explain": [owner["pid"] for each in ask("explain", "--json", port)[0]["listeners"] for owner in each["owners"]],
    "fds": sorted(set(pids(ask("fds", "--json", str(self))))),
    "our own": ask("fds", "--json", os.path.basename(sys.argv[1])),
}))
"""


@pytest.mark.any_kernel
@pytest.mark.parametrize("source", ["iter", "proc"])
@pytest.mark.parametrize("proc", [["--mount-proc"], []], ids=["own-proc", "proc-of-the-host"])
def test_one_number_for_all_commands(proc, source, tmp_path):
    """In a PID namespace all commands show the numbers that /proc shows, be it of this namespace or of the one above."""
    program = tmp_path / "tl-alone"  # no other process has that name
    program.symlink_to(PROGRAM)
    done = run("unshare", "--pid", "--fork", *proc, sys.executable, "-c", ASKS_ALL, str(program), source, check=True)
    told = json.loads(done.stdout)
    number = told.pop("self")
    assert told == {"list": [number], "top": [number], "filter": [number], "explain": [number], "fds": [number], "our own": []}


# ---- namespaces that come and go ----

def test_namespace_that_appears_while_tracing(netns, tracer):
    """A network namespace is named from its first line on."""
    port = free_port()
    trace = tracer(on_port(port))
    for number in range(5):
        ns = netns(f"late{number}")
        with ns.entered():
            listen(port=port).close()
        trace.await_transition(netns_name=ns.name, newstate="CLOSE")
        assert {line["netns_name"] for line in trace.transitions(netns=ns.inode)} == {ns.name}


def test_namespace_without_a_name(tracer, container):
    """A network namespace with neither a file nor a container has only its number."""
    port = free_port()
    trace = tracer(on_port(port))
    nameless = container("app.slice/app-foo.scope", port)
    line = trace.await_transition(lport=port, newstate="LISTEN", netns=nameless.inode)
    assert line["netns_name"] is None
    heading, *rows = run_top(on_port(port)).splitlines()[2:]
    assert "NETNS" in heading and f" {nameless.inode} " in rows[0]


def test_last_lines_of_a_namespace_bear_its_name(ns, tracer):
    with ns.entered():
        server = listen()
    trace = tracer("--netns", ns.name)
    with ns.entered():
        client = connect("127.0.0.1", port_of(server))
    trace.await_transition(newstate="SYN_RECV")
    ns.delete()
    await_that(lambda: not os.path.exists(f"/run/netns/{ns.name}"), "the name to be gone")
    client.close()
    server.close()
    trace.await_transition(oldstate="LISTEN", newstate="CLOSE")
    assert {line["netns_name"] for line in trace.transitions()} == {ns.name}


def test_two_hundred_namespaces(alone):
    port = free_port()
    trace = alone(on_port(port), before="for i in $(seq 100); do ip netns add many$i; done", patience=4 * PATIENCE)
    trace.sh("for i in $(seq 101 200); do ip netns add many$i; done")  # half of them while the tracer runs
    names = {f"many{i}" for i in range(1, 201)}
    servers = [trace.listen_in(name, port) for name in sorted(names)]
    trace.await_count(200, newstate="LISTEN", lport=port)
    lines = trace.transitions(newstate="LISTEN", lport=port)
    assert {line["netns_name"] for line in lines} == names
    assert all(os.stat(trace.path(line["netns_name"])).st_ino == line["netns"] for line in lines)
    for server in servers:
        server.close()
    trace.await_count(200, oldstate="LISTEN", newstate="CLOSE", lport=port)
    assert {line["netns_name"] for line in trace.transitions(newstate="CLOSE")} == names
    trace.end()


@pytest.mark.any_kernel
def test_what_is_under_run_netns_and_is_no_namespace(alone):
    """Other files under /run/netns are neither waited for nor taken for a namespace. Control characters in a name do not reach the
    terminal."""
    evil = "\x1b[2J\n\x07"
    before = f"""
        cd /run/netns
        mkfifo pipe; mkdir directory; echo text > text; ln -s nowhere dangling; ln -s text link
        touch uts; mount --bind /proc/self/ns/uts uts
        touch '{evil}'; unshare --net='{evil}' ip link set lo up
        ln -s '{evil}' zlink
        cd /"""
    port = free_port()
    text, lines = alone(on_port(port), before=before, json_lines=False), alone(on_port(port), before=before)
    server = text.listen_in(evil, port)
    await_that(lambda: "LISTEN" in text.text(), "its line")
    assert " \\x1b[2J\\x0a\\x07 " in text.text() and "\x1b" not in text.text() and "\x07" not in text.text()
    server.close()
    server = lines.listen_in(evil, port)
    assert lines.await_transition(lport=port, newstate="LISTEN", netns_name=evil)
    server.close()
    text.end()
    lines.end()


# ---- containers ----


def make_ids(count, prefix=""):
    return [prefix + secrets.token_hex(32)[len(prefix):] for _ in range(count)]


FORMS = [
    ("docker", "system.slice/docker-{}.scope"),
    ("docker", "docker/{}"),
    ("podman", "machine.slice/libpod-{}.scope/container"),
    ("containerd", "kubepods.slice/kubepods-pod2d1a4f3c_52b4.slice/cri-containerd-{}.scope"),
    ("kubepods", "kubepods/burstable/pod2d1a4f3c-52b4/{}"),
    ("crio", "kubepods.slice/crio-{}.scope"),
]


@pytest.mark.parametrize("runtime,form", [pytest.param(*form, id=f"{form[0]}-{number}", marks=[pytest.mark.any_kernel] if number else [])
                                          for number, form in enumerate(FORMS)])
def test_container(tracer, container, runtime, form):
    """A container is named from its first line on, and can be asked for by its name, its id or the beginning of the id."""
    port, (full,) = free_port(), make_ids(1)
    name = f"{runtime}:{full[:12]}"
    trace = tracer(on_port(port))
    one = container(form.format(full), port)
    trace.await_transition(lport=port, newstate="LISTEN")
    one.connect()
    trace.await_transition(rport=port, newstate="CLOSE")
    assert {line["netns_name"] for line in trace.transitions(netns=one.inode)} == {name}
    assert f" {name} " in run_top(on_port(port))
    for word in name, full, full[:8], f"{runtime}:{full[:6]}":
        assert "1 socket: 1 LISTEN" in run_top("--netns", word, "state listening")


@pytest.mark.any_kernel
def test_last_lines_of_a_container(tracer, container):
    port, (full,) = free_port(), make_ids(1)
    trace = tracer(on_port(port))
    one = container(f"system.slice/docker-{full}.scope", port)
    trace.await_transition(lport=port, newstate="LISTEN")
    one.end()
    line = trace.await_transition(lport=port, newstate="CLOSE")
    assert line["netns_name"] == f"docker:{full[:12]}"


@pytest.mark.any_kernel
def test_a_name_that_a_person_gave_goes_before_the_container(tracer, container):
    """A name that a container manager made up does not go before the container."""
    port, (full,) = free_port(), make_ids(1)
    given, made_up = f"tl{os.getpid()}-given", f"cni-{os.getpid():08x}-52b4-4b8e-9d2f-0a1b2c3d4e5f"
    trace = tracer(on_port(port))
    one = container(f"docker-{full}.scope", port)

    def reported_after_another_line(name):
        one.connect()
        return trace.transitions(netns_name=name)

    try:
        for name, shown in (made_up, f"docker:{full[:12]}"), (given, given):
            subprocess.run(["ip", "netns", "attach", name, str(one.process.pid)], check=True)
            await_that(lambda expected=shown: reported_after_another_line(expected), f"{shown} in the trace")
            assert f" {shown} " in run_top(on_port(port), "state listening")
            assert "1 socket: 1 LISTEN" in run_top("--netns", name, "state listening"), "both can be asked for"
        assert not trace.transitions(netns_name=made_up)
    finally:
        for name in given, made_up:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


@pytest.mark.any_kernel
def test_container_in_several_namespaces(container):
    """A container in several network namespaces stands for all of them."""
    (full,) = make_ids(1)
    group, port = f"docker-{full}.scope", free_port()
    both = {container(group, port).inode, container(group, port).inode}
    table = Tracer("-b", "-n", "1", "--netns", full[:12], command="top")
    table.process.wait(PATIENCE)
    assert {row["netns"] for row in select(table.update(), type="socket")} == both
    assert "NETNS" in run_top("--netns", full), "they are two, though they bear one name"


@pytest.mark.any_kernel
@pytest.mark.parametrize("prefix", ["a" + secrets.token_hex(4)[1:], f"9{secrets.randbelow(10**7):07}"], ids=["hex", "digits"])
def test_prefix_of_two_containers(container, prefix):
    """A prefix of two containers is refused, also where it could be the number of a process."""
    several = [(full, container(f"docker-{full}.scope")) for full in make_ids(2, prefix)]
    message = read_refusal(prefix)
    assert f"--netns {prefix}: it may mean any of " in message
    for full, one in several:
        assert f"docker:{full[:12]} ({one.inode})" in message
    for full, one in several:
        assert "1 socket: 1 LISTEN" in run_top("--netns", full[:16])


# ---- namespaces that are asked for ----


@pytest.mark.any_kernel
def test_unknown_name_lists_the_known_ones():
    """Runs on a host of its own, so that the list of names is short."""
    script = f"""
        ip netns add blue; ip netns add green
        unshare --net sleep 60 & sleeper=$!
        while [ "$(readlink /proc/$sleeper/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
        readlink /proc/$sleeper/ns/net
        "{PROGRAM}" trace --netns nosuch || echo "status $?"
        "{PROGRAM}" trace 'netns = nosuch and sport = :80' || echo "status $?"
        kill $sleeper"""
    done = run(*ALONE, script, "true")
    assert done.returncode == 0, done.stderr
    nameless, *statuses = done.stdout.splitlines()
    nameless = nameless.removeprefix("net:[").removesuffix("]")
    assert statuses == ["status 2", "status 2"]
    known = f"no such network namespace: there are host, blue, green, {nameless}"
    option, filtered, text, caret = done.stderr.splitlines()
    assert option == f"tcpledger: --netns nosuch: {known}"
    assert filtered == f"tcpledger: FILTER: {known}"
    assert caret.index("^") == text.index("nosuch")


@pytest.mark.any_kernel
def test_unknown_name_where_there_are_many():
    done = run(*ALONE, f'for i in $(seq 200); do ip netns add many$i; done; "{PROGRAM}" trace --netns nosuch', "true")
    assert done.returncode == 2
    assert "there are host, many1, many10, many100" in done.stderr and " more" in done.stderr
    assert len(done.stderr.splitlines()) == 1 and len(done.stderr) < 700


@pytest.mark.any_kernel
@pytest.mark.parametrize("word", ["", ".", "..", "/", "../netns", "\x1b[2J", "a" * 300, "docker:", "lxc:", "0", "-1",
                                  "99999999999999999999", "0x10"])
def test_hostile_words(word):
    message = read_refusal(word)
    assert "no such network namespace" in message or "longer than" in message
    assert "\x1b" not in message


@pytest.mark.any_kernel
def test_process_that_does_not_exist():
    gone = subprocess.Popen(["true"])  # pylint: disable=consider-using-with
    gone.wait()
    message = read_refusal(str(gone.pid))
    assert "there is no process of this number, and no such network namespace: there " in message


@pytest.mark.any_kernel
def test_the_host_by_any_name(tracer):
    """Since Linux 6.18 the inode of the host's network namespace is a smaller number than those of the others."""
    for word in "host", str(inode_of()), str(os.getpid()):
        port = free_port()
        trace = tracer("--netns", word, on_port(port))
        listen(port=port).close()
        assert trace.await_transition(lport=port)["netns"] == inode_of()
        assert "warning" not in trace.errors()


@pytest.mark.any_kernel
def test_inode_of_which_nothing_is_known():
    """An inode of which nothing is known is accepted: there may be sockets in that network namespace all the same."""
    done = run(PROGRAM, "trace", "--netns", str(2**32 - 1), "--duration", MOMENT)
    assert done.returncode == 0 and f"no process is in network namespace {2**32 - 1}" in done.stderr


# ---- the column ----


def headings(text):
    return [line.split() for line in text.splitlines() if line.startswith("TIME")]


PLAIN = "TIME PID COMM LADDR LPORT RADDR RPORT OLDSTATE -> NEWSTATE MS WHY".split()
WITH_NETNS = "TIME PID COMM NETNS LADDR LPORT RADDR RPORT OLDSTATE -> NEWSTATE MS WHY".split()


@pytest.mark.any_kernel
def test_column_begins_with_the_second_namespace(alone):
    port = free_port()
    trace = alone(on_port(port), json_lines=False)
    listen(port=port).close()
    await_that(lambda: "stopped listening" in trace.text(), "the first line")
    assert headings(trace.text()) == [PLAIN]
    trace.sh("ip netns add late")
    trace.listen_in("late", port).close()
    await_that(lambda: trace.text().count("stopped listening") == 2, "the second namespace's")
    listen(port=port).close()
    await_that(lambda: trace.text().count("stopped listening") == 3, "the last line")
    trace.end()
    assert headings(trace.text()) == [PLAIN, WITH_NETNS]
    _, *lines = trace.text().splitlines()
    assert [line.split()[3] for line in lines] == ["127.0.0.1"] * 2 + ["NETNS"] + ["late"] * 2 + ["host"] * 2
    heading, row = lines[2:4]
    assert heading.index("NETNS") == row.index("late") and heading.index("LADDR") == row.index("0.0.0.0")


@pytest.mark.any_kernel
def test_column_is_there_from_the_start_where_there_are_several(alone):
    for before, arguments, heading in [("ip netns add early", [], WITH_NETNS),
                                       ("unshare --net sleep 60 &", [], WITH_NETNS),
                                       ("ip netns add early", ["--netns", "host"], PLAIN),
                                       ("ip netns add early", ["--netns", "early"], PLAIN),
                                       ("ip netns attach me $$", [], PLAIN),
                                       ("", [], PLAIN)]:
        if before.endswith("&"):  # the tracer must not start before the namespace exists
            before += " while [ $(readlink /proc/$!/ns/net) = $(readlink /proc/self/ns/net) ]; do sleep 0.02; done"
        trace = alone(*arguments, before=before, json_lines=False)
        await_that(lambda trace=trace: headings(trace.text()), "the heading")
        assert headings(trace.text())[0] == heading, before
        trace.end()


@pytest.mark.any_kernel
def test_table_of_one_namespace_has_no_column(ns):
    port = free_port()
    with listen(port=port):
        assert "NETNS" not in run_top(f"sport = :{port}") and "1 LISTEN" in run_top(f"sport = :{port}")
        with ns.entered():
            server = listen(port=port)
        assert "NETNS" in run_top(f"sport = :{port}")
        assert "NETNS" not in run_top(f"sport = :{port}", "--netns", ns.name), "who asks for one knows which"
    text = run_top(f"sport = :{port}")
    assert f" {ns.name} " in text, "one, but not the reader's own"
    server.close()


@pytest.mark.any_kernel
def test_namespace_that_is_renamed(ns, tracer):
    trace = tracer("--netns", ns.name)
    second = ns.name + "-2"

    def lines_named(name):
        with entered_file(f"/run/netns/{name}"), listen():
            return trace.transitions(netns_name=name)

    assert await_that(lambda: lines_named(ns.name), "its first name")
    try:
        with open(f"/run/netns/{second}", "x", encoding="ascii"):
            subprocess.run(["mount", "--bind", f"/run/netns/{ns.name}", f"/run/netns/{second}"], check=True)
        ns.delete()
        assert await_that(lambda: lines_named(second), "its second name")
    finally:
        subprocess.run(["ip", "netns", "del", second], check=False, capture_output=True)
