# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Capabilities that a running tracer keeps, and its work with few of them."""

import contextlib
import os
import re

import pytest
from account import MOMENT, by_ss, by_table, difference, tables_of
from conftest import PROGRAM, await_that, connected_pair, run, select
from test_usage import NOBODY, with_capabilities

SYS_ADMIN, DAC_READ_SEARCH, SYS_PTRACE, NET_ADMIN, SYS_NICE, PERFMON, BPF = 21, 2, 19, 12, 23, 38, 39
OWNERS = {SYS_PTRACE, DAC_READ_SEARCH}
FOUR = ("bpf", "perfmon", "sys_ptrace", "dac_read_search")


def status_of(task):
    with open(f"/proc/{task}/status", encoding="utf-8") as file:
        return dict(re.findall(r"^(\w+):\s+(\S+)", file.read(), re.M))


def capabilities(status, which):
    bits = int(status[which], 16)
    return {bit for bit in range(64) if bits >> bit & 1}


def threads_of(pid):
    """Returns the status of each thread; that of a snapshot ends after it."""
    def read():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return [status_of(f"{pid}/task/{task}") for task in os.listdir(f"/proc/{pid}/task")]
        return None
    return await_that(read, "its threads to be the same while they are read")


@pytest.mark.parametrize("command", ["trace", "top"])
@pytest.mark.parametrize("source", ["iter", "proc"])
def test_root_gives_up_what_it_does_not_need(ns, tracer, command, source):
    """A tracer keeps the capabilities for other namespaces, iterators and owners, and none that could change the host's network, files
    or time. No program that it could execute would have more. That holds for each of its threads."""
    arguments = ["-b", "-d", "0.5", "-n", "1000"] if command == "top" else []
    trace = tracer(*arguments, f"--snapshot-source={source}", "--netns", ns.name, command=command)
    assert capabilities(status_of("self"), "CapPrm") >= {NET_ADMIN, SYS_NICE}, "the test proves nothing otherwise"
    for thread in threads_of(trace.process.pid):
        for which in "CapEff", "CapPrm":
            assert capabilities(thread, which) <= OWNERS | {BPF, SYS_ADMIN}
        for which in "CapInh", "CapAmb":
            assert capabilities(thread, which) == set()
        assert thread["NoNewPrivs"] == "1"
    assert PERFMON not in capabilities(status_of(trace.process.pid), "CapPrm"), "that is for attaching"
    with ns.entered():
        server, client, accepted = connected_pair()
    if command == "trace":
        client.close()
        assert trace.await_transition(newstate="FIN_WAIT1")["pid"] == os.getpid()
    trace.stop()
    for each in server, client, accepted:
        each.close()


def test_bounded_to_what_it_was_given(ns, tracer):
    trace = tracer("--netns", ns.name, prefix=with_capabilities(*FOUR))
    for thread in threads_of(trace.process.pid):
        for which in "CapEff", "CapPrm":
            assert capabilities(thread, which) <= OWNERS | {BPF}
        for which in "CapInh", "CapAmb":
            assert capabilities(thread, which) == set()
        assert thread["NoNewPrivs"] == "1"
    assert status_of(trace.process.pid)["Uid"] == "65534"


@pytest.mark.parametrize("names", [FOUR, (*FOUR, "sys_admin")])
def test_same_table_with_few_privileges(ns, tracer, names):
    """A tracer that is not root has the same table as the kernel, with owners among the processes of other users. Network namespaces
    that may not be entered are read from the /proc of their processes."""
    entered, entering = os.pipe()
    pid = os.fork()
    if pid == 0:  # a process in the namespace, for its /proc: where none may be entered, one without a process is not seen
        with ns.entered():
            os.write(entering, b"in")
            os.read(os.pipe()[0], 1)
        os._exit(0)
    os.close(entering)
    try:
        assert os.read(entered, 2) == b"in"
        with ns.entered():
            pairs = [connected_pair("::1" if i % 2 else "127.0.0.1") for i in range(6)]
        pairs[0][1].close()
        pairs[1][2].shutdown(1)
        trace = tracer("--netns", str(ns.inode), prefix=with_capabilities(*names))
        table = tracer("-b", "-d", "0.2", "-n", "2", "--netns", str(ns.inode), prefix=with_capabilities(*names), command="top")
        assert table.process.wait(60) == 0, table.errors()
        lines = tables_of(table)[-1]
        assert not difference(by_ss(ns).rows, by_table(lines, ns.inode).rows)
        held = [line for line in select(lines, type="socket") if line["inode"]]
        assert held and all({owner["pid"] for owner in line["owners"]} >= {os.getpid()} for line in held)
        pairs[3][1].close()
        assert trace.await_transition(newstate="FIN_WAIT1", lport=pairs[3][2].getpeername()[1])["pid"] == os.getpid()
        trace.stop()
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(entered)


@pytest.mark.parametrize("names", [("bpf",), ("perfmon",), ("sys_admin",), ()])
def test_too_few(names):
    """A trace with too few capabilities is refused with the missing ones, never done in part."""
    prefix = with_capabilities(*names) if names else NOBODY
    done = run(*prefix, PROGRAM, "trace", "--duration", MOMENT)
    if names == ("sys_admin",):  # CAP_SYS_ADMIN stands for both
        assert done.returncode == 0, done.stderr
        return
    assert done.returncode == 1
    assert "CAP_BPF" in done.stderr or "CAP_PERFMON" in done.stderr
    assert done.stdout == "" or done.stdout.startswith("TIME")
