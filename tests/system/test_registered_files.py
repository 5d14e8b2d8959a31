# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Sockets and pipes that are registered with an io_uring, and may have no descriptor: who holds them, and what cannot be known."""

import contextlib
import ctypes
import errno
import fcntl
import json
import mmap
import os
import re
import select
import socket
import struct
import subprocess
import sys
import threading

import pytest
from conftest import PROGRAM, await_that, connected_pair, listen, port_of, run
from conftest import select as select_lines
from test_fds import descriptor_lines, fds, libc, opened  # pylint: disable=unused-import

pytestmark = pytest.mark.alone  # while the kernel does not tell what a ring holds, no owners are complete, anywhere

SETUP, REGISTER = 425, 427
REGISTER_FILES, FILES_UPDATE = 2, 6
RELEASE = tuple(map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups()))
TOLD = RELEASE >= (6, 14)  # before, the kernel does not tell which socket is registered
SOURCES = "iter", "proc"


def ring_with(*files):
    """Makes a ring with these files registered; -1 is a slot without one. Returns the ring's descriptor."""
    ring = libc.syscall(SETUP, 8, ctypes.create_string_buffer(120))
    if ring < 0 and ctypes.get_errno() in (errno.ENOSYS, errno.EPERM):
        pytest.skip("no io_uring here")
    numbers = (ctypes.c_int * len(files))(*(file if isinstance(file, int) else file.fileno() for file in files))
    assert ring >= 0 and libc.syscall(REGISTER, ring, REGISTER_FILES, numbers, len(files)) == 0, os.strerror(ctypes.get_errno())
    return ring


@pytest.fixture
def registered(opened):
    """Registers files, and closes those that are to have no descriptor."""
    def register(*files, keep=()):
        ring = opened(ring_with(*files))
        for file in {id(file): file for file in files if file != -1 and file not in keep}.values():
            os.close(file) if isinstance(file, int) else file.close()
        return ring
    return register


def listed(port, source, *options):
    done = run(PROGRAM, "list", "-tanp", "--json", f"--holder-source={source}", f"sport = :{port}", *options)
    if source == "iter" and done.returncode and "has no BPF iterator" in done.stderr:
        pytest.skip("no iterator here")
    assert done.returncode == 0, done
    return [json.loads(line) for line in done.stdout.splitlines()]


def not_told(line):
    return line["owners"] == [] and line["owners_complete"] is False


def rows():
    """Returns {descriptor: its line of the table} of this process, and those of registered files under "ring[slot]"."""
    return {line.split()[0]: line for line in fds(str(os.getpid())).stdout.splitlines()[2:]}


def holders_in(line):
    return {(owner["pid"], owner["fd"], owner.get("ring"), owner.get("slot")) for owner in line["owners"]}


@pytest.mark.parametrize("source", SOURCES)
def test_listener_without_a_descriptor(registered, source):
    server = listen()
    port = port_of(server)
    ring = registered(-1, server)
    line, = listed(port, source)
    if not TOLD:
        assert not_told(line)
        return
    assert holders_in(line) == {(os.getpid(), None, ring, 1)} and line["pid"] == os.getpid()
    text = run(PROGRAM, "list", "-tlnpH", f"--holder-source={source}", f"sport = :{port}").stdout
    assert f'",pid={os.getpid()},ring={ring},slot=1)' in text
    assert listed(port, source, f"pid {os.getpid()}") and not listed(port, source, "pid 1")
    audit = run(PROGRAM, "audit", "--json", f"--holder-source={source}", f"sport = :{port}").stdout
    assert holders_in(json.loads(audit.splitlines()[0])) == {(os.getpid(), None, ring, 1)}


def test_explain_and_fds(registered):
    server = listen()
    port, inode = port_of(server), os.fstat(server.fileno()).st_ino
    ring = registered(-1, server)
    port_json = json.loads(run(PROGRAM, "explain", "--json", str(port)).stdout)
    text = run(PROGRAM, "explain", str(port)).stdout.replace("\n", " ")
    lines = [json.loads(line) for line in fds(str(os.getpid()), "--json").stdout.splitlines()]
    of_ring, = (line for line in lines if line["fd"] == ring)
    in_slots = [line for line in lines if line.get("ring") == ring]
    assert of_ring["slots"] == 2 and of_ring["files_complete"] is TOLD
    if not TOLD:
        assert not in_slots and "whose files this kernel does not tell" in rows()[str(ring)]
        assert "the kernel does not tell all files that are registered with io_urings" in re.sub(" +", " ", text)
        return
    assert holders_in(port_json["listeners"][0]) == {(os.getpid(), None, ring, 1)}
    assert f"(pid {os.getpid()}, slot 1 of an io_uring)" in re.sub(" +", " ", text)
    line, = in_slots
    assert (line["fd"], line["slot"], line["inode"], line["state"], line["lport"]) == (None, 1, inode, "LISTEN", port)
    assert (line["dev"], line["deleted"], line["locks"], line["others"]) == (None, None, None, [])
    table = fds(str(os.getpid())).stdout.splitlines()
    at = next(i for i, row in enumerate(table) if row.split()[:2] == [str(ring), "io_uring"])
    assert "2 slots for files" in table[at]
    assert re.match(rf" *{ring}\[1\] tcp +rw .* LISTEN 127.0.0.1:{port} ", table[at + 1])


