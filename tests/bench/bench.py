#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Measures the cost and the losses of tcpledger, beside its peers tcpstates and bpftrace.

The load is churn: loopback connections, opened and closed as fast as the machine can, in a network
namespace of its own, so that each run begins without the TIME_WAITs of the run before. Tracers take turns in
rounds, and each round has a run without a tracer, so that a machine that is busy for a while harms all alike.
A figure is the median over the rounds. Absolute times depend on the machine; the ratios are the result.

There are two kinds of runs, because one disturbs the other: "plain" runs for the slow-down and the processor time,
and "counted" runs with the kernel's BPF statistics for the time in BPF programs and the true number of events.

No time is asserted: the exit status is 1 only when something cannot run or does not add up.
"""

import argparse
import contextlib
import ctypes
import fcntl
import json
import os
import platform
import re
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Debian keeps bpftool and tcpstates where a user's PATH may not reach.
os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin"

BPFTOOL = os.environ.get("BPFTOOL", "bpftool")
BUILD = Path(os.environ.get("BUILD", "build"))
CHURN = BUILD / "tests/bench/churn"
TCPLEDGER = BUILD / "tcpledger"
TRACEFS = Path("/sys/kernel/tracing")

START_SECONDS = 30  # the most that a tracer may take to be ready
END_SECONDS = 60  # the most that a tracer may take to write its last events
IDLE_SECONDS = 2  # the most that a run waits for a machine at rest
POLL_SECONDS = 0.05
JSON_LINES_PARSED = 20000

# Options of churn, and transitions of one connection at both ends. With a reset: SYN_SENT, ESTABLISHED, CLOSE and
# SYN_RECV, ESTABLISHED, CLOSE. With an orderly close also FIN_WAIT1, FIN_WAIT2 and CLOSE_WAIT, LAST_ACK.
LOADS = {"reset": (["--reset"], 6), "orderly": ([], 10)}

BPFTRACE_PROGRAM = """
BEGIN { printf("SKADDR PID COMM LADDR LPORT RADDR RPORT OLDSTATE NEWSTATE MS\\n"); }
tracepoint:sock:inet_sock_set_state /args->protocol == 6/ {
	$ms = @last[args->skaddr] ? (nsecs - @last[args->skaddr]) / 1000 : 0;
	printf("%llx %d %s %s %d %s %d %d -> %d %llu\\n", args->skaddr, pid, comm,
	       ntop(args->family, args->saddr), args->sport, ntop(args->family, args->daddr), args->dport,
	       args->oldstate, args->newstate, $ms);
	if (args->newstate == 7) { delete(@last[args->skaddr]); } else { @last[args->skaddr] = nsecs; }
}
END { clear(@last); }
"""
BPFTRACE_EMPTY = "tracepoint:sock:inet_sock_set_state { $nothing = 0; }"


class BenchError(Exception):
    """Raised when something could not run or did not add up."""


def first_found(*names):
    return next((name for name in names if shutil.which(name)), names[0])


# ---- the kernel ----

libc = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
BPF_ENABLE_STATS = 32
SYS_BPF = {"x86_64": 321, "s390x": 351, "ppc64le": 361}.get(platform.machine(), 280)  # 280 on all newer architectures
SIOCSIFFLAGS = 0x8914
IFF_UP = 1


def libc_call(name, *args):
    result = getattr(libc, name)(*args)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


def die_with_parent():
    libc_call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL)


def enter_new_netns():
    die_with_parent()
    libc_call("unshare", CLONE_NEWNET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


@contextlib.contextmanager
def bpf_statistics():
    """Lets the kernel count run_time_ns and run_cnt inside the context; counting stops however this process ends."""
    fd = libc_call("syscall", SYS_BPF, BPF_ENABLE_STATS, ctypes.byref(ctypes.c_uint64(0)), 8)
    try:
        yield
    finally:
        os.close(fd)


@contextlib.contextmanager
def tracefs():
    if (TRACEFS / "events").is_dir():
        yield
        return
    subprocess.run(["mount", "-t", "tracefs", "tracefs", str(TRACEFS)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(TRACEFS)], check=False)


def wait_for(condition, what, seconds=START_SECONDS):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise BenchError(f"waited {seconds} s in vain: {what}")
        time.sleep(POLL_SECONDS)


def processor_ticks():
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return sum(fields) - idle, sum(fields)


def wait_until_idle():
    """Returns False if other programs keep this machine busy: then the figures are worth little."""
    end = time.monotonic() + IDLE_SECONDS
    busy, total = processor_ticks()
    while time.monotonic() < end:
        time.sleep(0.1)
        busy_before, total_before, (busy, total) = busy, total, processor_ticks()
        if busy - busy_before <= 0.15 * (total - total_before):
            return True
    return False


def make_connection():
    """Makes one connection, for a tracer to notice."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        server.accept()[0].close()


