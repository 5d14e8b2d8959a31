# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A program whose file has more rights than the user who starts it: the rights that this user gets, and those that are kept back."""

import contextlib
import ctypes
import errno
import json
import os
import re
import shutil
import stat
import struct
import subprocess
import tempfile

import pytest
from conftest import NO_LEAKS, PROGRAM, await_that, connected_pair, libc, port_of, run
from test_privileges import BPF, DAC_READ_SEARCH, PERFMON, SYS_PTRACE, capabilities, threads_of
from test_usage import NOBODY

NOBODYS_ID = 65534
SECRET = "root:$y$j9T$topsecret:20228:0:99999:7:::\n"
AS_NOBODY = [*NOBODY, *NO_LEAKS]


def grant_capabilities(path):
    """Grants the capabilities that README advises, as setcap(8) writes them: struct vfs_cap_data of linux/capability.h, revision 2,
    effective."""
    bits = sum(1 << number for number in (BPF, PERFMON, SYS_PTRACE, DAC_READ_SEARCH))
    os.setxattr(path, "security.capability", struct.pack("<5I", 0x02000001, bits & 0xffffffff, 0, bits >> 32, 0))


def gives_rights(directory):
    """True if a file in the directory can give rights: not where the file system is mounted nosuid, as /tmp often is."""
    return os.path.isdir(directory) and not os.statvfs(directory).f_flag & os.ST_NOSUID


@pytest.fixture
def place():
    """Makes a directory that all users may enter, unlike pytest's own."""
    parent = next(filter(gives_rights, [tempfile.gettempdir(), "/var/tmp", "/run"]))
    path = tempfile.mkdtemp(prefix="tcpledger-", dir=parent)
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(params=["capabilities", "set-uid", "set-gid"])
def granted(place, request):
    path = shutil.copy(PROGRAM, f"{place}/granted")
    if request.param == "capabilities":
        grant_capabilities(path)
    else:
        os.chmod(path, 0o755 | (stat.S_ISUID if request.param == "set-uid" else stat.S_ISGID))
    return path


def as_nobody(*command, **kwargs):
    return run(*AS_NOBODY, *command, **kwargs)


def write_file(path, text, mode, owner=0):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chown(path, owner, owner)
    os.chmod(path, mode)
    return path


class Hidden:
    """Files that root may read and the user nobody may not, for each reason that there is."""

    def __init__(self, place):
        self.shadow = write_file(f"{place}/shadow", SECRET, 0o600)
        self.of_group = write_file(f"{place}/of-group", SECRET, 0o640)  # of root's group, which is that of the set-gid program
        self.room = f"{place}/room"
        os.mkdir(self.room, 0o700)
        self.inside = write_file(f"{self.room}/policy", SECRET, 0o644)
        self.link = f"{place}/link"
        os.symlink(self.shadow, self.link)

    def paths(self):
        """Returns all paths. The last is one that the kernel shows a process about itself, but to the user of the process only if its
        file gives no rights."""
        return [self.shadow, self.of_group, self.inside, self.link, self.room, f"{self.room}/absent", "/proc/self/maps"]

    def is_as_before(self):
        for path in self.shadow, self.of_group, self.inside:
            with open(path, encoding="utf-8") as file:
                if file.read() != SECRET:
                    return False
        return os.listdir(self.room) == ["policy"] and os.path.islink(self.link)


OPTIONS_WITH_A_PATH = ["--policy {}", "--baseline {}", "--baseline {} --save"]


@pytest.mark.any_kernel
@pytest.mark.parametrize("options", OPTIONS_WITH_A_PATH)
def test_no_file_that_the_user_may_not_read(place, granted, options):
    """The program answers as a copy of it whose file gives no rights."""
    hidden = Hidden(place)
    for path in hidden.paths():
        words = ["audit", "-n", *options.format(path).split()]
        done, plain = as_nobody(granted, *words), as_nobody(PROGRAM, *words)
        assert done.returncode == plain.returncode == 2, (path, done)
        assert done.stderr == plain.stderr and ("Permission denied" in done.stderr or path == hidden.link)
        assert done.stdout == "" and "topsecret" not in done.stderr
    assert hidden.is_as_before()