def test_sparse_table_of_all_kinds(registered, tmp_path):
    server, client, accepted = connected_pair()
    path = tmp_path / "a b\n    7: socket:[1]"
    path.write_text("")
    reader, writer = os.pipe()
    file = os.open(path, os.O_RDONLY)
    ring = registered(client, -1, accepted, file, writer, -1, client, -1, keep=(accepted,))
    slots = {line["slot"]: line for line in map(json.loads, fds(str(os.getpid()), "--json").stdout.splitlines()) if line.get("ring") == ring}
    if not TOLD:
        line = descriptor_lines()[ring]
        assert not slots and (line["slots"], line["files_complete"]) == (8, False)
        return
    assert set(slots) == {0, 2, 3, 4, 6}
    assert slots[3]["path"] == str(path) and slots[3]["kind"] == "unknown"
    assert slots[0]["inode"] == slots[6]["inode"] != slots[2]["inode"] == os.fstat(accepted.fileno()).st_ino
    assert [(other["fd"], other["ring"], other["slot"]) for other in slots[0]["others"]] == [(None, ring, 6)]
    assert [other["fd"] for other in slots[2]["others"]] == [accepted.fileno()]
    assert slots[4]["kind"] == "pipe"
    for line in descriptor_lines().values():
        if line["fd"] == reader:
            assert [(other["ring"], other["slot"], other["access"]) for other in line["others"]] == [(ring, 4, None)]
            assert line["other_end"] == "open"
    assert f'also registered by ("' in rows()[str(reader)] and f"ring={ring},slot=4)" in rows()[str(reader)]
    for source in SOURCES:
        line, = (each for each in listed(port_of(accepted), source) if each["inode"] == slots[2]["inode"])
        assert holders_in(line) == {(os.getpid(), accepted.fileno(), None, None), (os.getpid(), None, ring, 2)}
    os.close(reader)
    server.close()
    accepted.close()


