# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Lost transitions are counted to the last one, reported as a gap, and healed."""

import json
import os
import re
import resource
import signal
import socket
import subprocess
import time

import pytest
from account import SOON, by_ss, by_table, difference, is_soon, tables_of
from conftest import CHURN, PROGRAM, NotReported, await_that, connected_pair, port_of, run, select

pytestmark = [pytest.mark.heavy, pytest.mark.alone]

STOPPED = 3  # seconds
PROCESSOR_TIME = 20  # seconds; a snapshot and the end take less than one
OF_A_RESET = 6  # transitions of a connection that its client resets: three at either end
LISTENERS = 16


def await_full_ring(ns):
    """Waits for many more connections than fit into the ring: 256 KiB have room for some 500."""
    await_that(lambda: int(ns.exec("nstat", "-asz", "TcpPassiveOpens").stdout.splitlines()[-1].split()[1]) > 5000, "many connections")


def stopped_churn(ns, process):
    """Starts churn, and returns a function that waits for its end and returns the number of its transitions. That number follows
    from churn's own account: any other connection in the namespace is not in it."""
    churn = process(["nsenter", f"--net=/run/netns/{ns.name}", "--", CHURN, "--seconds", str(STOPPED), "--reset", "--threads",
                     "2", "--listeners", str(LISTENERS)], stdout=subprocess.PIPE, text=True)

    def finish():
        done = json.loads(churn.communicate(timeout=60)[0])
        assert done["errors"] == 0
        return done["connections"] * OF_A_RESET + 2 * done["listeners"]
    return finish


@pytest.mark.parametrize("source", ["iter", "proc"])
def test_stopped_for_three_seconds(ns, tracer, process, source):
    """Births, deaths and changes fall into the gap; within 2 s of going on the table is right again. From /proc it takes two
    readings to distinguish lost transitions from late ones."""
    with ns.entered():
        pairs = [connected_pair() for _ in range(12)]
    table = tracer("-b", "-d", "0.4", "-n", "1000", "--ring-size", "256K", f"--snapshot-source={source}", "--netns", ns.name,
                   command="top")
    await_that(lambda: tables_of(table), "the first table")
    table.process.send_signal(signal.SIGSTOP)
    expected = stopped_churn(ns, process)
    await_full_ring(ns)  # the following transitions are lost
    with ns.entered():
        newer = [connected_pair("::1") for _ in range(3)]
    pairs[0][1].close()
    pairs[1][1].shutdown(socket.SHUT_WR)
    pairs[2][2].close()
    for each in pairs[3]:
        each.close()
    pairs[4][0].close()
    for server, client, accepted in pairs[5:7]:
        client.close()
        accepted.close()
        server.close()
    expected = expected()
    theirs = by_ss(ns)
    table.process.send_signal(signal.SIGCONT)
    resumed, resumed_ns = time.monotonic(), time.time_ns()

    def is_right():
        lines = [lines for lines in tables_of(table) if lines[0]["ts_ns"] > resumed_ns]
        return [each for each in lines if not difference(by_ss(ns).rows, by_table(each, ns.inode).rows)]
    right = await_that(is_right, "a table that is right")
    assert by_ss(ns).rows == theirs.rows, "that was no rest"
    assert is_soon(resumed) or right[0][0]["ts_ns"] - resumed_ns < SOON * 1e9
    with_gap = tables_of(table)[-1][0]
    summary = table.stop(status=3)
    gaps = select(table.update(), type="gap")
    assert sum(gap["lost"] for gap in gaps if gap["reason"] == "ring_full") == summary["dropped"] > 0
    assert summary["resyncs"] >= with_gap["resyncs"] > 0
    others = summary["seen"] - expected  # transitions of the pairs and of the newer ones
    assert 0 < others < 200, (summary, expected)
    assert summary["seen"] == summary["received"] + summary["dropped"]
    lines = select(right[0], type="socket", netns=ns.inode)
    assert {line["pid"] for line in lines if line["state"] in ("LISTEN", "ESTABLISHED", "CLOSE_WAIT")} == {os.getpid()}
    directions = {(line["lport"], line["rport"]): line["direction"] for line in lines}
    for server, client, _ in newer:
        ports = port_of(client), port_of(server)
        assert (directions[ports], directions[ports[::-1]]) == (None, "in"), "found, not heard of"


def test_trace_heals_after_a_gap(ns, tracer, process):
    """A connection whose birth was lost has its owner and a lower bound of its age when its next line comes; one whose end was lost
    is not reported as alive."""
    with ns.entered():
        old = connected_pair()
    trace = tracer("--ring-size", "256K", "--netns", ns.name)
    trace.process.send_signal(signal.SIGSTOP)
    expected = stopped_churn(ns, process)
    await_full_ring(ns)
    with ns.entered():
        server, client, accepted = connected_pair()
    old[1].shutdown(socket.SHUT_WR)
    expected = expected()
    joined = trace.errors().count("joined with")
    trace.process.send_signal(signal.SIGCONT)
    resumed = time.monotonic()
    await_that(lambda: trace.errors().count("joined with") > joined and select(trace.update(), type="gap"), "the join")
    assert is_soon(resumed)
    client.close()
    line = trace.await_transition(rport=port_of(server), newstate="FIN_WAIT1")
    assert (line["pid"], line["since_known"]) == (os.getpid(), False)
    old[2].close()
    line = trace.await_transition(lport=port_of(old[0]), oldstate="CLOSE_WAIT")
    assert (line["pid"], line["since_known"], line["newstate"]) == (os.getpid(), False, "LAST_ACK")
    accepted.close()
    summary = trace.stop(status=3)
    assert summary["resyncs"] >= 1
    assert sum(gap["lost"] for gap in select(trace.update(), type="gap")) == summary["dropped"] + summary["missed"]
    assert summary["seen"] > expected


