# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""After a hundred thousand connections, or a million in the long form, the tracer has not grown."""

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

# The address sanitizer keeps 256 MiB of freed memory, unless an option says otherwise.
SANITIZER = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": SANITIZER}

# Map types whose entries are not counted. In maps of all other types an entry may be left behind.
FIXED = {2: "array", 6: "percpu_array", 22: "queue", 27: "ringbuf"}


def read_proc(pid, name):
    with open(f"/proc/{pid}/{name}", encoding="utf-8") as file:
        return file.read()


def maps_of(pid):
    """Returns {map id: (type, bytes that the kernel charges for it, entries)}."""
    maps = {}
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            info = dict(re.findall(r"^(\w+):\s*(\S+)$", read_proc(pid, f"fdinfo/{fd}"), re.M))
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
    """Returns the anonymous memory of the process in bytes, without its mappings of the ring and of the program's file."""
    return int(re.search(r"^RssAnon:\s+(\d+) kB$", read_proc(pid, "status"), re.M)[1]) << 10


def descriptors_of(pid):
    """Returns the descriptors that are always open, without those that a snapshot has open for a moment."""
    def list_now():
        found = []
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                found.append(re.sub(r"\d+", "N", os.readlink(f"/proc/{pid}/fd/{fd}")))
        return sorted(found)
    return min((list_now() for _ in range(500)), key=len)


def run_churn(ns, count, *arguments):
    done = ns.popen(CHURN, "--connections", str(count), *arguments, stdout=subprocess.PIPE)
    assert json.loads(done.communicate(timeout=1200)[0])["connections"] == count


@pytest.mark.alone
@pytest.mark.soak
@pytest.mark.heavy
def test_grows_by_nothing(ns, process, tmp_path):
    """Orderly and reset connections are seen by `trace` and by `top` at once; TIME_WAITs are few, and gone at the end."""
    ns.sysctl("net.ipv4.tcp_max_tw_buckets", 100)
    with ns.entered():
        _staying = [connected_pair() for _ in range(10)]
    tracers, errors = [], []
    for command in (["trace"], ["top", "-b", "-d", "2"]):
        errors.append(open(tmp_path / command[0], "w+", encoding="utf-8"))
        tracers.append(process([PROGRAM, *command, "-v", "--netns", ns.name], stdout=subprocess.DEVNULL, stderr=errors[-1],
                               env=ENVIRONMENT))

    def read_errors(i):
        errors[i].seek(0)
        return errors[i].read()
    await_that(lambda: all("joined with" in read_errors(i) for i in (0, 1)), "both tracers")

    def measure():
        """Measures both tracers once they have taken all transitions, and a further snapshot."""
        counts = [read_errors(i).count("joined with") for i in (0, 1)]
        await_that(lambda: read_errors(1).count("joined with") > counts[1] + 1, "two more tables")
        return [(memory_of(each.pid), descriptors_of(each.pid), maps_of(each.pid)) for each in tracers]
    run_churn(ns, WARM_UP // 2)
    run_churn(ns, WARM_UP // 2, "--reset")
    before = measure()
    run_churn(ns, CONNECTIONS // 2)
    run_churn(ns, CONNECTIONS // 2, "--reset")
    after = measure()
    for i, (was, now) in enumerate(zip(before, after)):
        assert now[1] == was[1], "descriptors"
        assert now[2] == was[2], "maps"
        assert now[0] <= was[0] + (1 << 20), f"memory grew from {was[0]} to {now[0]} bytes"
        tracers[i].terminate()
        assert tracers[i].wait(30) in (0, 3)
        seen, received, dropped = map(int, re.search(r"seen (\d+), received (\d+), dropped (\d+)", read_errors(i)).groups())
        assert seen == received + dropped and seen >= 6 * CONNECTIONS
        sockets = int(re.findall(r"joined with what is there: (\d+) sockets", read_errors(i))[-1])
        assert sockets <= 30 + 2 * 100 + 10, "the table is as small as before"
        print(f"memory {was[0]} → {now[0]}, seen {seen}, dropped {dropped}")