@pytest.mark.any_kernel
def test_each_option_that_takes_a_path_is_tried():
    helps = [run(PROGRAM, command, "--help").stdout for command in ("trace", "top", "list", "fds", "audit", "explain", "doctor")]
    named = {f"--{option}" for text in helps for option in re.findall(r"--([\w-]+)=(?:FILE|DIR|PATH)", text)}
    assert named == {word for options in OPTIONS_WITH_A_PATH for word in options.split() if word.endswith(("policy", "baseline"))}


@pytest.mark.any_kernel
def test_files_of_the_user(place, granted):
    own = f"{place}/own"
    os.mkdir(own, 0o700)
    os.chown(own, NOBODYS_ID, NOBODYS_ID)
    policy = write_file(f"{own}/policy", "*:22\nwrong:\n", 0o400, NOBODYS_ID)
    done = as_nobody(granted, "audit", "--policy", policy)
    assert done.returncode == 2 and "line" in done.stderr and "Permission" not in done.stderr
    saved = f"{own}/baseline"
    assert as_nobody(granted, "audit", "--baseline", saved).returncode in (0, 3)
    there = os.stat(saved)
    assert (there.st_uid, there.st_gid, stat.S_IMODE(there.st_mode)) == (NOBODYS_ID, NOBODYS_ID, 0o600)


@pytest.mark.any_kernel
def test_nothing_is_saved_where_the_user_may_not(place, granted):
    path = f"{place}/baseline"  # in a directory of root's, which all may read
    done = as_nobody(granted, "audit", "--baseline", path)
    assert done.returncode == 1 and "it cannot be saved: Permission denied" in done.stderr
    assert not os.path.exists(path)


@pytest.mark.any_kernel
def test_roots_own_rights(place):
    """Root may read the files of other users, also while its capabilities are not effective."""
    os.mkdir(f"{place}/own", 0o700)
    os.chown(f"{place}/own", NOBODYS_ID, NOBODYS_ID)
    policy = write_file(f"{place}/own/policy", "22/tcp\n", 0o400, NOBODYS_ID)
    assert run(PROGRAM, "audit", "--policy", policy).returncode in (0, 3)
    assert run(PROGRAM, "audit", "--baseline", f"{place}/own/baseline").returncode in (0, 3)


@pytest.mark.any_kernel
@pytest.mark.parametrize("granted", ["capabilities"], indirect=True)
def test_root_that_is_not_privileged(place, granted):
    """Under SECBIT_NOROOT (securebits, capabilities(7)) root has no more rights than the files' owner."""
    own = f"{place}/own"
    os.mkdir(own, 0o700)
    os.chown(own, NOBODYS_ID, NOBODYS_ID)
    policy = write_file(f"{own}/policy", SECRET, 0o400, NOBODYS_ID)
    bare = ["setpriv", "--securebits", "+noroot", "--inh-caps=-all", *NO_LEAKS]
    for path in PROGRAM, granted:
        done = run(*bare, path, "audit", "--policy", policy)
        assert done.returncode == 2 and "Permission denied" in done.stderr, done


@pytest.mark.any_kernel
@pytest.mark.parametrize("granted", ["set-uid"], indirect=True)
def test_ports_that_the_user_may_not_bind(ns, granted):
    """explain answers for the user who asks if a port can be bound."""
    ns.exec("sysctl", "-qw", "net.ipv4.ip_unprivileged_port_start=1024")
    said, plain = [json.loads(ns.exec(*AS_NOBODY, path, "explain", "81", "--json").stdout) for path in (granted, PROGRAM)]
    assert said["may_bind_privileged"] is plain["may_bind_privileged"] is False
    assert said["bindable"] == plain["bindable"] and said["bindable"]["tcp"]["ipv4"]["errno"] == errno.EACCES


