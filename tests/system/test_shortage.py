# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A running trace outlives a shortage that passes: it puts its snapshots off, says so once, and takes them when it can again. Where it
ends by an error of its own, what it has traced until then is printed."""

import contextlib
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import threading

import pytest
from account import next_table
from conftest import CHURN, PATIENCE, PROGRAM, await_that, connect, connected_pair, listen, port_of, run, select

pytestmark = pytest.mark.any_kernel
SOURCES = pytest.mark.parametrize("source", ["iter", "proc"])
TOO_FEW = 3  # descriptors: these are open already
# What was needed to load the BPF programs is given back, and does not stay in the heap.
NO_RESERVE = ["env", "GLIBC_TUNABLES=glibc.malloc.mmap_threshold=16384:glibc.malloc.trim_threshold=65536"]


@contextlib.contextmanager
def few_descriptors(pid, _directory):
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (TOO_FEW, before[1]))
    yield
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


@contextlib.contextmanager
def no_more_threads(pid, directory):
    """Puts the process into a control group of its own, which may have one task."""
    if run("mount", "-t", "cgroup", "-o", "pids", "none", str(directory)).returncode:
        subprocess.run(["mount", "-t", "cgroup2", "none", str(directory)], check=True)
        (directory / "cgroup.subtree_control").write_text("+pids", encoding="ascii")
    group = directory / f"tl{pid}"
    try:
        group.mkdir()
        (group / "pids.max").write_text("1", encoding="ascii")
        (group / "cgroup.procs").write_text(str(pid), encoding="ascii")
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            (directory / "cgroup.procs").write_text(str(pid), encoding="ascii")
        group.rmdir()
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


@SOURCES
@pytest.mark.parametrize("shortage", [few_descriptors, no_more_threads])
def test_trace_outlives_a_shortage(ns, tracer, tmp_path, shortage, source):
    trace = tracer("--netns", ns.name, f"--snapshot-source={source}")
    pid = trace.process.pid

    def churn():
        ns.exec(CHURN, "--connections", "5", "--threads", "1")
        return trace.process.poll() is not None or "put off" in trace.errors()

    with shortage(pid, tmp_path):
        await_that(churn, "a snapshot that is put off", patience=4 * PATIENCE)  # a rest comes first: where a snapshot is slow, a long one
        with ns.entered():
            server, client, accepted = connected_pair()
        port = port_of(server)
        trace.await_transition(lport=port, newstate="ESTABLISHED")
    await_that(lambda: "can be taken again" in trace.errors(), "the snapshot")
    for each in client, accepted, server:
        each.close()
    trace.await_transition(lport=port, oldstate="LISTEN", newstate="CLOSE")
    summary = trace.stop()
    assert summary["put_off"] > 0 and trace.errors().count("put off") == 1, trace.errors()


@SOURCES
def test_table_outlives_a_shortage(ns, tracer, source, tmp_path):
    """The tables go on, and say that no snapshot came before them; the owners that are known stay known."""
    table = tracer("-b", "-d", "0.2", "-n", "10000", f"--snapshot-source={source}", "--netns", ns.name, command="top")
    with ns.entered():
        server = listen()
    port = port_of(server)

    def holders():
        return [row["owners"] for row in select(next_table(table), type="socket", lport=port)]

    whole = await_that(holders, "the listener")
    with few_descriptors(table.process.pid, tmp_path):
        await_that(lambda: next_table(table)[0]["put_off"] > 0, "a table that says so")
        assert holders() == whole and table.process.poll() is None
    await_that(lambda: "can be taken again" in table.errors(), "the snapshot")
    server.close()
    await_that(lambda: not holders(), "a table that is right")


def is_zombie(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] == "Z"


def test_ended_while_a_snapshot_is_put_off(ns, tracer, tmp_path):
    """The account tells that the trace may be incomplete."""
    trace = tracer("--netns", ns.name)
    with few_descriptors(trace.process.pid, tmp_path):
        await_that(lambda: ns.exec(CHURN, "--connections", "5", "--threads", "1") and "put off" in trace.errors(), "the shortage")
        trace.process.send_signal(signal.SIGINT)
        await_that(lambda: is_zombie(trace.process.pid), "the end")
    assert trace.stop(status=3)["put_off"] > 0


@pytest.fixture
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def data_of(pid):
    """Returns the bytes that count for RLIMIT_DATA."""
    return int(re.search(r"^VmData:\s*(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii"), re.M)[1]) << 10


@SOURCES
@pytest.mark.usefixtures("many_descriptors")
def test_memory_that_is_short_for_a_while(ns, tracer, source):
    """Connections that there is no memory for are counted as dropped, told as a gap, and found by a snapshot later."""
    if os.environ.get("SANITIZE"):
        return  # the sanitizer takes more memory itself than any limit leaves
    trace = tracer("--netns", ns.name, f"--snapshot-source={source}", prefix=NO_RESERVE)
    pid, pairs = trace.process.pid, []
    before = resource.prlimit(pid, resource.RLIMIT_DATA, (data_of(pid), resource.RLIM_INFINITY))

    def gaps():
        return select(trace.update(), type="gap", reason="no_memory")

    with ns.entered():
        server = listen()
        while not gaps():
            assert trace.process.poll() is None, trace.errors()
            assert len(pairs) < 8000
            for _ in range(100):
                client = connect("127.0.0.1", port_of(server))
                pairs.append((client, server.accept()[0]))
    joined = trace.errors().count("joined with")
    resource.prlimit(pid, resource.RLIMIT_DATA, before)
    await_that(lambda: trace.errors().count("joined with") > joined, "a snapshot")
    with ns.entered():
        client, accepted = pairs[-1]
        port = port_of(client)
        client.close()
        assert trace.await_transition(lport=port, newstate="FIN_WAIT1")["pid"] == os.getpid()
    for each in sum(pairs, ()):
        each.close()
    ns.await_rest()
    summary = trace.stop(status=3)
    assert sum(gap["lost"] for gap in gaps()) == summary["dropped"] > 0 < summary["resyncs"]
    server.close()


# ---- the end by an error ----

def run_trace_with(limit, *options):
    return run("prlimit", f"--nofile={limit}", PROGRAM, "trace", "--duration", "200ms", *options)


@contextlib.contextmanager
def listening_now_and_then(ns):
    over = threading.Event()

    def listen_and_close():
        with ns.entered():
            while not over.wait(0.005):
                listen().close()

    thread = threading.Thread(target=listen_and_close)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_summary_after_an_error(ns):
    """With some limits a trace begins, and cannot go on. The transitions of before are printed all the same, and the summary."""
    ended, told = [], 0
    with listening_now_and_then(ns):
        for limit in range(17, 31):
            done = run_trace_with(limit, "--json")
            if done.returncode == 1 and "begin" not in done.stderr and "cannot trace" not in done.stderr:
                ended.append(limit)
                *lines, summary = map(json.loads, done.stdout.splitlines())
                assert summary["type"] == "summary", limit
                assert len(select(lines, type="transition")) <= summary["received"], limit
                told += len(lines)
        assert ended and told
        done = run_trace_with(ended[0])
    assert done.returncode == 1 and done.stdout.startswith("TIME "), done
    assert "tcpledger: seen " in done.stderr and "Too many open files" in done.stderr, done


def test_sum_of_an_audit_that_cannot_be_printed(ns):
    """The sum is for stderr, and is not lost with the output."""
    with ns.entered():
        server = listen()
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([PROGRAM, "audit", "-t", "-N", ns.name], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "No space left" in done.stderr and "1 listener: 1 this host only" in done.stderr, done
    server.close()
