# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""tcpledger fds: the kind of each descriptor, and the holders of its other end."""

import ctypes
import errno
import fcntl
import json
import os
import re
import select
import socket
import stat
import struct
import subprocess
import sys
import time

import pytest
from conftest import PROGRAM, await_that, comm_of, connected_pair, listen, port_of, run

libc = ctypes.CDLL(None, use_errno=True)
X86 = {"eventfd2": 290, "timerfd_create": 283, "timerfd_settime": 286, "signalfd4": 289, "userfaultfd": 323,
       "io_uring_setup": 425, "perf_event_open": 298, "bpf": 321, "fanotify_init": 300, "fanotify_mark": 301}
GENERIC = {"eventfd2": 19, "timerfd_create": 85, "timerfd_settime": 86, "signalfd4": 74, "userfaultfd": 282,
           "io_uring_setup": 425, "perf_event_open": 241, "bpf": 280, "fanotify_init": 262, "fanotify_mark": 263}
SYSCALLS = X86 if os.uname().machine == "x86_64" else GENERIC
PR_SET_NAME = 15
IPPROTO_MPTCP = 262
HOSTILE = 'a "b\x1b[2J\nx'


def syscall(name, *arguments):
    result = libc.syscall(SYSCALLS[name], *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def fds(*arguments, prefix=(), status=0):
    done = run(*prefix, PROGRAM, "fds", *arguments)
    assert done.returncode == status, done
    return done


def descriptor_lines(pid="self", **kwargs):
    """Returns {fd: its line of JSON}."""
    done = fds(str(os.getpid() if pid == "self" else pid), "--json", **kwargs)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(line["type"] == "descriptor" for line in lines)
    return {line["fd"]: line for line in lines}


def rows(pid="self"):
    """Returns {fd: its line of the table}, which stands below the process, who it is, and the columns' names."""
    text = fds(str(os.getpid() if pid == "self" else pid)).stdout.splitlines()
    return {int(line.split()[0]): line for line in text[3:]}


def some_are_hidden():
    """True if the descriptors of some process may not be read, not even by root: then it is never certain that an end has no
    holder."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                os.readlink(f"/proc/{pid}/fd/{fd}")
        except PermissionError:
            return True
        except OSError:
            pass
    return False


def may_take_from_own():
    """True if a process without privilege may take descriptors from processes of the same user."""
    scope = "/proc/sys/kernel/yama/ptrace_scope"
    return not os.path.exists(scope) or open(scope, encoding="utf-8").read().strip() == "0"


class Opened:
    """Descriptors that are closed when the test is over."""

    def __init__(self):
        self.all = []

    def __call__(self, fd):
        self.all.append(fd)
        return fd

    def close(self):
        for each in self.all:
            try:
                os.close(each) if isinstance(each, int) else each.close()
            except OSError:
                pass


@pytest.fixture
def opened():
    made = Opened()
    yield made
    made.close()


# ---- the same as /proc ----

def test_same_as_proc(opened, tmp_path):
    """Every descriptor is shown, with the same facts as ls and stat show."""
    (tmp_path / "file").write_text("12345")
    opened(os.open(tmp_path / "file", os.O_RDWR | os.O_APPEND))
    opened(os.open(tmp_path, os.O_RDONLY))
    opened(os.open("/dev/null", os.O_WRONLY | os.O_NONBLOCK))
    opened(socket.socket())
    for each in os.pipe():
        opened(each)
    lines = descriptor_lines()
    there = {}
    for fd in map(int, os.listdir("/proc/self/fd")):
        try:
            there[fd] = (os.readlink(f"/proc/self/fd/{fd}"), os.fstat(fd), fcntl.fcntl(fd, fcntl.F_GETFL),
                         fcntl.fcntl(fd, fcntl.F_GETFD))
        except OSError:
            pass  # the descriptor of the listing itself
    assert set(there) <= set(lines)
    assert {lines[fd]["kind"] for fd in set(lines) - set(there)} <= {"pipe"}, "through which we read this"
    for fd, (link, status, flags, of_descriptor) in there.items():
        line = lines[fd]
        assert line["inode"] == status.st_ino and line["pid"] == os.getpid() and line["comm"] == comm_of()
        assert line["dev"] == f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
        assert line["access"] == ["r", "w", "rw"][flags & os.O_ACCMODE]
        assert ("append" in line["flags"]) == bool(flags & os.O_APPEND)
        assert ("nonblock" in line["flags"]) == bool(flags & os.O_NONBLOCK)
        assert ("cloexec" in line["flags"]) == bool(of_descriptor & fcntl.FD_CLOEXEC)
        if line["path"] is not None and line["kind"] != "socket":
            assert link == line["path"] + (" (deleted)" if line["deleted"] else "")
        if stat.S_ISREG(status.st_mode) and line["kind"] == "file":
            if line["size"] != status.st_size:  # another process writes to it, as to pytest's own output
                assert line["size"] < status.st_size <= os.fstat(fd).st_size
            else:
                assert line["pos"] == os.lseek(fd, 0, os.SEEK_CUR)


def test_files(opened, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x" * 1000)
    fd = opened(os.open(path, os.O_RDWR | os.O_APPEND))
    os.lseek(fd, 10, os.SEEK_SET)
    fcntl.flock(fd, fcntl.LOCK_EX)
    line = descriptor_lines()[fd]
    assert (line["kind"], line["path"], line["size"], line["pos"]) == ("file", str(path), 1000, 10)
    assert (line["deleted"], line["locks"]) == (False, 1)
    assert re.fullmatch(rf" *{fd} file +rw +append,cloexec,locked +1000 +10 {path}", rows()[fd])
    path.unlink()
    assert descriptor_lines()[fd]["deleted"] is True and descriptor_lines()[fd]["path"] == str(path)
    assert rows()[fd].endswith(f" {path}") and ",deleted " in rows()[fd]


def test_name_that_looks_deleted(opened, tmp_path):
    path = tmp_path / "x (deleted)"
    path.write_text("")
    fd = opened(os.open(path, os.O_RDONLY))
    assert (descriptor_lines()[fd]["path"], descriptor_lines()[fd]["deleted"]) == (str(path), False)
    os.link(path, tmp_path / "another")
    path.unlink()
    assert (descriptor_lines()[fd]["path"], descriptor_lines()[fd]["deleted"]) == (str(path), True), "though it has another name"


def test_other_kinds_of_files(opened, tmp_path):
    os.symlink("/etc", tmp_path / "link")
    directory = opened(os.open(tmp_path, os.O_RDONLY))
    link = opened(os.open(tmp_path / "link", os.O_PATH | os.O_NOFOLLOW))
    null = opened(os.open("/dev/null", os.O_RDONLY))
    memory = opened(os.memfd_create("some memory"))
    namespace = opened(os.open("/proc/self/ns/uts", os.O_RDONLY))
    master, slave = map(opened, os.openpty())
    os.write(memory, b"123")
    lines = descriptor_lines()
    assert lines[directory]["kind"] == "directory" and lines[directory]["size"] is None
    assert (lines[link]["kind"], lines[link]["access"], lines[link]["flags"]) == ("symlink", "none", ["path", "cloexec"])
    assert (lines[null]["kind"], lines[null]["device"]) == ("character", "1:3")
    assert (lines[memory]["kind"], lines[memory]["size"], lines[memory]["name"]) == ("memfd", 3, "/memfd:some memory")
    assert (lines[namespace]["kind"], lines[namespace]["namespace"]) == ("namespace", "uts")
    assert f"/dev/pts/{lines[master]['terminal']}" == os.ttyname(slave) == lines[slave]["path"]
    assert rows()[master].endswith(f" 5:2 master of {os.ttyname(slave)} {os.readlink(f'/proc/self/fd/{master}')}")


@pytest.mark.any_kernel
@pytest.mark.parametrize("name", [HOSTILE, "with space", "\u202eevil", "x" * 250])
def test_hostile_paths(opened, tmp_path, name):
    path = str(tmp_path / name)
    fd = opened(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    os.mkfifo(path + ".f")
    fifo = opened(os.open(path + ".f", os.O_RDWR))
    text = fds(str(os.getpid())).stdout
    assert "\x1b" not in text and "\u202e" not in text
    assert all(re.match(r" *\d+ [a-z_0-9]+ +[rw-]+ ", line) for line in text.splitlines()[3:])
    lines = descriptor_lines()
    assert lines[fd]["path"] == path and lines[fifo]["path"] == path + ".f"
    if name.startswith("x"):
        assert rows()[fd].endswith(path), "never cut"


@pytest.mark.any_kernel
def test_very_long_path(opened, tmp_path):
    """A path may be longer than the kernel shows."""
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=here)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    opened(here)
    line = descriptor_lines()[here]
    assert (line["kind"], line["path"]) == ("directory", None) and rows()[here].endswith("a path too long to be told")


@pytest.mark.any_kernel
def test_hostile_comm(opened, tmp_path):
    before = open("/proc/self/comm", "rb").read().rstrip(b"\n")
    reader, _writer = map(opened, os.pipe())
    try:
        libc.prctl(PR_SET_NAME, b'a"b\x1b[2J\n)')
        text = fds(str(os.getpid())).stdout
        assert "\x1b" not in text and text.startswith(r'a"b\x1b[2J\x0a), pid ')
        assert rf'({chr(34)}a\x22b\x1b[2J\x0a){chr(34)},pid={os.getpid()},fd=' in rows()[reader]
        assert descriptor_lines()[reader]["comm"] == 'a"b\x1b[2J\n)'
    finally:
        libc.prctl(PR_SET_NAME, before)


# ---- pipes ----

def ends(line):
    return {(other["pid"], other["fd"], other["access"]) for other in line["others"]}


def test_pipe_with_its_other_end_in_another_process(opened, process):
    reader, writer = map(opened, os.pipe())
    cat = process(["cat"], stdin=reader, stdout=subprocess.DEVNULL)
    os.close(reader)
    await_that(lambda: comm_of(cat.pid) == "cat", "cat to run")
    line = descriptor_lines()[writer]
    assert (line["kind"], line["access"], line["other_end"]) == ("pipe", "w", "open")
    assert ends(line) == {(cat.pid, 0, "r")} and line["others"][0]["comm"] == "cat"
    assert rows()[writer].endswith(f'{line["inode"]} read by ("cat",pid={cat.pid},fd=0)')
    theirs = descriptor_lines(cat.pid)[0]
    assert (theirs["access"], theirs["other_end"], ends(theirs)) == ("r", "open", {(os.getpid(), writer, "w")})


def test_pipe_within_one_process_and_its_copies(opened):
    reader, writer = map(opened, os.pipe())
    copy = opened(os.dup(reader))
    lines = descriptor_lines()
    assert ends(lines[reader]) == {(os.getpid(), writer, "w"), (os.getpid(), copy, "r")}
    assert ends(lines[writer]) == {(os.getpid(), reader, "r"), (os.getpid(), copy, "r")}


def test_pipe_whose_other_end_is_closed(opened):
    """The kernel reports a closed end, whatever it hides of other processes."""
    hidden = some_are_hidden()
    reader, closed_writer = os.pipe()
    closed_reader, writer = os.pipe()
    opened(reader), opened(writer)
    os.close(closed_writer)
    os.close(closed_reader)
    lines, text = descriptor_lines(), rows()
    assert lines[reader]["others"] == lines[writer]["others"] == []
    for fd, words in (reader, "nobody else writes: end of file"), (writer, "nobody else reads: a write gets EPIPE"):
        assert lines[fd]["other_end"] == "closed" and lines[fd]["others_complete"] == (not hidden)
        assert words in text[fd]
    with pytest.raises(BrokenPipeError):
        os.write(writer, b"x")


def test_pipe_whose_other_end_is_on_its_way(opened):
    """The other end was sent through a socket, and not received yet: no process holds it, and it is not closed."""
    reader, sent_writer = os.pipe()
    sent_reader, writer = os.pipe()
    opened(reader), opened(writer)
    here, there = map(opened, socket.socketpair())
    socket.send_fds(here, [b"x"], [sent_writer, sent_reader])
    os.close(sent_writer)
    os.close(sent_reader)
    lines, text = descriptor_lines(), rows()
    for fd, does in (reader, "written"), (writer, "read"):
        assert lines[fd]["others"] == [] and lines[fd]["other_end"] == "open"
        assert text[fd].endswith(f" {does} by somebody not seen (or on its way through a socket)")
    there.close()
    lines = descriptor_lines()
    assert lines[reader]["other_end"] == lines[writer]["other_end"] == "closed"


def test_fifo_with_one_end(opened, tmp_path):
    path = str(tmp_path / "fifo")
    os.mkfifo(path)
    reader = opened(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    assert descriptor_lines()[reader]["other_end"] == "closed", "though poll() does not tell: nobody has ever written"
    assert os.read(reader, 1) == b""
    here, there = map(opened, socket.socketpair())
    sent_writer = os.open(path, os.O_WRONLY)
    socket.send_fds(here, [b"x"], [sent_writer])
    os.close(sent_writer)
    assert descriptor_lines()[reader]["other_end"] == "open"
    there.close()
    assert descriptor_lines()[reader]["other_end"] == "closed"
    writer = opened(os.open(path, os.O_WRONLY))
    os.close(reader)
    opened.all.remove(reader)
    assert descriptor_lines()[writer]["other_end"] == "closed" and "a write gets EPIPE" in rows()[writer]


def test_fifo(opened, process, tmp_path):
    path = str(tmp_path / "fifo")
    os.mkfifo(path)
    both = opened(os.open(path, os.O_RDWR))
    cat = process(["cat", path], stdout=subprocess.DEVNULL)
    line = await_that(lambda: (found := descriptor_lines()[both])["others"] and found, "cat to open it")
    assert (line["kind"], line["path"], line["access"], line["other_end"]) == ("fifo", path, "rw", "open")
    assert ends(line) == {(cat.pid, 3, "r")}
    assert rows()[both].endswith(f'"{path}" read by ("cat",pid={cat.pid},fd=3)')


# ---- sockets ----

def by_ss(*letters):
    """Returns {inode: (state, recvq, sendq, local, peer)}."""
    found = {}
    for line in run("ss", "-Hane", *letters).stdout.splitlines():
        inode = re.search(r" ino:(\d+)", line)
        if inode:
            found[int(inode[1])] = line.split()[:5]
    return found


def test_inet_sockets_as_ss_tells_them(opened):
    for each in connected_pair(), connected_pair("::1"):
        for one in each:
            opened(one)
    each[1].sendall(b"unread")
    udp = opened(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    udp.bind(("127.0.0.1", 0))
    raw = opened(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
    raw.bind(("127.0.0.77", 0))  # an address that nobody pings
    theirs = {**by_ss("-t"), **by_ss("-u"), **by_ss("-w")}
    lines = descriptor_lines()
    ours = [line for line in lines.values() if line["kind"] == "socket" and line["inode"] in theirs]
    assert len(ours) >= 7 and udp.fileno() in {line["fd"] for line in ours}
    names = {"ESTAB": "ESTABLISHED"}
    for line in ours:
        state, recvq, sendq, local, _peer = theirs[line["inode"]]
        assert line["state"] == names.get(state, state)
        assert (str(line["recvq"]), str(line["sendq"])) == (recvq, sendq)
        if line["lport"]:
            assert local.rsplit(":", 1)[1] == str(line["lport"])
    assert lines[each[2].fileno()]["recvq"] == 6 and lines[each[2].fileno()]["laddr"] == "::1"
    assert lines[udp.fileno()]["proto"] == "udp"
    assert (lines[raw.fileno()]["proto"], lines[raw.fileno()]["lport"]) == ("raw", socket.IPPROTO_ICMP)
    assert f"LISTEN [::1]:{port_of(each[0])} waiting 0 of at most 16" in rows()[each[0].fileno()]


def test_socket_that_is_bound_and_no_more(opened):
    """Since Linux 6.8 the kernel shows a socket that is only bound; before, the address of one cannot be known."""
    server = opened(socket.socket())
    server.bind(("127.0.0.1", 0))
    line = descriptor_lines()[server.fileno()]
    assert (line["proto"], line["lport"]) in {("tcp", port_of(server)), ("tcp", None)}
    if tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) >= (6, 8):
        assert (line["laddr"], line["lport"]) == ("127.0.0.1", port_of(server))


def test_multipath_tcp(opened):
    """A socket of MPTCP has the endpoints of its TCP socket."""
    server = opened(socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP))
    server.bind(("127.0.0.1", 0))
    server.listen(3)
    line = descriptor_lines()[server.fileno()]
    assert (line["laddr"], line["lport"], line["state"]) == ("127.0.0.1", port_of(server), "LISTEN")


def test_socket_that_is_in_no_table(opened):
    fresh = opened(socket.socket())
    line = descriptor_lines()[fresh.fileno()]
    assert (line["proto"], line["state"], line["laddr"]) == ("tcp", "CLOSE", None)
    assert f" CLOSE inode {line['inode']}, " in rows()[fresh.fileno()]
    datagrams = opened(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    assert descriptor_lines()[datagrams.fileno()]["state"] is None
    assert "neither bound nor connected" in rows()[datagrams.fileno()]


def test_passed_and_forked_sockets(opened, process):
    server = opened(listen())
    sleeper = process(["sleep", "60"], pass_fds=[server.fileno()])
    await_that(lambda: comm_of(sleeper.pid) == "sleep", "sleep to run")
    line = descriptor_lines()[server.fileno()]
    assert line["others"] == [{"pid": sleeper.pid, "comm": "sleep", "fd": server.fileno(), "access": "rw"}]
    assert f'also held by ("sleep",pid={sleeper.pid},fd={server.fileno()})' in rows()[server.fileno()]
    theirs = descriptor_lines(sleeper.pid)[server.fileno()]
    assert ends(theirs) == {(os.getpid(), server.fileno(), "rw")} and theirs["lport"] == port_of(server)


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_SEQPACKET])
def test_unix_sockets_have_the_process_at_the_other_end(opened, process, tmp_path, kind):
    path = str(tmp_path / 'x "y')
    server = opened(socket.socket(socket.AF_UNIX, kind))
    server.bind(path)
    server.listen(5)
    client = opened(socket.socket(socket.AF_UNIX, kind))
    client.connect(path)
    accepted = server.accept()[0]
    sleeper = process(["sleep", "60"], pass_fds=[accepted.fileno()])
    passed = accepted.fileno()
    accepted.close()
    await_that(lambda: comm_of(sleeper.pid) == "sleep", "sleep to run")
    lines = descriptor_lines()
    assert (lines[server.fileno()]["path"], lines[server.fileno()]["state"]) == (path, "LISTEN")
    line = lines[client.fileno()]
    assert (line["proto"], line["state"], line["peer_path"], line["path"]) == ("unix", "ESTABLISHED", path, None)
    assert line["peers"] == [{"pid": sleeper.pid, "comm": "sleep", "fd": passed}]
    quoted = path.replace('"', '\\x22')
    assert f'-> "{quoted}" {line["peer_inode"]} ("sleep",pid={sleeper.pid},fd={passed})' in rows()[client.fileno()]
    assert descriptor_lines(sleeper.pid)[passed]["peers"] == [{"pid": os.getpid(), "comm": comm_of(), "fd": client.fileno()}]


def test_hostile_abstract_name(opened):
    server = opened(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    server.bind(b"\0x\x1b[2J\ny\0z")
    assert descriptor_lines()[server.fileno()]["path"] == "@x\x1b[2J\ny@z"
    assert r'"@x\x1b[2J\x0ay@z"' in rows()[server.fileno()]


def test_sockets_of_other_families(opened):
    route = opened(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE))
    route.bind((0, 1))
    packet = opened(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)))
    packet.bind(("lo", 3))
    lines, text = descriptor_lines(), rows()
    line = lines[route.fileno()]
    assert (line["proto"], line["netlink_name"], line["netlink_groups"]) == ("netlink", "route", 1)
    assert line["netlink_port"] == route.getsockname()[0]
    assert text[route.fileno()].endswith(f" route port {route.getsockname()[0]} groups 0x1")
    assert (lines[packet.fileno()]["proto"], lines[packet.fileno()]["ifindex"]) == ("packet", 1)
    assert text[packet.fileno()].endswith(" takes all frames interface lo")
    assert lines[packet.fileno()]["interface"] == "lo"
    assert lines[packet.fileno()]["netns"] == line["netns"] == os.stat("/proc/self/ns/net").st_ino


def test_sockets_of_other_namespaces(opened, netns):
    """A process in one network namespace holds a socket of another: only the latter is shown with the name of its namespace."""
    own, other = netns(), netns()
    with other.entered():
        foreign = opened(listen(port=7100))
    script = ("import socket, time; s = socket.create_server(('127.0.0.1', 7101)); print(s.fileno(), flush=True); "
              "time.sleep(60)")
    child = own.popen("/usr/bin/python3", "-c", script, stdout=subprocess.PIPE, text=True, pass_fds=[foreign.fileno()])
    try:
        native = int(child.stdout.readline())
        lines, text = descriptor_lines(child.pid), fds(str(child.pid)).stdout
        assert (lines[native]["lport"], lines[native]["netns"], lines[native]["netns_name"]) == (7101, own.inode, own.name)
        assert (lines[foreign.fileno()]["lport"], lines[foreign.fileno()]["netns_name"]) == (7100, other.name)
        assert f"netns {own.name}" in text.splitlines()[0]
        assert re.search(rf"127.0.0.1:7100 .*netns {re.escape(other.name)} also held by", text)
        assert not re.search(rf"127.0.0.1:7101 .*netns", text)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


BOUND = """
import socket, time
held = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket(socket.AF_INET6)]
held[0].bind(("0.0.0.0", 5001))
held[1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
held[1].bind(("::", 5002))
held[1].listen(3)
for each in held:
    each.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"tl-bound")