@pytest.mark.parametrize("granted", ["capabilities", "set-uid"], indirect=True)
@pytest.mark.parametrize("source", ["iter", "proc"])
def test_what_it_was_granted_for(granted, source):
    """The granted program shows the user nobody a process of root: as the holder of its sockets, and with its descriptors."""
    server, client, accepted = connected_pair()
    listing = ["list", "-tlnp", "--holder-source", source, f"sport = :{port_of(server)}"]
    holder = f"pid={os.getpid()},fd={server.fileno()}"
    with server, client, accepted:
        assert holder not in as_nobody(PROGRAM, *listing[:2], *listing[4:]).stdout, "the test proves nothing otherwise"
        assert holder in as_nobody(granted, *listing).stdout
        done = as_nobody(granted, "fds", str(os.getpid()))
        assert done.returncode == 0 and re.search(rf"^ *{server.fileno()} tcp .*LISTEN", done.stdout, re.M), done


@pytest.mark.parametrize("who", ["root", "capabilities"])
@pytest.mark.parametrize("command", ["trace", "top"])
def test_no_capability_is_effective_between_uses(place, tracer, process, who, command):
    arguments = ["-b", "-d", "0.5", "-n", "1000"] if command == "top" else []
    if who == "root":
        pid = tracer(*arguments, command=command).process.pid
    else:
        path = shutil.copy(PROGRAM, f"{place}/granted")
        grant_capabilities(path)
        started = process([*AS_NOBODY, path, command, *arguments, "-v"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while b"joined" not in (line := started.stderr.readline()):
            assert line
        pid = started.pid
    assert capabilities(threads_of(pid)[0], "CapPrm") >= {BPF, SYS_PTRACE, DAC_READ_SEARCH}
    await_that(lambda: not any(capabilities(thread, "CapEff") for thread in threads_of(pid)), "no thread to have an effective capability")


class Watched:
    """Notices when anything in a directory is opened (inotify(7))."""

    IN_OPEN, IN_NONBLOCK = 0x20, 0o4000

    def __init__(self, path):
        self.fd = libc.inotify_init1(self.IN_NONBLOCK)
        assert self.fd >= 0 and libc.inotify_add_watch(self.fd, ctypes.c_char_p(path.encode()), self.IN_OPEN) >= 0

    def was_opened(self):
        with contextlib.suppress(BlockingIOError):
            return bool(os.read(self.fd, 4096))
        return False


@pytest.mark.any_kernel
def test_no_variable_chooses_a_file_or_a_program(place, granted):
    trap = f"{place}/trap"
    os.mkdir(trap, 0o755)
    write_file(f"{trap}/run", f"#!/bin/sh\n: >{trap}/ran\n", 0o755)
    watched = Watched(trap)
    with open(f"{trap}/run", encoding="utf-8"):
        assert watched.was_opened(), "the test proves nothing otherwise"
    variables = dict.fromkeys("HOME XDG_CONFIG_HOME XDG_STATE_HOME XDG_DATA_HOME XDG_RUNTIME_DIR TMPDIR TERMINFO LOCPATH NLSPATH".split(), trap)
    programs = dict.fromkeys("PAGER MANPAGER EDITOR VISUAL BROWSER SHELL TZ HOSTALIASES RESOLV_HOST_CONF LD_PRELOAD".split(), f"{trap}/run")
    settings = [f"{name}={value}" for name, value in {**variables, **programs}.items()]
    for words in ["--help"], ["list", "-tulnrpe"], ["audit"], ["fds", "1"], ["explain", "80"], ["doctor"], ["trace", "--duration", "0.1"]:
        as_nobody("env", *settings, granted, *words)  # env sets the variables last: a program before it would heed LD_PRELOAD itself
        assert not watched.was_opened(), words
    assert not os.path.exists(f"{trap}/ran")
