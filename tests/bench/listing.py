#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Measures the time and memory of tcpledger list where there are many sockets, beside ss, netstat and lsof.

Six processes hold established connections in a network namespace of its own. The programs take turns, and the shortest
run of each counts, since whatever else the machine does only lengthens a run. Absolute times depend on the machine; the
ratios are the result. No time is asserted: the exit status is 1 only when something cannot run.
"""

import argparse
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
from pathlib import Path

os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin"

BUILD = Path(os.environ.get("BUILD", "build"))
TCPLEDGER = str(BUILD / "tcpledger")
MEASURE = str(BUILD / "tests/bench/measure")
PAIRS = 3
KINDS = {  # compared programs: {name: command}
    "without processes (-tan)": {
        "tcpledger": [TCPLEDGER, "list", "-tan"],
        "ss": ["ss", "-tan"],
        "netstat": ["netstat", "-tan"],
    },
    "with processes (-tanp)": {
        "tcpledger": [TCPLEDGER, "list", "-tanp"],
        "ss": ["ss", "-tanp"],
        "netstat": ["netstat", "-tanp"],
        "lsof": ["lsof", "-nP", "-iTCP"],
    },
}


class BenchError(Exception):
    """Raised when something could not run."""


def hold_connections(listener, count):
    """Runs in a process of its own: accepts, or with a port connects; reports that it is ready, and waits for the end."""
    held = [listener.accept()[0] if isinstance(listener, socket.socket) else connect(listener) for _ in range(count)]
    os.write(1, b".")
    os.read(0, 1)
    return held


def connect(port):
    client = socket.socket()
    client.connect(("127.0.0.1", port))
    return client


def start_pair(count):
    """Returns (process of the listener, process of the clients), each with `count` ends of the same connections."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    started = [fork_holder(listener, count), fork_holder(listener.getsockname()[1], count)]
    listener.close()
    return started


def fork_holder(what, count):
    begin, end = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(begin[0], 0)
        os.dup2(end[1], 1)
        for fd in *begin, *end:
            os.close(fd)
        try:
            hold_connections(what, count)
        finally:
            os._exit(0)
    os.close(begin[0])
    os.close(end[1])
    return pid, begin[1], end[0]


def measure_command(command):
    done = subprocess.run([MEASURE, *command], check=True, capture_output=True, text=True)
    elapsed_us, cpu_us, peak_kib, status = map(int, done.stdout.split())
    if status:
        raise BenchError(f"{' '.join(command)} ended with {status}: {done.stderr}")
    return {"elapsed_us": elapsed_us, "cpu_us": cpu_us, "peak_kib": peak_kib}


def pick_best(runs):
    return {name: min(run[name] for run in runs) for name in runs[0]}


def run_kind(programs, rounds):
    runs = {name: [] for name in programs}
    for _ in range(rounds):
        for name, command in programs.items():
            runs[name].append(measure_command(command))
    return {name: pick_best(each) for name, each in runs.items()}


def print_kind(kind, results):
    ours = results["tcpledger"]
    print(f"\n{kind:<28} {'ms':>8} {'CPU ms':>8} {'peak MiB':>9} {'time to it':>11} {'memory to it':>13}")
    for name, result in results.items():
        line = f"  {name:<26} {result['elapsed_us'] / 1000:8.1f} {result['cpu_us'] / 1000:8.1f} {result['peak_kib'] / 1024:9.1f}"
        if name != "tcpledger":
            line += f" {ours['elapsed_us'] / result['elapsed_us']:11.3f} {ours['peak_kib'] / result['peak_kib']:13.2f}"
        print(line)


def find_present(programs):
    there = {name: command for name, command in programs.items() if shutil.which(command[0])}
    missing = sorted(set(programs) - set(there))
    for name in missing:
        print(f"listing: {name} is not installed: NOT compared with it", file=sys.stderr)
    if missing and os.environ.get("CI") == "true":
        raise BenchError("with CI=true every peer must be there")
    return there


def run_listing(options):
    count = options.sockets // (2 * PAIRS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    holders = [holder for _ in range(PAIRS) for holder in start_pair(count)]
    results = {}
    try:
        for _, _, ready in holders:
            if os.read(ready, 1) != b".":
                raise BenchError("a process could not make its connections")
        print(f"listing: {options.sockets} established sockets in {len(holders)} processes, best of {options.rounds} runs; "
              '"to it": tcpledger over that peer, below 1 is less')
        for kind, programs in KINDS.items():
            results[kind] = run_kind(find_present(programs), options.rounds)
            print_kind(kind, results[kind])
    finally:
        for pid, begin, _ in holders:
            os.write(begin, b".")  # closing would not do: processes forked later have the descriptor, too
            os.waitpid(pid, 0)
    options.output.write_text(json.dumps({"sockets": options.sockets, "results": results}, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description="Measure tcpledger list beside ss, netstat and lsof.")
    parser.add_argument("--short", action="store_true", help="everything twice only")
    parser.add_argument("--rounds", type=int, help="runs of each (7; with --short 2)")
    parser.add_argument("--sockets", type=int, default=96000, help="established (%(default)s)")
    parser.add_argument("--output", type=Path, default=BUILD / "listing.json", help="where the JSON goes (%(default)s)")
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.short else 7)
    if "TCPLEDGER_LISTING" not in os.environ:  # run this program once more, in a network namespace of its own
        os.environ["TCPLEDGER_LISTING"] = "inside"
        os.execvp("unshare", ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, *sys.argv])
    try:
        run_listing(options)
    except (BenchError, OSError, subprocess.SubprocessError) as error:
        print(f"listing: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