# ---- tracers ----


def lines_with(path, mark):
    count, rest = 0, b""
    with open(path, "rb") as file:
        while True:
            chunk = file.read(1 << 22)
            if not chunk:
                return count
            chunk = rest + chunk
            count += chunk.count(mark)
            rest = chunk[-(len(mark) - 1) :]


class Tracer:
    """A tracer that writes to a file. Subclasses have the differences of each kind."""

    name = ""
    command = ()
    mark = b"->"  # of a line that reports a transition

    def __init__(self, directory):
        self.output = Path(directory) / "output"
        self.errors = Path(directory) / "errors"
        self.process = None

    def start(self):
        with open(self.output, "wb") as output, open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                preexec_fn=die_with_parent,
            )
        with bpf_statistics():
            wait_for(self.has_noticed_a_connection, f"{self.name} sees a connection")

    def has_noticed_a_connection(self):
        self.check_alive()
        make_connection()
        programs = self.programs()
        return programs and all(program.get("run_cnt") for program in programs)

    def check_alive(self):
        if self.process.poll() is not None:
            raise BenchError(f"{self.name} ended by itself, with {self.process.returncode}:\n{self.complaint()}")

    def complaint(self):
        return self.errors.read_text(errors="replace")[-2000:]

    def program_ids(self):
        ids = set()
        for info in Path(f"/proc/{self.process.pid}/fdinfo").iterdir():
            with contextlib.suppress(OSError):  # a descriptor that was just closed
                found = re.search(r"^prog_id:\s*(\d+)", info.read_text(), re.MULTILINE)
                if found:
                    ids.add(int(found.group(1)))
        return ids

    def programs(self):
        """Returns the tracer's BPF programs on the tracepoint, as bpftool shows them."""
        programs = []
        for number in self.program_ids():
            shown = subprocess.run(
                [BPFTOOL, "prog", "show", "id", str(number), "-j"], stdout=subprocess.PIPE, check=False
            )
            program = json.loads(shown.stdout or "{}")
            if program.get("type") in ("tracing", "tracepoint", "raw_tracepoint"):
                programs.append(program)
        return programs

    def counts(self):
        """Returns the time in all BPF programs of the tracer, and the events: the runs of the program that ran most."""
        programs = self.programs()
        return {
            "bpf_ns": sum(program.get("run_time_ns", 0) for program in programs),
            "events": max((program.get("run_cnt", 0) for program in programs), default=0),
        }

    def processor_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks = os.sysconf("SC_CLK_TCK")
        return int(fields[11]) / ticks, int(fields[12]) / ticks

    def wait_until_drained(self):
        """Waits until the tracer has neither worked nor written for a while, and so has no more to write."""
        quiet_since, before = time.monotonic(), None

        def is_quiet():
            nonlocal quiet_since, before
            self.check_alive()
            now = (self.processor_seconds(), self.output.stat().st_size)
            if now != before:
                quiet_since, before = time.monotonic(), now
            return time.monotonic() - quiet_since > 0.3

        wait_for(is_quiet, f"{self.name} comes to rest", END_SECONDS)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(END_SECONDS)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def delivered(self):
        return lines_with(self.output, self.mark)

    def account(self, events):
        """Returns what became of the events that happened (None: unknown), once the tracer has ended."""
        delivered = self.delivered()
        return {"events": events, "delivered": delivered, "lost": max(0, events - delivered) if events else None}