def test_slower_than_what_it_traces(ns, tracer, process):
    """A tracer that never gets to the end of the ring takes snapshots all the same, and ends at the signal to do so. It gets a
    twentieth of a processor, and less where others want it too. So the limit is of its processor time: a tracer that gets to
    neither uses that up and is killed."""
    trace = tracer("--ring-size", "1M", "--netns", ns.name, prefix=["nice", "-n", "1"])
    cpu = min(os.sched_getaffinity(0))
    churn = process(["taskset", "-c", str(cpu), "nsenter", f"--net=/run/netns/{ns.name}", "--", CHURN, "--seconds", "1200",
                     "--reset", "--threads", "2"], stdout=subprocess.DEVNULL)
    os.sched_setaffinity(trace.process.pid, {cpu})
    os.setpriority(os.PRIO_PROCESS, trace.process.pid, 5 if os.environ.get("SANITIZE") else 10)
    resource.prlimit(trace.process.pid, resource.RLIMIT_CPU, (PROCESSOR_TIME, PROCESSOR_TIME))

    def await_in_that_time(condition, what):
        await_that(lambda: condition() or trace.process.poll() is not None, what, patience=600)
        assert trace.process.poll() is None, what

    await_in_that_time(lambda: b'"type":"gap"' in trace.out.read(), "something to be lost")
    joined = trace.errors().count("joined with")
    await_in_that_time(lambda: trace.errors().count("joined with") > joined, "a look at the host")
    assert churn.poll() is None
    trace.stop(status=3, patience=600)


@pytest.mark.parametrize("pairs", [0, 200])
def test_burst_while_its_reader_is_away(ns, process, tmp_path, pairs):
    """More transitions than the ring holds come while nobody reads: they wait for the reader in memory. So they do while the rows of
    the snapshot are being printed: 600 rows are more than a pipe takes."""
    with ns.entered():
        _staying = [connected_pair() for _ in range(pairs)]
    errors = tmp_path / "errors"
    with open(errors, "w", encoding="utf-8") as file:
        trace = process([PROGRAM, "trace", "--json", "-v", "--snapshot", "--netns", ns.name], stdout=subprocess.PIPE, stderr=file)
    await_that(lambda: "joined with" in errors.read_text(encoding="utf-8"), "the tracer to be ready")
    done = json.loads(ns.exec(CHURN, "--connections", "55000", "--reset", "--threads", "1").stdout)
    trace.send_signal(signal.SIGINT)
    lines = trace.stdout.read()
    summary = json.loads(lines[lines.rindex(b"\n", 0, -1):])
    assert trace.wait(30) in (0, 3)
    twice = int(re.search(r"of these told twice (\d+)", errors.read_text(encoding="utf-8"))[1])
    assert summary["dropped"] == 0 and summary["seen"] * 80 > (16 << 20) * 1.5
    assert summary["seen"] == summary["received"] == lines.count(b'"derived":false') + twice
    assert lines.count(b'"type":"socket"') == 3 * pairs
    if summary["seen"] - twice < done["connections"] * OF_A_RESET + 2 * done["listeners"]:
        raise NotReported(summary)


def ring_bytes(pid):
    """Returns the sizes of the ring buffers that the process has mapped or holds, as the kernel reports them."""
    sizes = set()
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with open(f"/proc/{pid}/fdinfo/{fd}", encoding="utf-8") as file:
            text = file.read()
        if re.search(r"^map_type:\s*27$", text, re.M):  # BPF_MAP_TYPE_RINGBUF
            sizes.add(int(re.search(r"^max_entries:\s*(\d+)", text, re.M)[1]))
    return sizes


@pytest.mark.parametrize("size, wanted, said", [
    ("256K", 256 << 10, False), ("4096", 4096, False), ("1M", 1 << 20, False), ("300K", 512 << 10, True),
    ("1", 4096, True), ("262145", 512 << 10, True)])
def test_ring_size(ns, tracer, size, wanted, said):
    page = os.sysconf("SC_PAGESIZE")
    wanted, said = max(wanted, page), said or wanted < page
    trace = tracer("--ring-size", size, "--netns", ns.name)
    assert ring_bytes(trace.process.pid) == {wanted}
    assert (f"--ring-size {size}: rounded up to {wanted} bytes" in trace.errors()) is said
    with ns.entered():
        server, client, accepted = connected_pair()
    trace.await_transition(lport=port_of(server), newstate="ESTABLISHED")
    trace.stop()
    for each in server, client, accepted:
        each.close()


@pytest.mark.parametrize("size", ["0", "-1", "", "x", "1.5M", "256Kx", "256 K", "2G", "1T", "99999999999999999999", "0x1000", "K"])
def test_ring_size_that_is_none(size):
    done = run(PROGRAM, "trace", "--ring-size", size)
    assert done.returncode == 2 and "--ring-size" in done.stderr and done.stdout == ""
