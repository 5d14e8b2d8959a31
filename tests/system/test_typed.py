# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What is printed is understood when it is typed, and what does not exist is not searched in silence."""

import collections
import contextlib
import json
import os
import re
import socket
import subprocess
import sys

import pytest
from account import MOMENT
from conftest import PROGRAM, await_that, listen, messages, run

pytestmark = pytest.mark.any_kernel


@contextlib.contextmanager
def listening(ns, ports, kind=socket.SOCK_STREAM, host="127.0.0.1"):
    with contextlib.ExitStack() as stack, ns.entered():
        for port in ports:
            each = stack.enter_context(socket.socket(socket.AF_INET, kind))
            each.bind((host, port))
            if kind == socket.SOCK_STREAM:
                each.listen(1)
        yield


RUN_ALL = """if True:
    import json, subprocess, sys
    for words in json.load(sys.stdin):
        done = subprocess.run(words, capture_output=True, text=True)
        print(json.dumps([done.returncode, done.stdout, done.stderr]))"""
Done = collections.namedtuple("Done", "returncode stdout stderr")


def run_all_with(path, over, commands):
    """Runs the program with each list of words where a file has another's place. Returns what came of each."""
    done = run("unshare", "-m", "sh", "-c", 'mount --bind "$1" "$2" && exec "$3" -c "$4"', "sh", path, over, sys.executable, RUN_ALL,
               input=json.dumps([[PROGRAM, *words] for words in commands]))
    assert done.returncode == 0, done
    return [Done(*json.loads(line)) for line in done.stdout.splitlines()]


# ---- services ----

def read_services():
    """Returns the ports that /etc/services names: {(name, protocol), …: port}."""
    ports = {}
    with open("/etc/services", encoding="utf-8") as file:
        for line in file:
            words = line.split("#")[0].split()
            if len(words) > 1 and words[1].split("/")[1] in ("tcp", "udp"):
                port, protocol = words[1].split("/")
                ports.setdefault((protocol, int(port)), words[0])
    return ports


def test_services_of_this_host(ns):
    """Each endpoint with a service is found by what is printed of it."""
    ports = read_services()
    tcp, udp = ({port for protocol, port in ports if protocol == wanted} for wanted in ("tcp", "udp"))
    with listening(ns, tcp), listening(ns, udp, socket.SOCK_DGRAM):
        printed = [line.split() for line in run(PROGRAM, "list", "-Htul").stdout.splitlines()]
        assert {(words[0], words[4]) for words in printed} == {(protocol, f"127.0.0.1:{name}") for (protocol, _), name in ports.items()}
        for endpoint in {words[4] for words in printed}:
            found = [line.split()[4] for line in run(PROGRAM, "list", "-Htul", endpoint).stdout.splitlines()]
            assert endpoint in found, endpoint
            # A socket of the other protocol may have the same port, and another name for it, or none.
            assert len(found) <= 2, found


SERVICES = r"""
9pfs 564/tcp
4-tieropmgw 7003/tcp
914c/g 211/tcp
443 7005/tcp
80-90 7006/tcp
* 7007/tcp
a,b 7008/tcp
a:b 7009/tcp
a(b) 7010/tcp
and 7011/tcp
state 7012/tcp
[x] 7013/tcp
"q" 7014/tcp
it's 7015/tcp
=x 7016/tcp
!x 7017/tcp
a%lo 7018/tcp
a\x41 7019/tcp
-x 7020/tcp
a&b|c 7021/tcp
two 7022/tcp
two 7023/udp
three 7024/tcp four
four 7025/tcp
a*b 7026/tcp
a+b.c_d 7027/tcp
""" + "x" * 70 + " 7028/tcp\n" + "eins 7029/tcp\neins 7030/tcp\n"
NUMBERS_INSTEAD = {"7005", "7006", "7007", "7028"}  # of services whose names mean something else, or are too long