class Tcpledger(Tracer):
    name = "tcpledger"
    command = (str(TCPLEDGER), "trace")

    def has_noticed_a_connection(self):
        return super().has_noticed_a_connection() and self.output.stat().st_size > 0

    def delivered(self):
        return super().delivered() - 1  # the heading has an arrow too

    def summary(self):
        found = re.search(r"seen (\d+), received (\d+), dropped (\d+), missed (\d+)", self.complaint())
        if not found:
            raise BenchError(f"tcpledger printed no summary:\n{self.complaint()}")
        return dict(zip(("seen", "received", "dropped", "missed"), map(int, found.groups())))

    def account(self, events):
        if self.process.returncode not in (0, 3):
            raise BenchError(f"tcpledger ended with {self.process.returncode}:\n{self.complaint()}")
        summary = self.summary()
        if summary["seen"] != summary["received"] + summary["dropped"]:
            raise BenchError(f"{self.name}: seen is not received + dropped: {summary}")
        return {
            **summary,
            "events": summary["seen"] + summary["missed"],
            "delivered": summary["received"],
            "lost": summary["dropped"] + summary["missed"],
            "printed": self.delivered(),
        }


class TcpledgerJson(Tcpledger):
    name = "tcpledger --json"
    command = (str(TCPLEDGER), "trace", "--json")
    mark = b'"type":"transition"'

    def delivered(self):
        return Tracer.delivered(self)

    def summary(self):
        with open(self.output, "rb") as file:
            head = [line for line, _ in zip(file, range(JSON_LINES_PARSED))]
            file.seek(max(0, self.output.stat().st_size - 4096))
            last = file.read().splitlines()[-1]
        try:
            for line in head:
                json.loads(line)
            summary = json.loads(last)
        except ValueError as error:
            raise BenchError(f"tcpledger's JSON is invalid: {error}") from error
        if summary.get("type") != "summary":
            raise BenchError(f"tcpledger's last line is no summary: {last!r}")
        return {key: summary[key] for key in ("seen", "received", "dropped", "missed")}


class Tcpstates(Tracer):
    name = "tcpstates"
    command = (first_found("tcpstates", "tcpstates-libbpf", "bpf-tcpstates"),)  # Debian 12, Debian 13, Fedora

    def delivered(self):
        return super().delivered() - 1  # the heading has an arrow too


class Bpftrace(Tracer):
    name = "bpftrace"
    command = ("bpftrace", "-e", BPFTRACE_PROGRAM)


class Nothing(Tracer):
    """A BPF program that does nothing: its time is the cost of the measurement."""

    name = "empty program"
    command = ("bpftrace", "-e", BPFTRACE_EMPTY)

    def account(self, events):
        return {"events": events, "delivered": None, "lost": None}


PEERS = (Tcpstates, Bpftrace)


# ---- runs ----


def run_churn(load, seconds):
    done = subprocess.run(
        [str(CHURN), "--seconds", str(seconds), *LOADS[load][0]],
        stdout=subprocess.PIPE,
        preexec_fn=enter_new_netns,
        timeout=seconds + 60,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"churn ended with {done.returncode}")
    return json.loads(done.stdout)


def run_without(load, seconds):
    idle = wait_until_idle()
    return {"tracer": None, "load": load, "kind": "plain", "idle_before": idle, "churn": run_churn(load, seconds)}


def measure_run(tracer, load, seconds):
    """Measures a ready tracer under load, until the tracer has no more to write."""
    idle = wait_until_idle()
    counts_before, (user_before, system_before) = tracer.counts(), tracer.processor_seconds()
    churned = run_churn(load, seconds)
    tracer.wait_until_drained()
    counts, (user, system) = tracer.counts(), tracer.processor_seconds()
    return {
        "idle_before": idle,
        "churn": churned,
        "user_seconds": user - user_before,
        "system_seconds": system - system_before,
        "bpf_runs": counts["events"] - counts_before["events"],
        "bpf_ns": counts["bpf_ns"] - counts_before["bpf_ns"],
    }


def run_with(tracer_class, load, seconds, counted):
    with tempfile.TemporaryDirectory(prefix="tcpledger-bench-") as directory:
        tracer = tracer_class(directory)
        try:
            with bpf_statistics() if counted else contextlib.nullcontext():
                tracer.start()
                run = measure_run(tracer, load, seconds)
                events = tracer.counts()["events"] if counted else None
                tracer.end()
            run.update(tracer=tracer.name, load=load, kind="counted" if counted else "plain")
            run.update(tracer.account(events))
        finally:
            tracer.kill()
    at_least = run["churn"]["connections"] * LOADS[load][1]
    if isinstance(tracer, Tcpledger) and run["events"] < at_least:
        raise BenchError(f"{tracer.name} knows of {run['events']} transitions; there were at least {at_least}")
    return run


