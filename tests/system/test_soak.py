# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A hundred thousand connections later, and in the long form a million, the tracer has grown by nothing."""

import contextlib
import json
import os
import re
import subprocess

import pytest
from conftest import CHURN, PROGRAM, SOAK, await_that, connected_pair

CONNECTIONS = 1_000_000 if SOAK else 20_000 if os.environ.get("SANITIZE") else 100_000
WARM_UP = CONNECTIONS // 10
PAGE = os.sysconf("SC_PAGESIZE")

# Of what was given back the address sanitizer keeps 256 MiB, if nobody says otherwise.
SANITIZER = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": SANITIZER}

# Map types that hold what is put into them, so that something may be left there.
FIXED = {2: "array", 6: "percpu_array", 22: "queue", 27: "ringbuf"}


def proc(pid, name):
    with open(f"/proc/{pid}/{name}", encoding="utf-8") as file:
        return file.read()


def maps_of(pid):
    """{map id: (type, bytes that the kernel charges for it, entries)}"""
    maps = {}
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            info = dict(re.findall(r"^(\w+):\s*(\S+)$", proc(pid, f"fdinfo/{fd}"), re.M))
        except FileNotFoundError:
            continue
        if "map_type" in info:
            kind, entries = int(info["map_type"]), None
            if kind not in FIXED:
                dump = subprocess.run(["bpftool", "map", "dump", "id", info["map_id"], "-j"], check=True, capture_output=True)
                entries = len(json.loads(dump.stdout))
            maps[info["map_id"]] = (kind, info["memlock"], entries)
    return maps


def memory_of(pid):
    """The kernel's mapping of the ring and of the program's file aside, what it has taken: anonymous memory, in bytes."""
    return int(re.search(r"^RssAnon:\s+(\d+) kB$", proc(pid, "status"), re.M)[1]) << 10


def descriptors_of(pid):
    """Those that are there always: not what a look at the host has open for a moment."""
    def now():
        found = []
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                found.append(re.sub(r"\d+", "N", os.readlink(f"/proc/{pid}/fd/{fd}")))
        return sorted(found)
    return min((now() for _ in range(500)), key=len)


def churn(ns, count, *arguments):
    done = ns.popen(CHURN, "--connections", str(count), *arguments, stdout=subprocess.PIPE)
    assert json.loads(done.communicate(timeout=1200)[0])["connections"] == count


@pytest.mark.alone
@pytest.mark.soak
@pytest.mark.heavy
def test_grows_by_nothing(ns, process, tmp_path):
    """Of both kinds, seen by `trace` and by `top` at once; TIME_WAITs are few, and gone at the end."""
    ns.sysctl("net.ipv4.tcp_max_tw_buckets", 100)
    with ns.entered():
        _staying = [connected_pair() for _ in range(10)]
    tracers, errors = [], []
    for command in (["trace"], ["top", "-b", "-d", "2"]):
        errors.append(open(tmp_path / command[0], "w+", encoding="utf-8"))
        tracers.append(process([PROGRAM, *command, "-v", "--netns", ns.name], stdout=subprocess.DEVNULL, stderr=errors[-1],
                               env=ENVIRONMENT))

    def said(i):
        errors[i].seek(0)
        return errors[i].read()
    await_that(lambda: all("joined with" in said(i) for i in (0, 1)), "both tracers")

    def measure():
        """Once they have taken it all in and looked again at what is left."""
        counts = [said(i).count("joined with") for i in (0, 1)]
        await_that(lambda: said(1).count("joined with") > counts[1] + 1, "two more tables")
        return [(memory_of(each.pid), descriptors_of(each.pid), maps_of(each.pid)) for each in tracers]
    churn(ns, WARM_UP // 2)
    churn(ns, WARM_UP // 2, "--reset")
    before = measure()
    churn(ns, CONNECTIONS // 2)
    churn(ns, CONNECTIONS // 2, "--reset")
    after = measure()
    for i, (was, now) in enumerate(zip(before, after)):
        assert now[1] == was[1], "descriptors"
        assert now[2] == was[2], "maps"
        assert now[0] <= was[0] + (1 << 20), f"memory grew from {was[0]} to {now[0]} bytes"
        tracers[i].terminate()
        assert tracers[i].wait(30) in (0, 3)
        seen, received, dropped = map(int, re.search(r"seen (\d+), received (\d+), dropped (\d+)", said(i)).groups())
        assert seen == received + dropped and seen >= 6 * CONNECTIONS
        sockets = int(re.findall(r"joined with what is there: (\d+) sockets", said(i))[-1])
        assert sockets <= 30 + 2 * 100 + 10, "the table is as small as before"
        print(f"memory {was[0]} → {now[0]}, seen {seen}, dropped {dropped}")
