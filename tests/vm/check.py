#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The system tests on Debian's cloud kernels, each booted in software emulation.

The files: kernels.py fetches the kernels, image.py makes the disk that all guests boot from (init is their first
process), guest.py boots a guest and supervises it, report.py prints the results. As many guests run at once as this
host has processors and memory for. Their output is in $BUILD/vm/results.

Needs neither root nor KVM. A kernel that cannot be fetched is skipped; where CI=true, a skip counts as a failure.
Exit codes: 0 nothing failed, 1 something did.
"""

import argparse
import dataclasses
import os
import platform
import re
import shlex
import shutil
import signal
import sys
import time
from pathlib import Path

import image
from guest import GUEST_BYTES, Guest
from kernels import Kernel, fetch
from report import Report

# Debian keeps modprobe, nft and mke2fs where a user's PATH may not reach.
os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin"


@dataclasses.dataclass
class Run:
    name: str
    select: str  # pytest's -k; empty: all
    arguments: str = ""  # for each tracer, besides those of the test
    marks: str = "not heavy and not any_kernel"  # pytest's -m
    kernels: tuple = ()  # the only ones that it runs on; empty: all
    part_of: str = ""  # a run that runs on all kernels in its place, where other tests are chosen

    def __str__(self):
        return self.name


KERNELS = [
    Kernel("6.1", "linux-image-cloud-amd64"),
    Kernel("6.12", "linux-image-6.12-cloud-amd64"),
]
# The join, the lives of connections, and their owners.
CORE = "test_guest or test_join or test_lifecycles or test_minisockets or owner"
# Tests of /proc, of netlink, of capabilities, of clocks, of what runs short, of the filter in the kernel: as these are on the oldest
# kernel and on this host's, so they are in between.
LISTINGS = ("test_audit or test_doctor or test_explain or test_fds or test_granted or test_list. or test_one_truth or test_privileges or "
            "test_refused or test_registered_files or test_shortage or test_time_namespace")
NOT_FROM_PROC = "not [proc] and not [proc- and not -proc]"
RUNS = [
    # Uses what the kernel offers: iterators, and the hook on accept(). Tests of the source /proc are left to the last run.
    Run("as-is", NOT_FROM_PROC, kernels=("6.1",)),
    # With test_join's from /proc too: snapshots of /proc beside the hook on accept() are tested nowhere else.
    Run("tracing", f"({NOT_FROM_PROC} or test_join) and not ({LISTINGS} or test_filters)", kernels=("6.12",), part_of="as-is"),
    # Stands for a kernel that offers neither. One that offers only iterators is tested natively, where the host's is such a one.
    # The lives of connections come from the tracepoint alone, whatever the snapshot: as-is has them.
    Run("from-proc", f"({CORE}) and not test_lifecycles and not [iter and not -iter", "--snapshot-source=proc --accept-source=scan", kernels=("6.1",)),
]


def make_script(run):
    """Returns the shell script that the guest runs."""
    select = f" -k {shlex.quote(run.select)}" if run.select else ""
    return f"""export TCPLEDGER_ARGS={shlex.quote(run.arguments)}
python3 -m pytest -v --durations=10 --tb=short -p no:cacheprovider --junitxml=/tmp/report.xml -o junit_logging=out-err \
	-o junit_log_passing_tests=false -o faulthandler_timeout=120 -m {shlex.quote(run.marks)}{select} tests
"""


def read_limit(name):
    """Reads a limit of the container that this may run in: [its numbers], or [] where there is none."""
    file = Path("/sys/fs/cgroup", name)
    return [int(word) for word in file.read_text().split()] if file.exists() and "max" not in file.read_text() else []


def guests_at_once():
    """Returns the number of guests for which there are processors and memory."""
    processors = [len(os.sched_getaffinity(0))]
    if quota := read_limit("cpu.max"):  # microseconds of processor time, and the period in which they may be used
        processors.append(quota[0] // quota[1])
    memory = [1024 * int(re.search(r"^MemAvailable: +(\d+)", Path("/proc/meminfo").read_text(), re.M)[1]), *read_limit("memory.max")]
    return max(1, min(*processors, min(memory) // GUEST_BYTES))


def boot_all(jobs, disk, home, report):
    waiting, running, most = list(jobs), [], guests_at_once()
    try:
        while waiting or running:
            while waiting and len(running) < most:
                running.append(Guest(*waiting.pop(0), disk, home))
            time.sleep(0.2)
            for guest in [guest for guest in running if guest.has_ended()]:
                running.remove(guest)
                report.guest_ended(guest)
    finally:
        for guest in running:
            guest.stop()


def choose_entries(entries, names):
    unknown = set(names) - set(map(str, entries))
    if unknown:
        sys.exit(f"check.py: no {', '.join(sorted(unknown))} among {', '.join(map(str, entries))}")
    return [entry for entry in entries if not names or str(entry) in names]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, entries in ("--kernel", KERNELS), ("--run", RUNS):
        parser.add_argument(name, action="append", default=[], help="only this one: " + ", ".join(map(str, entries)))
    parser.add_argument("--select", help="other tests, as pytest's -k")
    parser.add_argument("--all", action="store_true", help="also what no kernel changes, and all of the core in each run")
    arguments = parser.parse_args()
    kernels, runs = choose_entries(KERNELS, arguments.kernel), choose_entries(RUNS, arguments.run)
    if arguments.all or arguments.select is not None:
        runs = [dataclasses.replace(run, kernels=()) for run in runs if not run.part_of]
    if arguments.all:
        runs = [dataclasses.replace(run, select=CORE if run.arguments else "", marks="not heavy") for run in runs]
    if arguments.select is not None:
        runs = [dataclasses.replace(run, select=arguments.select) for run in runs]
    build = Path(os.environ.get("BUILD", "build")).resolve()
    for signum in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        signal.signal(signum, lambda signum, _: sys.exit(128 + signum))

    shutil.rmtree(build / "vm/results", ignore_errors=True)
    report = Report()
    print("System tests on Debian's cloud kernels, emulated")
    machine = platform.machine()
    if machine == "x86_64":
        missing = fetch(kernels, build / "vm")
    else:
        missing = [(kernel, f"the guests are x86_64, what is built here is {machine}") for kernel in kernels]
    for kernel, why in missing:
        report.kernel_missing(kernel, why)
        kernels.remove(kernel)
    if kernels:
        jobs = [(kernel, run) for run in runs for kernel in kernels if str(kernel) in run.kernels or not run.kernels]
        if not jobs:
            sys.exit("check.py: none of these runs is made on these kernels; with --all or --select, as-is and from-proc are made on each")
        disk = image.make_disk(build, kernels, {str(run): make_script(run) for run in runs})
        # The longest runs first, so that the last of them does not run alone.
        boot_all(jobs, disk, build / "vm/results", report)
    return report.close()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except image.ImageError as error:
        sys.exit(f"check.py: {error}")