@pytest.mark.parametrize("source", SOURCES)
def test_ring_of_another_process(process, source):
    """A ring that was inherited holds its files for each process that has it."""
    server = listen()
    port = port_of(server)
    ring = ring_with(server)
    server.close()
    child = process([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, pass_fds=[ring])
    await_that(lambda: os.path.exists(f"/proc/{child.pid}/fd/{ring}"), "the child to have the ring")
    if not TOLD:
        os.close(ring)
        assert not_told(listed(port, source)[0])
        return
    assert holders_in(listed(port, source)[0]) == {(os.getpid(), None, ring, 0), (child.pid, None, ring, 0)}
    os.close(ring)
    assert holders_in(listed(port, source)[0]) == {(child.pid, None, ring, 0)}


OWN_TABLE = """
import ctypes, os, sys, threading
libc = ctypes.CDLL(None)
def own():
    libc.unshare(0x400)
    os.dup2(int(sys.argv[1]), 200)
    print(threading.get_native_id(), flush=True)
    sys.stdin.read()
    os._exit(0)
threading.Thread(target=own).start()
"""


@pytest.mark.parametrize("source", SOURCES)
def test_ring_of_a_thread(process, source):
    """A ring in a table that only a thread has is read there."""
    server = listen()
    port = port_of(server)
    ring = ring_with(server)
    server.close()
    child = process([sys.executable, "-c", OWN_TABLE, str(ring)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=[ring])
    tid = int(child.stdout.readline())
    os.close(ring)
    if not TOLD:
        assert not_told(listed(port, source)[0])
        return
    assert (child.pid, None, 200, 0) in holders_in(listed(port, source)[0])
    lines = [json.loads(line) for line in fds(str(child.pid), "--json").stdout.splitlines()]
    assert [line["lport"] for line in lines if line["tid"] == tid and line.get("ring") == 200] == [port]


# ---- a ring whose lock is held ----

USERFAULTFD = 323 if os.uname().machine == "x86_64" else 282


@contextlib.contextmanager
def locked(ring):
    """Holds the lock of a ring: a thread updates its files from memory that is not there, which the kernel waits for."""
    fault = libc.syscall(USERFAULTFD, os.O_CLOEXEC | os.O_NONBLOCK)
    if fault < 0:
        pytest.skip("no userfaultfd here")
    memory = mmap.mmap(-1, mmap.PAGESIZE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    fcntl.ioctl(fault, 0xc018aa3f, bytearray(struct.pack("QQQ", 0xaa, 0, 0)))  # UFFDIO_API
    fcntl.ioctl(fault, 0xc020aa00, bytearray(struct.pack("QQQQ", address, mmap.PAGESIZE, 1, 0)))  # UFFDIO_REGISTER, for what is missing
    update = ctypes.create_string_buffer(struct.pack("IIQ", 0, 0, address))
    thread = threading.Thread(target=lambda: libc.syscall(REGISTER, ring, FILES_UPDATE, update, 1))
    thread.start()
    try:
        assert select.select([fault], [], [], 30)[0], "the update waits for its memory"
        yield
    finally:
        os.read(fault, 32)
        fcntl.ioctl(fault, 0xc020aa04, bytearray(struct.pack("QQQQ", address, mmap.PAGESIZE, 0, 0)))  # UFFDIO_ZEROPAGE
        thread.join()
        os.close(fault)


@pytest.mark.parametrize("source", SOURCES)
def test_locked_ring(registered, source):
    """Nobody can tell what a locked ring holds: owners are not complete, and it is said why."""
    server = listen()
    other = listen()
    port = port_of(server)
    ring = registered(-1, server)
    with locked(ring):
        line, = listed(port, source)
        assert line["owners"] == [] and line["owners_complete"] is False
        assert listed(port_of(other), source)[0]["owners_complete"] is False, "it may hold that one, too"
        assert descriptor_lines()[ring]["files_complete"] is False
        assert "does not tell, or has locked" in rows()[str(ring)]
        done = run(PROGRAM, "list", "-tlnp", f"--holder-source={source}", f"sport = :{port}")
        assert done.stdout.rstrip().endswith(" -") and "could not be seen, shown as -: " in done.stderr
    other.close()
    if TOLD:
        assert holders_in(listed(port, source)[0]) == {(os.getpid(), None, ring, 1)}


def test_file_that_is_only_called_so(opened, tmp_path):
    """A file with the name of a ring is none."""
    opened(os.open(tmp_path / "[io_uring]", os.O_RDWR | os.O_CREAT))
    server = listen()
    complete = [line["owners_complete"] for line in listed(port_of(server), "iter")]
    assert complete == [True]
    server.close()


# ---- trace and top ----

@pytest.mark.parametrize("source", SOURCES)
def test_owner_in_top(registered, source):
    server, client, accepted = connected_pair()
    ports = port_of(server), port_of(client)
    ring = registered(server, client, accepted)
    done = run(PROGRAM, "top", "-b", "-n", "1", "--json", f"--snapshot-source={source}", f":{ports[0]}")
    if done.returncode and "has no BPF iterators" in done.stderr:
        pytest.skip("no iterators here")
    found = {(line["state"], line["lport"]): line for line in map(json.loads, done.stdout.splitlines()) if line["type"] == "socket"}
    assert set(found) == {("LISTEN", ports[0]), ("ESTABLISHED", ports[0]), ("ESTABLISHED", ports[1])}
    slots = {("LISTEN", ports[0]): 0, ("ESTABLISHED", ports[1]): 1, ("ESTABLISHED", ports[0]): 2}
    for key, line in found.items():
        if not TOLD:
            assert line["owners"] == []
            continue
        assert holders_in(line) == {(os.getpid(), None, ring, slots[key])}
        assert (line["pid"], line["owner_src"]) == (os.getpid(), "scan")


def test_owner_in_trace(registered, tracer, ns):
    """The close of a connection that was there before names who had registered it."""
    with ns.entered():
        server, client, accepted = connected_pair()
    port = port_of(client)
    registered(client)
    trace = tracer("--netns", ns.name, "--snapshot")
    row, = await_that(lambda: select_lines(trace.update(), type="socket", lport=port), "the row of the snapshot")
    assert (row["pid"], row["owner_src"]) == ((os.getpid(), "scan") if TOLD else (None, None))
    accepted.close()
    assert trace.await_transition(newstate="CLOSE_WAIT")["pid"] == row["pid"]
    server.close()
    trace.stop()