@pytest.fixture
def hostile(ns, tmp_path):
    """Returns a function that runs the program with each list of words, where services have hostile names, and all their ports are
    listened on."""
    file = tmp_path / "services"
    file.write_bytes(SERVICES.encode() + b"\xff\xfe 7031/tcp\n")
    ports = [int(port) for port in re.findall(r" (\d+)/tcp", SERVICES)] + [7031]
    with listening(ns, ports, host="0.0.0.0"), listening(ns, [7023], socket.SOCK_DGRAM, host="0.0.0.0"):
        def run_all(commands):
            with ns.entered():
                return run_all_with(file, "/etc/services", commands)
        yield run_all


def endpoints_in(done):
    return [line.split()[4] for line in done.stdout.splitlines()]


def spoken(text):
    """Returns the name that was printed as `text`; in JSON a backslash, and a byte that is no UTF-8, stay as they are printed."""
    return re.sub(r"\\x([2-7][0-9a-e])", lambda match: match[0] if match[1] == "5c" else chr(int(match[1], 16)), text)


def test_hostile_services(hostile):
    (done,) = hostile([["list", "-Htul"]])
    names = {endpoint.removeprefix("0.0.0.0:") for endpoint in endpoints_in(done)}
    assert len(names) == SERVICES.count("\n") - 2, "those of two and eins are one"
    assert {name for name in names if name.isdigit()} == NUMBERS_INSTEAD
    commands = []
    for name in names:
        for typed in [f"0.0.0.0:{name}"], [f":{name}"], ["sport", "=", name], [f"src *:{name}"]:
            commands.append((name, ["list", "-Htul", *typed]))
    for (name, words), done in zip(commands, hostile([words for _, words in commands])):
        assert set(endpoints_in(done)) == {f"0.0.0.0:{name}"}, (words, done)


def test_hostile_services_in_lists(hostile, ns):
    """-L takes them with commas between; an entry of a policy and explain take each."""
    (done,) = hostile([["list", "-Htul"]])
    printed = [line.split() for line in done.stdout.splitlines()]
    names = {words[4].removeprefix("0.0.0.0:") for words in printed}
    commands = [["top", "-b", "-n", "1", "--json", "--netns", ns.name, "-L", ",".join(names)], ["explain", "eins"], ["explain", "two"],
                ["explain", "two/udp"], ["list", "sport", ">", "eins"]]
    for name in sorted(names):
        commands.append(["audit", "--json", "--allow", f"x:1,{name}"])
        if name not in ("two", "eins"):
            commands.append(["explain", name])
    top, *wrong, explained, compared = (done := hostile(commands))[:5]
    lines = [json.loads(line) for line in top.stdout.splitlines()]
    assert len([line for line in lines if line["type"] == "socket"]) == len([words for words in printed if words[0] == "tcp"]), top
    assert "several ports, as 7029 and 7030" in wrong[0].stderr and "several ports, as 7022 and 7023" in wrong[1].stderr
    assert explained.stdout.startswith("Port 7023: two (UDP)")
    assert "several ports" in compared.stderr
    for words, one in zip(commands[5:], done[5:]):
        if words[0] == "explain":
            assert one.returncode == 0, (words, one)
            assert re.match(rf"Port \d+: {re.escape(words[1])} \(", one.stdout) or words[1] in NUMBERS_INSTEAD
            continue
        allowed = [line for line in map(json.loads, one.stdout.splitlines()) if line.get("allowed")]
        name = words[3].removeprefix("x:1,")
        assert allowed and {line["lservice"] or str(line["lport"]) for line in allowed} == {spoken(name)}, (words, allowed)
        assert {line["proto"] for line in allowed} == ({"tcp", "udp"} if name == "two" else {"tcp"}), words


def test_protocols_of_raw_sockets(ns):
    with ns.entered(), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP):
        (line,) = run(PROGRAM, "list", "-Hawn").stdout.splitlines()
        number = line.split()[4]
        (line,) = run(PROGRAM, "list", "-Haw").stdout.splitlines()
        for typed in number, line.split()[4], ":icmp":
            assert run(PROGRAM, "list", "-Haw", typed).stdout == line + "\n", typed
    done = run(PROGRAM, "trace", ":icmp", "--duration", MOMENT)
    assert done.returncode == 2 and "'icmp' is no port" in done.stderr


