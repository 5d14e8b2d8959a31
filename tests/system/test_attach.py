# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Tracers that start in the midst of churn: no existing socket is missing, and none is reported that does not exist."""

import os
import signal
import subprocess

import pytest
from account import Replay, await_reported, by_ss, by_table, difference, tables_of
from conftest import CHURN, SOAK, await_that, connected_pair, port_of, select

pytestmark = [pytest.mark.heavy, pytest.mark.alone, pytest.mark.soak]

SANITIZED = bool(os.environ.get("SANITIZE"))
TIMES = 10 if SANITIZED else 200 if SOAK else 20
CHURN_PORT = 7777
THREADS = 2
# Where the first pages of a file are slow to get, the tracer may be too slow for churn: the ring must have room for all that it has
# not read yet. A sanitized tracer is always too slow, and would fall behind for as long as churn goes on. So both run on one
# processor, where the tracer goes first.
ROOM = "--ring-size=64M"
TOGETHER = ["taskset", "-c", str(min(os.sched_getaffinity(0)))] if SANITIZED else []


@pytest.fixture
def churn(ns, process):
    """Starts churn without end, on addresses of its own; few TIME_WAITs are kept."""
    def start(*arguments):
        ns.sysctl("net.ipv4.tcp_max_tw_buckets", 50)
        started = process([*TOGETHER, "nsenter", f"--net=/run/netns/{ns.name}", "--", CHURN, "--seconds", "600", "--threads", str(THREADS),
                           "--listeners", "4", "--address", "127.0.1.1", "--port", str(CHURN_PORT), *arguments],
                          stdout=subprocess.DEVNULL)
        await_that(lambda: len(ns.ss("-l")) >= THREADS * 4, "churn to listen")
        return started
    return start


@pytest.mark.parametrize("how", ["reset", "orderly"])
@pytest.mark.parametrize("source", ["iter", "proc"])
def test_attach_during_churn(ns, tracer, churn, how, source):
    """Each time, the sockets that were found and the transitions since add up to what ss shows once churn is stopped by SIGSTOP.
    The lines come from the snapshot and the transitions only, so a phantom would stay, and a missing socket stay missing."""
    with ns.entered():
        staying = [connected_pair("::1" if i % 2 else "127.0.0.1") for i in range(20)]
    staying[0][1].close()
    staying[1][2].shutdown(2)
    running = churn(*(["--reset"] if how == "reset" else []))
    for i in range(-(-TIMES // 4)):
        trace = tracer("--snapshot", "--netns", ns.name, f"--snapshot-source={source}", ROOM, prefix=TOGETHER)
        os.kill(running.pid, signal.SIGSTOP)
        replay = Replay(trace)
        await_reported(ns, replay, staying={port_of(server) for server, _, _ in staying})
        assert not replay.wrong, (i, replay.wrong[:3])
        found = [line for line in trace.update() if line["type"] == "socket"]
        assert len({line["id"] for line in found}) == len(found)
        owned = [line for line in found if line["lport"] in {port_of(server) for server, _, _ in staying[2:]}]
        assert owned and all(line["pid"] == os.getpid() for line in owned)
        trace.stop()
        assert running.poll() is None
        os.kill(running.pid, signal.SIGCONT)


def test_table_taken_during_churn(ns, tracer, churn):
    """An exact snapshot shows one moment: churn has one connection in each thread, and the table shows no more of them."""
    with ns.entered():
        staying = [connected_pair() for _ in range(20)]
    churn("--reset")
    theirs = [row for row in by_ss(ns).rows if CHURN_PORT not in (row[2], row[4])]
    assert len(theirs) == 60
    for _ in range(5):
        table = tracer("-b", "-n", "1", "--netns", ns.name, "--snapshot-source=iter", command="top", prefix=TOGETHER)
        assert table.process.wait(60) == 0
        lines = select(tables_of(table)[0], type="socket", netns=ns.inode)
        of_churn = [line for line in lines if CHURN_PORT in (line["lport"], line["rport"])]
        ours = [line for line in lines if CHURN_PORT not in (line["lport"], line["rport"])]
        assert not difference(theirs, by_table(ours, ns.inode).rows)
        assert len(select(of_churn, state="LISTEN")) == THREADS * 4
        assert len(of_churn) - THREADS * 4 <= THREADS * 2, of_churn
    for each in staying:
        for sock in each:
            sock.close()
