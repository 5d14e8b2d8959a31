#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Measures what a tracer costs while nothing happens, on a host with many connections, beside tcpstates and bpftrace.

Processes hold established connections in a network namespace of its own. Each tracer runs there by itself, first with
these alone, then beside some TIME_WAITs too: its processor time and its wake-ups are read at the beginning and at the end
of the same span. tcpledger is asked one thing more: how long after a quiet time the line of a single connection comes.
No time is asserted: the exit status is 1 only when something cannot run.
"""

import argparse
import contextlib
import json
import os
import re
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import BUILD, PEERS, BenchError, Tcpledger, TcpledgerJson, check_needs, shutil, tracefs
from listing import fork_holder

HELD_MAX = 16000  # by one process: the hard limit of descriptors may be 20,000
REST_SECONDS = 13, 3  # after the last event until all that comes of it is over, mostly a snapshot ten seconds later; with --short
QUIET_SECONDS = 0.25  # before a single event


@contextlib.contextmanager
def held_connections(count):
    """Holds `count` sockets, which are half as many connections."""
    holders = []
    try:
        while count > 0:
            some = min(count // 2, HELD_MAX)
            with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
                holders += [fork_holder(listener, some), fork_holder(listener.getsockname()[1], some)]
            count -= 2 * some
            if len(holders) % 4 == 0:
                await_holders(holders[-4:])
        await_holders(holders[len(holders) // 4 * 4:])
        yield
    finally:
        for _, begin, _ in holders:
            os.write(begin, b".")
        for pid, _, _ in holders:
            os.waitpid(pid, 0)


def await_holders(holders):
    for _, _, ready in holders:
        if os.read(ready, 1) != b".":
            raise BenchError("a process could not make its connections")


def make_time_waits(count):
    with socket.create_server(("127.0.0.1", 0), backlog=count) as server:
        for _ in range(count):
            with socket.create_connection(server.getsockname()) as client:
                accepted = server.accept()[0]
                client.close()
                accepted.recv(1)
                accepted.close()


def read_cost(tracer):
    """Returns the processor time and the wake-ups so far, of all threads that are there."""
    tasks = list(Path(f"/proc/{tracer.process.pid}/task").iterdir())
    texts = [(task / "status").read_text() for task in tasks]
    ran_ns = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)
    wakes = sum(int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", text, re.M)[1]) for text in texts)
    user, system = tracer.processor_seconds()
    return ran_ns / 1e9, wakes, user + system


def measure_rest(tracer, seconds, short):
    time.sleep(REST_SECONDS[short])
    (ran, wakes, ticks), began = read_cost(tracer), time.monotonic()
    time.sleep(seconds)
    (ran_then, wakes_then, ticks_then), took = read_cost(tracer), time.monotonic() - began
    # a thread that has ended counts in the ticks only, which are coarse
    return {"cpu_share": max(ran_then - ran, ticks_then - ticks - 0.02) / took, "wakes_per_second": (wakes_then - wakes) / took}


def measure_latency(tracer, events):
    """Returns how many milliseconds after a connect() its line was in the file, for each of some single connects."""
    delays = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        for _ in range(events):
            time.sleep(QUIET_SECONDS)
            before, began = tracer.output.stat().st_size, time.monotonic()
            with socket.create_connection(server.getsockname()):
                while tracer.output.stat().st_size == before and time.monotonic() < began + 5:
                    pass
                delays.append((time.monotonic() - began) * 1000)
            server.accept()[0].close()
    return delays


def run_tracer(tracer_class, options):
    with tempfile.TemporaryDirectory(prefix="tcpledger-bench-") as directory:
        tracer = tracer_class(directory)
        try:
            tracer.start()
            run = {"tracer": tracer.name, "alone": measure_rest(tracer, options.seconds, options.short)}
            make_time_waits(options.time_waits)
            run["time_waits"] = measure_rest(tracer, options.seconds, options.short)
            if tracer_class is Tcpledger:
                run["latency_ms"] = measure_latency(tracer, options.events)
            tracer.end()
        finally:
            tracer.kill()
    return run


def print_runs(count, runs, options):
    print(f"\n{count:,} sockets, nothing happens{'':20}{'CPU %':>8}{'wake-ups/s':>12}   with {options.time_waits} TIME_WAITs:"
          f"{'CPU %':>8}{'wake-ups/s':>12}")
    for run in runs:
        cells = [f"{100 * run[kind]['cpu_share']:8.3f}{run[kind]['wakes_per_second']:12.1f}" for kind in ("alone", "time_waits")]
        print(f"  {run['tracer']:46}{cells[0]}{'':21}{cells[1]}")
    for delays in (run["latency_ms"] for run in runs if "latency_ms" in run):
        print(f"  tcpledger, a single connection after {QUIET_SECONDS} s of quiet: its line comes after {statistics.median(delays):.1f} ms"
              f" in the median, {max(delays):.1f} ms at most, of {len(delays)}")


def run_idle(options):
    check_needs()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    tracers = [Tcpledger, TcpledgerJson, *(peer for peer in PEERS if shutil.which(peer.command[0]))]
    results = {}
    with tracefs():
        for count in options.sockets:
            with held_connections(count):
                results[count] = [run_tracer(tracer, options) for tracer in tracers]
            print_runs(count, results[count], options)
    options.output.write_text(json.dumps({str(count): runs for count, runs in results.items()}, indent=1) + "\n")


def parse_options():
    parser = argparse.ArgumentParser(description="Measure what tcpledger costs while nothing happens, beside tcpstates and bpftrace.")
    parser.add_argument("--short", action="store_true", help="fewer sockets, briefly")
    parser.add_argument("--rounds", help=argparse.SUPPRESS)  # of the other benchmarks
    parser.add_argument("--sockets", type=int, action="append", help="established (96,000, and 800,000; with --short 20,000)")
    parser.add_argument("--time-waits", type=int, default=100, help="beside them, then (%(default)s)")
    parser.add_argument("--seconds", type=float, help="of rest that is measured (20; with --short 3)")
    parser.add_argument("--events", type=int, help="single ones (1,000; with --short 10)")
    parser.add_argument("--output", type=Path, default=BUILD / "idle.json", help="where the JSON goes (%(default)s)")
    options = parser.parse_args()
    options.sockets = options.sockets or ([20000] if options.short else [96000, 800000])
    options.seconds = options.seconds or (3 if options.short else 20)
    options.events = options.events or (10 if options.short else 1000)
    return options


def main():
    options = parse_options()
    if "TCPLEDGER_IDLE" not in os.environ:  # run this program once more, in a network namespace of its own
        os.environ["TCPLEDGER_IDLE"] = "inside"
        os.execvp("unshare", ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, *sys.argv])
    try:
        run_idle(options)
    except (BenchError, OSError, subprocess.SubprocessError) as error:
        print(f"idle: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