# ---- processes ----

COMMS = [
    b"tlt", b"", b"tlt web", b"tlt: server", b"(tlt)", b"it's tlt", b'"tlt"', b"'tlt'", b'it\'s "tlt"', b"eq", b"=", b"!=", b"!tlt", b"and", b"state", b"[::1]:80",
    b"/tlt", b"-tlt", b"8123456", b"tlt\nx", b"tlt\\x41", b"\xfftlt\xff", b"a,b:80", b"#tlt", b"*", b"tlt  ", b"10.0.0.1",
]
FIRST_PORT = 7101
LISTENERS = """if True:
    import os, socket, sys
    for number, name in enumerate(sys.argv[2:]):
        if os.fork() == 0:
            server = socket.create_server(("127.0.0.1", int(sys.argv[1]) + number))
            wide = socket.create_server(("0.0.0.0", int(sys.argv[1]) + 100 + number))
            with open("/proc/self/comm", "wb") as comm:
                comm.write(bytes.fromhex(name) or b"\\0")
            os.write(1, b"%d\\n" % os.getpid())
            sys.stdin.read()
            os._exit(0)
    sys.stdin.read()"""


class Named:
    """Processes with hostile names, each of which listens."""

    def __init__(self, ns):
        self.ns = ns
        self.parent = ns.popen(sys.executable, "-c", LISTENERS, str(FIRST_PORT), *[name.hex() for name in COMMS], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
        self.pids = {}

    def await_listening(self):
        pids = [int(self.parent.stdout.readline()) for _ in COMMS]
        lines = [json.loads(line) for line in self.run("list", "-tl", "--json").stdout.splitlines()]
        ports = {line["lport"]: line["pid"] for line in lines}
        self.pids = {name: ports[FIRST_PORT + number] for number, name in enumerate(COMMS)}
        assert set(self.pids.values()) == set(pids)

    def run(self, *words):
        with self.ns.entered():
            return run(PROGRAM, *words)

    def pids_of(self, *words):
        done = self.run(*words, "--json")
        assert done.returncode in (0, 3) and done.stderr == "", done
        return {json.loads(line)["pid"] for line in done.stdout.splitlines() if '"pid"' in line}

    def shown(self, pattern, *words):
        """Returns the names that the command prints, by the first group of the pattern; "PID" in it is a process's number."""
        text = self.run(*words).stdout
        found = {name: re.search(pattern.replace("PID", str(pid)), text, re.M) for name, pid in self.pids.items()}
        assert all(found.values()), (text, found)
        return {name: match[1] for name, match in found.items()}


@pytest.fixture
def named(ns):
    made = Named(ns)
    try:
        made.await_listening()
        yield made
    finally:
        made.parent.communicate(timeout=30)


def wanted_pids(named, name):
    return set(named.pids.values()) if name == b"*" else {named.pids[name]}


def test_hostile_comms(named, ns):
    """Each command that prints a process's name prints it in the same form, which FILTER and fds understand."""
    shown = named.shown(r" PID +(.+)$", "top", "-b", "-n", "1", "--netns", ns.name)
    assert shown == named.shown(r" PID +(.+?) +127\.0\.0\.1 ", "trace", "--snapshot", "--duration", MOMENT, "--netns", ns.name)
    quoted = named.shown(r'users:\(\((".*"),pid=PID,', "list", "-Htlp")
    ours = set(named.pids.values())  # fds finds those of other tests, too
    for name, pid in named.pids.items():
        assert named.run("fds", str(pid)).stdout.startswith(f"{shown[name]}, pid {pid}, ")
        for typed in shown[name], quoted[name]:
            assert named.pids_of("list", "-tl", "comm", typed) == wanted_pids(named, name), typed
        if name != b"*":
            assert named.pids_of("fds", shown[name]) & ours == {pid}, shown[name]
    for name in b'it\'s "tlt"', b"", b"8123456":
        assert f" {shown[name]} (pid {named.pids[name]}, fd " in named.run("explain", str(FIRST_PORT + COMMS.index(name))).stdout
        assert named.pids_of("list", "-tl", "comm", "=", shown[name]) == {named.pids[name]}
        assert named.pids_of("fds", quoted[name]) & ours == {named.pids[name]}
    # The shell makes an empty word of the two quotes.
    assert named.pids_of("list", "-tl", "comm", "") == {named.pids[b""]}


@pytest.mark.parametrize("name", [b'it\'s "tlt"', b"", b"(tlt)", b"tlt web"])
def test_option_comm(named, ns, name):
    for typed in named.shown(r" PID +(.+)$", "top", "-b", "-n", "1", "--netns", ns.name)[name], name.decode():
        lines = named.run("top", "-b", "-n", "1", "--json", "--netns", ns.name, "--comm", typed).stdout.splitlines()
        assert {json.loads(line)["pid"] for line in lines if '"socket"' in line} == {named.pids[name]}


def test_hostile_comms_in_policies(named, tmp_path):
    """An entry takes a name as audit prints it, and as list does."""
    shown = named.shown(r" PID/(.+?) +root", "audit", "-Hnt")
    quoted = named.shown(r'users:\(\((".*"),pid=PID,', "list", "-Htlp")

    def allowed(*how):
        lines = [json.loads(line) for line in named.run("audit", "-t", *how, "--json").stdout.splitlines()]
        return {line["pid"] for line in lines if line.get("allowed") and line["laddr"] == "0.0.0.0"}

    for name, pid in named.pids.items():
        for typed in {shown[name], quoted[name]}:
            assert allowed("--allow", f"1/tcp, {typed}:*/tcp,2") == {pid}, typed
    file = tmp_path / "policy"
    for which in shown, quoted:
        lines = [f"{typed}:*\n" for name, typed in which.items() if name != b"tlt"]
        file.write_text("".join(lines), encoding="utf-8")
        assert allowed("--policy", str(file)) == set(named.pids.values()) - {named.pids[b"tlt"]}


def test_one_word_with_a_space_is_a_name(named, ns):
    assert named.pids_of("list", "-tl", "tlt web") == {named.pids[b"tlt web"]}
    assert named.pids_of("list", "-tl", "tlt: server") == {named.pids[b"tlt: server"]}
    assert named.pids_of("list", "-tl", "it's tlt") == {named.pids[b"it's tlt"]}
    assert named.pids_of("list", "-tl", "not", "tlt w*") == set(named.pids.values()) - {named.pids[b"tlt web"]}
    # as in ss, one word may hold the whole filter, or a part of it
    assert named.pids_of("list", "-tl", f"sport = :{FIRST_PORT} and src 127.0.0.1") == {named.pids[b"tlt"]}
    assert named.pids_of("list", "-tl", "(", f"sport = :{FIRST_PORT}", "or", f"sport = :{FIRST_PORT + 2}", ")") == {
        named.pids[b"tlt"], named.pids[b"tlt web"]}
    assert named.pids_of("list", "-tl", "tlt or 'tlt web'") == {named.pids[b"tlt"], named.pids[b"tlt web"]}


# ---- users ----

USERS = {4301: "DOM\\web user", 4302: "33", 4304: "=x", 4305: "tlt,(x)", 4306: None}


def test_users(ns, tmp_path, process):
    passwd = tmp_path / "passwd"
    passwd.write_text("root:x:0:0::/:/bin/sh\n" + "".join(f"{name}:x:{uid}:0::/:/bin/sh\n" for uid, name in USERS.items() if name))
    script = "import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); print(flush=True); sys.stdin.read()"
    for uid in USERS:
        server = process(["nsenter", f"--net=/run/netns/{ns.name}", "setpriv", "--reuid", str(uid), "--clear-groups", sys.executable, "-c", script,
                          str(uid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert server.stdout.readline() == b"\n"

    def tcpledger(*words):
        with ns.entered():
            return run_all_with(passwd, "/etc/passwd", [words])[0]

    text = tcpledger("audit", "-Hnt").stdout
    for uid, name in USERS.items():
        shown = re.search(rf":{uid} .* \d+/\S+ +(.+?)$", text, re.M)[1]
        for typed in shown, str(uid):
            lines = [json.loads(line) for line in tcpledger("list", "-tl", "uid", typed, "--json").stdout.splitlines()]
            assert [line["uid"] for line in lines] == [uid], (name, typed)
        assert f", user {shown}" in tcpledger("explain", str(uid)).stdout
    done = tcpledger("list", "uid", "rot")
    assert done.returncode == 2 and "'rot' is no user" in done.stderr


# ---- unix sockets, addresses, states ----

def test_unix_paths(ns, tmp_path):
    names = [b"\0tlt\xff", b"\0tlt a(b)", os.fsencode(tmp_path) + b"/a b", os.fsencode(tmp_path) + b"/a'(b)\"&|", os.fsencode(tmp_path) + b"/\xc2\xa0*"]
    with contextlib.ExitStack() as stack, ns.entered():
        for name in names:
            server = stack.enter_context(socket.socket(socket.AF_UNIX))
            server.bind(name)
            server.listen(1)
        lines = run(PROGRAM, "list", "-Hlx").stdout.splitlines()
        assert len(lines) == len(names)
        for line in lines:
            path = line.split()[4]
            for typed in [path], ["src", path], ["src", "=", path], [f"src {path} or src @no"] if not set(path) & set("()'\"&|") else [path]:
                assert [found.split() for found in run(PROGRAM, "list", "-Hlx", *typed).stdout.splitlines()] == [line.split()], typed
    for words in ["trace", "/run/x", "--duration", MOMENT], ["audit", "src", "@x"], ["list", "dst", "/run/x"], ["list", "-t", "/run/x"], [
            "list", "-4", "src", "@x"]:
        done = run(PROGRAM, *words)
        assert done.returncode == 2 and "is a path" in done.stderr, done


def test_addresses(ns):
    with ns.entered(), contextlib.ExitStack() as stack:
        for host, family, v6only in ("127.0.0.1", socket.AF_INET, None), ("0.0.0.0", socket.AF_INET, None), ("::1", socket.AF_INET6, None), (
                "::", socket.AF_INET6, 1), ("::", socket.AF_INET6, 0), ("::ffff:127.0.0.1", socket.AF_INET6, 0):
            stack.enter_context(listen(host, family=family, v6only=v6only))
        lines = run(PROGRAM, "list", "-Htln").stdout.splitlines()
        assert len(lines) == 6
        for line in lines:
            for typed in [line.split()[4]], ["src", line.split()[4]]:
                assert line.split() in [found.split() for found in run(PROGRAM, "list", "-Htln", *typed).stdout.splitlines()], typed


def test_states():
    done = run(PROGRAM, "list", "-s")
    shown = set(re.findall(r"\d+ ([A-Z][A-Z_0-9]+)\b", done.stdout)) | {"LISTEN", "UNCONN", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1",
                                                                  "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "CLOSING"}
    for state in shown:
        assert run(PROGRAM, "list", "state", state).returncode == 0, state
        assert run(PROGRAM, "explain", state).returncode == 0, state


# ---- what is not there ----

def warnings_of(*words):
    done = run(PROGRAM, *words)
    assert done.returncode == 0, done
    return [line.removeprefix("tcpledger: warning: ") for line in messages(done) if line.startswith("tcpledger: warning: ")]


@pytest.mark.parametrize("words,warning", [
    (["http"], "no process has the name 'http' now; the port is ':http'"),
    (["comm", "http"], "no process has the name 'http' now; the port is ':http'"),
    (["root"], "no process has the name 'root' now; the user is 'uid root'"),
    (["host"], "no process has the name 'host' now; the network namespace is 'netns host'"),
    (["comm", "established"], "no process has the name 'established' now; the state is 'state established'"),
    (["comm", "10.9.8.7"], "no process has the name '10.9.8.7' now; the address is 10.9.8.7"),
    (["localhost"], "no process has the name 'localhost' now; a host is known by its address only"),
    (["tlt no such"], "no process has the name 'tlt no such' now"),
    (["tlt-no-*"], "no process has the name 'tlt-no-*' now"),
    (["\x1b]2J\u200b"], r"no process has the name '\x1b]2J\xe2\x80\x8b' now"),
    (["pid", "4194303"], "no process has the pid 4194303 now"),
    (["sport = :80 or (tlt-nobody and src 10/8)"], "no process has the name 'tlt-nobody' now"),
])
def test_absent_process(words, warning):
    assert warnings_of("list", *words) == [warning]
    assert warnings_of("audit", *words) == [warning]


def test_absent_process_is_not_told_where_it_is_left_out():
    assert not warnings_of("list", "not", "tlt-nobody", "and", "comm", "!=", "tlt-nobody", "and", "pid", "!=", "4194303")


def test_nearest_process(process):
    """The name of a process that is nearly called so, or of which the kernel keeps 15 bytes."""
    server = process([sys.executable, "-c", "import sys; open('/proc/self/comm', 'w').write('tlt-nearly-here'); print(flush=True); sys.stdin.read()"],
                     stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdout.readline() == b"\n"
    assert warnings_of("list", "tlt-naerly-here") == ["no process has the name 'tlt-naerly-here' now; the nearest is 'tlt-nearly-here'"]
    assert warnings_of("list", "tlt-nearly-here-longer") == [
        "no process has the name 'tlt-nearly-here-longer' now; the nearest is 'tlt-nearly-here'"]
    assert not warnings_of("list", "tlt-nearly-here")


THREAD = """if True:
    import sys, threading
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    print(thread.native_id, flush=True)
    sys.stdin.read()
    done.set()"""


def test_number_of_a_thread(process):
    server = process([sys.executable, "-c", THREAD], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    thread = server.stdout.readline().decode().strip()
    (warning,) = warnings_of("list", "pid", thread)
    assert re.fullmatch(rf"{thread} is the number of a thread: the process, which holds its sockets, is {server.pid} \(\S+\)", warning)
    server.communicate(timeout=30)


@pytest.mark.parametrize("words,warning", [
    (["-p", "4194303"], "no process has the pid 4194303 now, but one may come"),
    (["--comm", "tlt-nobody"], "no process has the name 'tlt-nobody' now, but one may come"),
    (["dev", "tlt-nowhere"], "there is no interface 'tlt-nowhere' now, in any network namespace, but one may come"),
])
def test_trace_and_top_warn_before_they_wait(words, warning, tracer):
    for command in "trace", "top":
        trace = tracer(*words, *(["-b"] if command == "top" else []), command=command)
        assert f"tcpledger: warning: {warning}\n" in trace.errors()
        trace.stop()


def test_trace_goes_on_for_a_process_that_comes(ns, tracer):
    trace = tracer("--netns", ns.name, "--comm", "tlt-comes")
    assert "no process has the name 'tlt-comes' now" in trace.errors()
    script = "import socket; open('/proc/self/comm', 'w').write('tlt-comes'); print(socket.create_server(('127.0.0.1', 0)).getsockname()[1])"
    ns.exec(sys.executable, "-c", script)
    await_that(lambda: trace.transitions(newstate="LISTEN", comm="tlt-comes"), "the line")


def test_words_of_a_filter_that_is_wrong():
    """The caret stands under the spot, whatever words the filter was given in."""
    done = run(PROGRAM, "list", "comm", "a b", "and", "(", "dport = :99999", ")")
    lines = done.stderr.splitlines()
    assert done.returncode == 2 and lines[1] == "    comm a b and ( dport = :99999 )"
    assert lines[2].index("^") == lines[1].index("99999")