def print_run(run):
    lost = "" if run.get("lost") is None else f"{run['lost']:,} of {run['events']:,} lost"
    busy = "" if run["idle_before"] else "  (the machine was busy)"
    print(
        f"  {run['kind']:8}{run['load']:8} {run['tracer'] or 'no tracer':17}"
        f"{run['churn']['per_second']:10,.0f} connections/s  {lost}{busy}",
        file=sys.stderr,
        flush=True,
    )


def rotate(items, by):
    by %= len(items)
    return items[by:] + items[:by]


def all_runs(tracers, settings):
    """Yields each run once it is done; runs with the same `round` were made beside each other."""
    for number in range(max(settings["plain_rounds"], settings["counted_rounds"])):
        for load in LOADS:
            if number < settings["plain_rounds"]:
                for tracer in rotate([None, *tracers], number):
                    run = (
                        run_with(tracer, load, settings["seconds"], counted=False)
                        if tracer
                        else run_without(load, settings["seconds"])
                    )
                    yield {**run, "round": number}
            if number < settings["counted_rounds"]:
                empty = [Nothing] if Bpftrace in tracers else []
                for tracer in rotate(tracers + empty, number):
                    yield {**run_with(tracer, load, settings["seconds"], counted=True), "round": number}


# ---- results ----


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def ratio(part, whole):
    return part / whole if part is not None and whole else None


def microseconds_each(run):
    return 1e6 / run["churn"]["per_second"]


def select_runs(runs, load, tracer, kind):
    return [run for run in runs if (run["load"], run["tracer"], run["kind"]) == (load, tracer, kind)]


def added_microseconds(runs, load, tracer):
    """Returns the time that the tracer adds to each connection, compared with the run without a tracer of the same round."""
    bare = {run["round"]: microseconds_each(run) for run in select_runs(runs, load, None, "plain")}
    return [microseconds_each(run) - bare[run["round"]] for run in select_runs(runs, load, tracer, "plain")]


def slow_down(runs, load, tracer):
    bare = {run["round"]: run["churn"]["per_second"] for run in select_runs(runs, load, None, "plain")}
    return [1 - run["churn"]["per_second"] / bare[run["round"]] for run in select_runs(runs, load, tracer, "plain")]


def summarise(runs, load, tracer):
    plain, counted = select_runs(runs, load, tracer, "plain"), select_runs(runs, load, tracer, "counted")
    # only the counted runs of a peer have the number of events; those of tcpledger always have it
    known = [run for run in plain + counted if run.get("lost") is not None]
    return {
        "connections_per_second": median(run["churn"]["per_second"] for run in plain),
        "slow_down": median(slow_down(runs, load, tracer)),
        "added_us_per_connection": median(added_microseconds(runs, load, tracer)),
        "bpf_ns_per_event": median(ratio(run["bpf_ns"], run["bpf_runs"]) for run in counted),
        "user_ns_per_event": median(ratio(run["user_seconds"] * 1e9, run["delivered"]) for run in plain),
        "system_ns_per_event": median(ratio(run["system_seconds"] * 1e9, run["delivered"]) for run in plain),
        "lost_share": median(ratio(run["lost"], run["events"]) for run in known),
        "lost_at_most": max((run["lost"] for run in known), default=None),
        "unprinted_at_most": max((run["delivered"] - run["printed"] for run in known if "printed" in run), default=None),
    }


RATIOS = ("bpf_ns_per_event", "added_us_per_connection", "user_ns_per_event", "system_ns_per_event", "lost_share")


def results_of(runs, tracers):
    results = {}
    for load in LOADS:
        bare = select_runs(runs, load, None, "plain")
        by_tracer = {tracer.name: summarise(runs, load, tracer.name) for tracer in tracers}
        results[load] = {
            "bare_connections_per_second": median(run["churn"]["per_second"] for run in bare),
            "empty_bpf_ns": median(
                ratio(run["bpf_ns"], run["bpf_runs"]) for run in select_runs(runs, load, Nothing.name, "counted")
            ),
            "tracers": by_tracer,
            "ratios": {
                peer.name: {key: ratio(by_tracer["tcpledger"][key], by_tracer[peer.name][key]) for key in RATIOS}
                for peer in tracers
                if peer in PEERS
            },
        }
    return results


def format_value(value, form, scale=1):
    return "-" if value is None else format(value * scale, form)


