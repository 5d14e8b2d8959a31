# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""In a time namespace the program's clocks are not the host's, which the kernel's events carry: no time that is printed may show it."""

import json
import os
import socket
import time

import pytest
from account import next_table
from conftest import PROGRAM, await_that, children_of, connected_pair, listen, port_of, run, select
from test_minisockets import time_wait, ways_to_end

SECOND_US, SECOND_NS = 10**6, 10**9
SOURCES = pytest.mark.parametrize("source", ["iter", "proc"])


@pytest.fixture(params=["ahead", "behind", "begun"])
def inside(request, process):
    """Returns the command that runs another one in a time namespace, and its offsets. A clock may not be set to less than zero."""
    now = time.clock_gettime(time.CLOCK_MONOTONIC)
    back = -int(now - 5 if request.param == "begun" else now * 0.9)  # of a clock that has just begun most processes are older
    monotonic, boottime = (100_000, 200_000) if request.param == "ahead" else (back, back // 2)
    holder = process(["unshare", "-T", f"--monotonic={monotonic}", f"--boottime={boottime}", "--fork", "--kill-child", "sleep", "600"])
    (pid,) = await_that(lambda: children_of(holder.pid), "a process in the namespace")
    await_that(lambda: os.stat(f"/proc/{pid}/ns/time").st_ino != os.stat("/proc/self/ns/time").st_ino, "the namespace")
    return ["nsenter", f"--time=/proc/{pid}/ns/time", "--"], monotonic, boottime


@SOURCES
def test_trace_in_a_time_namespace(ns, tracer, inside, source):
    began_ns = time.time_ns()
    with ns.entered():
        old = connected_pair()
    trace = tracer("--netns", ns.name, f"--snapshot-source={source}", prefix=inside[0])
    server, own = time_wait(ns)
    line = trace.await_transition(newstate="TIME_WAIT")
    ways_to_end(ns, own, server)["kill"]()
    end = trace.await_transition(id=line["id"], newstate="CLOSE")
    port = port_of(old[1])
    old[1].shutdown(socket.SHUT_WR)
    of_old = trace.await_transition(lport=port, newstate="FIN_WAIT1")
    trace.stop()
    most_us = (time.time_ns() - began_ns) / 1000
    lines = trace.transitions()
    assert all(began_ns - SECOND_NS / 10 < each["ts_ns"] < time.time_ns() + SECOND_NS / 10 for each in lines)
    assert all(each[key] <= most_us for each in lines for key in ("in_state_us", "age_us") if each.get(key) is not None)
    assert of_old["in_state_us"] and of_old["since_known"] is False
    assert line["age_us"] and end["age_us"] and end["oldstate"] == "TIME_WAIT"
    ours = select(lines, pid=os.getpid())  # that it is this process is told by the time at which it began
    assert ours and {each["exe"] for each in ours} == {os.readlink("/proc/self/exe")}
    for each in *old, server:
        each.close()


@SOURCES
def test_table_in_a_time_namespace(ns, tracer, inside, source):
    began = time.monotonic()
    with ns.entered():
        old = listen()
    table = tracer("-b", "-d", "0.2", "-n", "10000", f"--snapshot-source={source}", "--netns", ns.name, prefix=inside[0], command="top")
    server, own = time_wait(ns)
    assert await_that(lambda: select(next_table(table), state="TIME_WAIT"), "the TIME_WAIT")[0]["lport"] == own[1]
    ways_to_end(ns, own, server)["kill"]()
    await_that(lambda: not select(next_table(table), state="TIME_WAIT"), "its end")
    rows = next_table(table)
    assert abs(rows[0]["ts_ns"] - time.time_ns()) < 60 * SECOND_NS
    assert {row["lport"] for row in rows[1:]} == {port_of(old), port_of(server)}
    assert all(0 <= row["in_state_us"] <= (time.monotonic() - began) * SECOND_US for row in rows[1:])
    old.close()
    server.close()


@pytest.mark.any_kernel
def test_list_and_doctor_in_a_time_namespace(ns, inside):
    prefix, monotonic, boottime = inside
    server, own = time_wait(ns)
    done = run(*prefix, PROGRAM, "list", "-tao", "-N", ns.name, "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    (row,) = select(lines, state="TIME_WAIT", lport=own[1])
    assert 0 < row["timer_ms"] <= 60_000 and abs(row["ts_ns"] - time.time_ns()) < 60 * SECOND_NS
    checks = {check["name"]: check for check in map(json.loads, run(*prefix, PROGRAM, "doctor", "--json").stdout.splitlines()[:-1])}
    found, state = checks["time-namespace"]["found"], checks["time-namespace"]["state"]
    assert state == "yes" and f"CLOCK_MONOTONIC is {abs(monotonic)}.000000000 s {'ahead of' if monotonic > 0 else 'behind'}" in found
    assert f"CLOCK_BOOTTIME is {abs(boottime)}.000000000 s" in found
    assert "time-namespace" in run(*prefix, PROGRAM, "doctor").stdout
    server.close()