print(*[each.fileno() for each in held], flush=True)
time.sleep(60)
"""


def test_interfaces_of_other_namespaces(opened, netns, process):
    """An interface is shown by name, also where the socket is in neither the process's network namespace nor ours."""
    own, other = netns(), netns()
    own.exec("ip", "link", "add", "tl-bound", "type", "veth", "peer", "name", "tl-peer")
    other.exec("ip", "link", "add", "tl-foreign", "type", "veth", "peer", "name", "tl-peer")
    with other.entered():
        foreign = opened(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        foreign.bind(("0.0.0.0", 5003))
        foreign.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"tl-foreign")
    with own.entered():
        child = process([sys.executable, "-c", BOUND], stdout=subprocess.PIPE, text=True, pass_fds=[foreign.fileno()])
    udp, tcp = map(int, child.stdout.readline().split())
    lines, text = descriptor_lines(child.pid), rows(child.pid)
    assert " 0.0.0.0%tl-bound:5001 " in text[udp] + " " and "[::]%tl-bound:5002" in text[tcp]
    assert "0.0.0.0%tl-foreign:5003" in text[foreign.fileno()]
    listed = {line["inode"]: line for line in map(json.loads, own.exec(PROGRAM, "list", "--json", "-tua").stdout.splitlines())}
    for fd in udp, tcp:
        theirs = listed[lines[fd]["inode"]]
        assert lines[fd]["interface"] == "tl-bound" and lines[fd]["ifindex"]
        for name in "interface", "ifindex", "v6only":
            assert lines[fd][name] == theirs[name]
    assert lines[tcp]["v6only"] is True