COLUMNS = (
    ("conn/s", 10, "connections_per_second", ",.0f", 1),
    ("slower %", 10, "slow_down", ".0f", 100),
    ("added us/conn", 15, "added_us_per_connection", ".2f", 1),
    ("BPF ns/event", 14, "bpf_ns_per_event", ".0f", 1),
    ("user ns/event", 15, "user_ns_per_event", ".0f", 1),
    ("system ns/event", 17, "system_ns_per_event", ".0f", 1),
    ("lost %", 8, "lost_share", ".2f", 100),
    ("lost at most", 14, "lost_at_most", ",.0f", 1),
)


def print_row(name, cells):
    print(f"{name:18}" + "".join(f"{cell:>{width}}" for cell, (_, width, *_) in zip(cells, COLUMNS)))


def print_load(load, result):
    print()
    print_row(f"{load} close", [title for title, *_ in COLUMNS])
    print_row("no tracer", [format_value(result["bare_connections_per_second"], ",.0f")])
    for name, summary in result["tracers"].items():
        print_row(name, [format_value(summary[key], form, scale) for _, _, key, form, scale in COLUMNS])
    for peer, ratios in result["ratios"].items():
        print_row(f"to {peer}", [format_value(ratios[key], ".2f") if key in RATIOS else "" for _, _, key, *_ in COLUMNS])
    if result["empty_bpf_ns"] is not None:
        print(
            f"  of the BPF ns, measuring itself is about {result['empty_bpf_ns']:.0f} for each program"
            " (tcpledger has two, the others one)"
        )


def print_results(results, settings):
    print(
        f"\ntcpledger's bench: Linux {platform.release()} {platform.machine()}, {os.cpu_count()} processors, medians"
        f" of {settings['plain_rounds']} (BPF and loss: {settings['counted_rounds']}) rounds of"
        f" {settings['seconds']} s, all tracers writing to a file"
    )
    print('"to PEER": tcpledger over that peer; below 1 is less')
    for load, result in results.items():
        print_load(load, result)


# ---- main ----


def find_tracers():
    tracers = [Tcpledger, TcpledgerJson]
    missing = []
    for peer in PEERS:
        if shutil.which(peer.command[0]):
            tracers.append(peer)
        else:
            missing.append(peer.name)
    for name in missing:
        print(f"bench: {name} is not installed: NOT compared with it", file=sys.stderr)
    if missing and os.environ.get("CI") == "true":
        raise BenchError("with CI=true every peer must be there")
    return tracers


def check_needs():
    if os.geteuid() != 0:
        raise BenchError("needs root, for BPF and a network namespace")
    for program in (CHURN, TCPLEDGER):
        if not os.access(program, os.X_OK):
            raise BenchError(f"{program} is not built: make bench")
    if not shutil.which(BPFTOOL):
        raise BenchError(f"{BPFTOOL} is not installed")


def run_bench(options):
    settings = {
        "seconds": options.seconds or (1 if options.short else 3),
        "plain_rounds": options.rounds or (1 if options.short else 5),
        "counted_rounds": min(options.rounds or 3, 1 if options.short else 3),
    }
    check_needs()
    tracers = find_tracers()
    runs = []
    for load in LOADS:
        run_churn(load, 1)  # the very first run is slower: no memory has been allocated yet
    with tracefs():
        for run in all_runs(tracers, settings):
            print_run(run)
            runs.append(run)
    results = results_of(runs, tracers)
    print_results(results, settings)
    machine = {"kernel": platform.release(), "machine": platform.machine(), "processors": os.cpu_count()}
    document = {"machine": machine, "settings": settings, "results": results, "runs": runs}
    options.output.write_text(json.dumps(document, indent=1) + "\n")
    print(f"\nall runs: {options.output}")


def parse_positive(text):
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def parse_options():
    parser = argparse.ArgumentParser(description="Measure tcpledger beside tcpstates and bpftrace.")
    parser.add_argument("--short", action="store_true", help="everything once, briefly")
    parser.add_argument("--seconds", type=parse_positive, help="of load in each run (3; with --short 1)")
    parser.add_argument("--rounds", type=parse_positive, help="how many (5; with --short 1)")
    parser.add_argument("--output", type=Path, default=BUILD / "bench.json", help="where the JSON goes (%(default)s)")
    return parser.parse_args()


def main():
    options = parse_options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that SIGTERM, too, ends the started processes
    try:
        run_bench(options)
    except (BenchError, OSError, subprocess.SubprocessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
