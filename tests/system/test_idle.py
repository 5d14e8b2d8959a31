# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A trace of a host on which nothing happens sleeps; and the first thing that happens wakes it."""

import re
import statistics
import threading
import time
from pathlib import Path

import pytest
from conftest import NotReported, await_that, connect, listen, port_of, select

pytestmark = pytest.mark.any_kernel
SECONDS = 6


def wake_ups(pid):
    """Returns how often the threads of the process have slept."""
    texts = [(task / "status").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    return sum(int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", text, re.M)[1]) for text in texts)


def leave_time_waits(ns, count):
    """Leaves connections in TIME_WAIT. Returns the listener's port."""
    with ns.entered():
        server = listen(backlog=count)
        for _ in range(count):
            client = connect("127.0.0.1", port_of(server))
            accepted = server.accept()[0]
            client.close()
            await_that(lambda accepted=accepted: accepted.recv(1) == b"", "the FIN")
            accepted.close()
    port = port_of(server)
    server.close()
    return port


@pytest.mark.parametrize("count, where", [(0, "here"), (100, "here"), (100, "elsewhere")])
def test_sleeps(ns, tracer, count, where):
    """Two wake-ups a second at most, also where TIME_WAITs are watched: in the tracer's own namespace, and in another one."""
    trace = tracer("--netns", ns.name, prefix=["ip", "netns", "exec", ns.name] if where == "here" else [])
    if count:
        port = leave_time_waits(ns, count)
        await_that(lambda: len(select(trace.transitions(newstate="TIME_WAIT"), rport=port)) == count, "the TIME_WAITs", failure=NotReported)
    pid = trace.process.pid

    def is_at_rest():
        before = wake_ups(pid)
        threading.Event().wait(1.5)
        return wake_ups(pid) - before <= 6
    await_that(is_at_rest, "the snapshots after the last event to be over")
    threading.Event().wait(11)  # what comes in ten seconds is over too
    before, began = wake_ups(pid), time.monotonic()
    threading.Event().wait(SECONDS)
    took = time.monotonic() - began
    assert wake_ups(pid) - before <= 2 * took + 1
    assert len(select(trace.transitions(oldstate="TIME_WAIT"))) in (0, count)  # none has ended, unless the machine stood still


def test_is_woken(ns, tracer):
    """The line of a single event does not wait until the tracer wakes by itself, as it does each second."""
    trace = tracer("--netns", ns.name)
    delays = []
    with ns.entered():
        server = listen()
        for count in range(1, 12):
            threading.Event().wait(0.2)
            began = time.monotonic()
            client = connect("127.0.0.1", port_of(server))
            trace.await_count(count, newstate="SYN_SENT")
            delays.append(time.monotonic() - began)
            client.close()
            server.accept()[0].close()
    assert statistics.median(delays) < 0.25, delays  # where nothing woke it, it would be half a second