def test_interface_of_what_is_bound_to_none(opened):
    inet, local, fresh = opened(listen()), opened(socket.socket(socket.AF_UNIX)), opened(socket.socket())
    lines = descriptor_lines()
    for each in inet, local, fresh:
        line = lines[each.fileno()]
        assert (line["interface"], line["ifindex"], line["v6only"]) == (None, None, None)


def test_connected_raw_socket(opened):
    """The peer of a raw socket has an address and no port."""
    raw = opened(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
    raw.bind(("127.0.0.1", 0))
    raw.connect(("127.0.0.2", 0))
    assert rows()[raw.fileno()].endswith(" ESTABLISHED 127.0.0.1:1 -> 127.0.0.2:*")


# ---- descriptors outside the file system ----

def test_eventfd(opened):
    fd = opened(syscall("eventfd2", 300, os.O_NONBLOCK))
    assert (descriptor_lines()[fd]["kind"], descriptor_lines()[fd]["count"], descriptor_lines()[fd]["semaphore"]) == ("eventfd", 300, False)
    assert rows()[fd].endswith(" count 300")


def test_epoll(opened):
    epoll = opened(select.epoll())
    reader, writer = map(opened, os.pipe())
    other = opened(os.dup(reader))
    epoll.register(reader, select.EPOLLIN | select.EPOLLET)
    epoll.register(writer, select.EPOLLOUT | select.EPOLLONESHOT)
    watches = {watch["fd"]: (watch["events"], watch["stale"]) for watch in descriptor_lines()[epoll.fileno()]["watches"]}
    assert watches == {reader: (["IN", "ET"], False), writer: (["OUT", "ONESHOT"], False)}
    os.close(reader)  # its copy keeps it in the epoll set
    opened.all.remove(reader)
    assert f"{reader} IN,ET (closed here, open elsewhere)" in rows()[epoll.fileno()]
    os.close(other)
    opened.all.remove(other)
    await_that(lambda: "closed here" not in rows()[epoll.fileno()], "it to go with the last copy")


def test_timerfd(opened):
    fd = opened(syscall("timerfd_create", time.CLOCK_MONOTONIC, 0))
    assert rows()[fd].endswith(" monotonic not armed") and descriptor_lines()[fd]["fires_in_ns"] is None
    syscall("timerfd_settime", fd, 0, (ctypes.c_long * 4)(5, 0, 3600, 0), None)
    line = descriptor_lines()[fd]
    assert line["clock"] == "monotonic" and line["interval_ns"] == 5 * 10**9 and 3500 * 10**9 < line["fires_in_ns"] <= 3600 * 10**9
    assert re.search(r" monotonic fires in (59m\d\ds|1h00m), then each 5.0s$", rows()[fd])


def test_signalfd(opened):
    fd = opened(syscall("signalfd4", -1, ctypes.byref(ctypes.c_ulong(1 << 1 | 1 << 14)), 8, 0))
    assert descriptor_lines()[fd]["signals"] == ["SIGINT", "SIGTERM"] and rows()[fd].endswith(" SIGINT SIGTERM")


def test_inotify(opened, tmp_path):
    fd = opened(libc.inotify_init1(0))
    libc.inotify_add_watch(fd, str(tmp_path).encode(), 0x2)
    status = os.stat(tmp_path)
    (watch,) = descriptor_lines()[fd]["watches"]
    assert (watch["inode"], watch["events"]) == (status.st_ino, ["MODIFY"])
    assert watch["dev"] == f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
    assert f" 1 watch: inode {status.st_ino} on " in rows()[fd]


def test_fanotify(opened, tmp_path):
    try:
        fd = opened(syscall("fanotify_init", 0x200, 0))
        syscall("fanotify_mark", fd, 1, ctypes.c_ulong(0x100), -100, str(tmp_path).encode())
    except OSError as err:
        pytest.skip(f"fanotify: {err}")
    assert [(watch["inode"], watch["events"]) for watch in descriptor_lines()[fd]["watches"]] == [(os.stat(tmp_path).st_ino, ["CREATE"])]


def test_pidfd(opened, process):
    sleeper = process(["sleep", "60"])
    fd = opened(os.pidfd_open(sleeper.pid))
    await_that(lambda: comm_of(sleeper.pid) == "sleep", "sleep to run")
    line = descriptor_lines()[fd]
    assert (line["target_pid"], line["target_comm"], line["target_exited"]) == (sleeper.pid, "sleep", False)
    assert rows()[fd].endswith(f'pid {sleeper.pid} "sleep"')
    sleeper.kill()
    sleeper.wait()
    assert descriptor_lines()[fd]["target_exited"] and rows()[fd].endswith("a process that has exited")


def test_bpf_map(opened):
    attributes = ctypes.create_string_buffer(128)
    struct.pack_into("IIIII", attributes, 0, 2, 4, 8, 4, 0)  # an array
    fd = opened(syscall("bpf", 0, attributes, 72))
    line = descriptor_lines()[fd]
    info = re.search(r"map_id:\t(\d+)", open(f"/proc/self/fdinfo/{fd}", encoding="utf-8").read())
    assert (line["kind"], line["bpf_type"], line["bpf_id"]) == ("bpf-map", "array", int(info[1]))


@pytest.mark.parametrize("name,kind,arguments", [
    ("userfaultfd", "userfaultfd", [1]),
    ("io_uring_setup", "io_uring", [8, ctypes.create_string_buffer(256)]),
    ("perf_event_open", "perf_event", [ctypes.create_string_buffer(struct.pack("IIQ", 1, 112, 0) + bytes(112)), 0, -1, -1, 0]),
])
def test_those_that_a_kernel_may_lack(opened, name, kind, arguments):
    try:
        fd = opened(syscall(name, *arguments))
    except OSError as err:
        pytest.skip(f"{name}: {err}")
    assert descriptor_lines()[fd]["kind"] == kind
    assert f" {kind} " in rows()[fd]


# ---- output ----

@pytest.mark.any_kernel
def test_columns_are_aligned(opened, tmp_path):
    (tmp_path / "big").write_bytes(b"")
    os.truncate(tmp_path / "big", 10**12)
    opened(os.open(tmp_path / "big", os.O_RDWR | os.O_APPEND | os.O_SYNC | os.O_NONBLOCK))
    heading, *lines = fds(str(os.getpid())).stdout.splitlines()[2:]
    assert heading.split() == ["FD", "KIND", "ACCESS", "FLAGS", "SIZE", "POS", "WHAT"]
    column = heading.index("WHAT")
    for line in lines:
        assert line[column - 1] == " " and line[column] != " " and len(line[:column].split()) == 6, line
    assert any("1000000000000" in line and "append,nonblock,sync,cloexec" in line for line in lines)


@pytest.mark.any_kernel
def test_colour(opened):
    opened(listen())
    assert "\x1b" not in fds(str(os.getpid())).stdout
    text = fds(str(os.getpid()), "--color=always").stdout
    assert "\x1b[1m" in text.splitlines()[0] and "\x1b[36mLISTEN\x1b[0m" in text


@pytest.mark.any_kernel
def test_reader_that_goes_away():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([PROGRAM, "fds", "*", "--json"], stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(writer)
    assert done.returncode == (3 if some_are_hidden() else 0) and "Broken pipe" not in done.stderr


@pytest.mark.any_kernel
def test_full_disk():
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([PROGRAM, "fds", str(os.getpid())], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1 and os.strerror(errno.ENOSPC) in done.stderr
