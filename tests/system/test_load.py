# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Under load: nothing lost, nothing invented; real servers and clients; compared with another tracer."""

import collections
import json
import os
import re
import signal
import socket
import subprocess

import pytest
from conftest import CHURN, PROGRAM, NotReported, await_that, children_of, libc, run, select

pytestmark = pytest.mark.alone

# A sanitized program is several times slower, and is run to check its memory: there the ring must hold the whole load.
SANITIZED = bool(os.environ.get("SANITIZE"))
CONNECTIONS = 15000 if SANITIZED else 50000

NEXT = {
    "CLOSE": {"SYN_SENT", "LISTEN"},
    "SYN_SENT": {"ESTABLISHED", "SYN_RECV", "CLOSE"},
    "SYN_RECV": {"ESTABLISHED", "CLOSE", "FIN_WAIT1"},
    "ESTABLISHED": {"FIN_WAIT1", "CLOSE_WAIT", "CLOSE"},
    "FIN_WAIT1": {"FIN_WAIT2", "CLOSING", "CLOSE"},
    "FIN_WAIT2": {"CLOSE", "TIME_WAIT"},
    "CLOSING": {"CLOSE", "TIME_WAIT"},
    "TIME_WAIT": {"CLOSE"},
    "CLOSE_WAIT": {"LAST_ACK", "CLOSE"},
    "LAST_ACK": {"CLOSE"},
    "LISTEN": {"CLOSE", "SYN_RECV"},
}


class Account:
    """Adds up the transitions of a run, and checks that those of each connection follow one another.

    `count` is the number of transitions by the kernel itself. A socket's end in FIN_WAIT2 is reported as the minisocket's
    TIME_WAIT, once the minisocket gets there. So that end is counted where FIN_WAIT2 begins, after which each socket has one
    more transition."""

    def __init__(self, trace):
        self.count = 0
        self.by_states = collections.Counter()
        self.owners = collections.defaultdict(set)  # {direction: {(pid, comm)}}
        self.born = collections.Counter()
        self.alive = {}
        self.wrong = []
        for line in trace.each_line():
            if line["type"] == "transition":
                self.add_transition(line)

    def add_transition(self, line):
        old, new = line["oldstate"], line["newstate"]
        if not line["derived"]:
            self.count += 1 + (new == "FIN_WAIT2") - (old == "FIN_WAIT2")
        elif line["reason"] in (None, "end_not_seen"):  # healed
            self.count += (new == "FIN_WAIT2") - (old == "FIN_WAIT2")
        elif old == "CLOSING":
            self.count += 1
        self.by_states[old, new] += 1
        self.owners[line["direction"]].add((line["pid"], line["comm"]))
        before = self.alive.get(line["id"])
        if new not in NEXT[old] or (before or old) != old or (before is None and old not in ("CLOSE", "LISTEN")):
            self.wrong.append(line)
        if before is None:
            self.born[line["direction"]] += 1
        self.alive[line["id"]] = new
        if new == "CLOSE":
            del self.alive[line["id"]]

    def assert_whole(self):
        """Checks that every socket ends, and that each transition follows the one before. Some machines hide one of very many: see
        conftest.NotReported."""
        going_on = {state for state in self.alive.values() if state not in ("LISTEN", "FIN_WAIT2", "TIME_WAIT")}
        if self.wrong or going_on:
            raise NotReported(self.wrong[:3], going_on)

    def comms(self, direction):
        return {comm for _, comm in self.owners[direction]}

    def pids(self, direction):
        return {pid for pid, _ in self.owners[direction]}


def churn_in(ns, *arguments):
    done = ns.exec(CHURN, *arguments)
    return json.loads(done.stdout)


@pytest.mark.heavy
@pytest.mark.parametrize("how", ["reset", "orderly"])
def test_churn(ns, tracer, how):
    trace = tracer("--netns", ns.name)
    done = churn_in(ns, "--connections", str(CONNECTIONS), *(["--reset"] if how == "reset" else []))
    assert done["connections"] == CONNECTIONS
    ns.await_rest()
    summary = trace.stop()
    account = Account(trace)
    assert summary["dropped"] == 0 and summary["missed"] == 0
    assert summary["seen"] == summary["received"] == account.count
    account.assert_whole()
    assert account.born["in"] == CONNECTIONS <= account.born["out"]
    assert account.comms("in") == account.comms("out") == {"churn"}


@pytest.mark.heavy
def test_stopped_consumer_counts_what_it_lost(ns, tracer):
    """More transitions than the ring holds come while the consumer stands still: its account is exact all the same."""
    trace = tracer("--netns", ns.name, "--ring-size", "1M")
    trace.process.send_signal(signal.SIGSTOP)
    churn_in(ns, "--connections", "20000", "--reset")
    trace.process.send_signal(signal.SIGCONT)
    trace.process.send_signal(signal.SIGINT)
    assert trace.process.wait(60) == 3
    summary = trace.stop(status=3)
    assert summary["dropped"] > 0
    assert summary["received"] == Account(trace).count
    gaps = select(trace.update(), type="gap")
    assert sum(gap["lost"] for gap in gaps) == summary["dropped"]
    assert all(gap["reason"] == "ring_full" and gap["from_ns"] < gap["to_ns"] for gap in gaps)


NGINX = """
daemon off; master_process on; worker_processes 2; pid {home}/pid; error_log {home}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {home}/a; proxy_temp_path {home}/b; fastcgi_temp_path {home}/c;
    uwsgi_temp_path {home}/d; scgi_temp_path {home}/e;
    server {{ listen 127.0.0.1:{port}; keepalive_timeout 0; location / {{ return 200 "hello\\n"; }} }}
}}
"""

BPFTRACE = """
tracepoint:sock:inet_sock_set_state /args->protocol == 6 && (args->sport == PORT || args->dport == PORT)/
{ @[args->oldstate, args->newstate] = count(); }
BEGIN { printf("ready\\n"); }
"""

STATES = ["", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT",
          "LAST_ACK", "LISTEN", "CLOSING"]


@pytest.fixture
def nginx(ns, process, tmp_path):
    port = 20000 + os.getpid() % 20000
    os.chmod(tmp_path, 0o755)
    config = tmp_path / "nginx.conf"
    config.write_text(NGINX.format(home=tmp_path, port=port))
    server = process(["nsenter", f"--net=/run/netns/{ns.name}", "--", "nginx", "-c", str(config), "-p", str(tmp_path),
                      "-e", str(tmp_path / "error.log")])
    await_that(lambda: ns.ss("-l") or server.poll() is not None, "nginx to listen")
    assert server.poll() is None
    return port, server.pid


def mount_tracefs():
    if not os.path.exists("/sys/kernel/tracing/events"):
        subprocess.run(["mount", "-t", "tracefs", "tracefs", "/sys/kernel/tracing"], check=True)


@pytest.mark.heavy
def test_nginx_and_wrk_beside_bpftrace(ns, tracer, process, nginx, tmp_path):
    """Reports each transition as often as another tracer counts it in the kernel; and the true owners."""
    port, nginx_pid = nginx
    mount_tracefs()
    with open(tmp_path / "bpftrace.out", "w+", encoding="utf-8") as counted:
        peer = process(["bpftrace", "-f", "json", "-e", BPFTRACE.replace("PORT", str(port))],
                       stdout=counted)
        await_that(lambda: "ready" in (tmp_path / "bpftrace.out").read_text(), "bpftrace to be attached")
        trace = tracer("--netns", ns.name, f":{port}")
        ns.exec("wrk", "-t", "2", "-c", "100", "-d", "1s" if SANITIZED else "3s", f"http://127.0.0.1:{port}/")
        ns.exec("curl", "-s", f"http://127.0.0.1:{port}/")
        ns.await_rest()
        workers = {nginx_pid} | children_of(nginx_pid)
        summary = trace.stop()
        peer.send_signal(signal.SIGINT)
        peer.wait(30)
        counted.seek(0)
        maps = [json.loads(line) for line in counted if '"map"' in line]
    assert summary["dropped"] == 0 and summary["missed"] == 0
    account = Account(trace)
    account.assert_whole()
    theirs = {tuple(STATES[int(state)] for state in key.split(",")): value
              for each in maps for key, value in list(each["data"].values())[0].items()}
    assert account.count > 1000
    ended = theirs.pop(("FIN_WAIT2", "CLOSE"))  # reported as the transitions of the minisockets
    assert theirs["FIN_WAIT1", "FIN_WAIT2"] == ended
    crossed = theirs.pop(("CLOSING", "CLOSE"), 0)
    assert theirs.get(("FIN_WAIT1", "CLOSING"), 0) == crossed
    assert account.count == sum(theirs.values()) + ended + crossed
    assert {states: count for states, count in account.by_states.items() if states in theirs} == theirs
    assert set(account.by_states) - set(theirs) <= {("FIN_WAIT2", "CLOSE"), ("FIN_WAIT2", "TIME_WAIT"),
                                                    ("TIME_WAIT", "CLOSE"), ("CLOSING", "TIME_WAIT"),
                                                    ("CLOSING", "CLOSE")}
    assert account.comms("in") == {"nginx"} and account.comms("out") == {"wrk", "curl"}
    assert account.pids("in") <= workers


@pytest.mark.any_kernel
def test_hostile_name_of_a_process(ns, tracer):
    """A name with control characters for the terminal reaches neither the terminal nor the JSON unescaped."""
    name = b"\x1b[2J\xff\"\\\n\xe2\x80\xae"
    child = os.fork()
    if child == 0:
        libc.prctl(15, name, 0, 0, 0)  # PR_SET_NAME
        with ns.entered():
            server = socket.socket()
            server.listen()
            signal.pause()
    try:
        trace = tracer("--snapshot", "--netns", ns.name)
        text = tracer("--snapshot", "--netns", ns.name, json_lines=False)
        line = await_that(lambda: select(trace.update(), pid=child), "the listener")[0]
        assert line["comm"] == "\x1b[2J\\xff\"\\x5c\n\u202e"
        shown = await_that(lambda: "LISTEN" in text.text() and text.text(), "the line")
        assert "\\x1b[2J\\xff\"\\x5c\\x0a\\xe2\\x80\\xae" in shown
        assert "\x1b" not in shown and "\u202e" not in shown
        trace.out.seek(0)
        assert b"\x1b" not in trace.out.read()
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


@pytest.mark.any_kernel
def test_reader_that_leaves(ns):
    done = run("bash", "-c", f"""set -o pipefail
        {PROGRAM} trace --json --snapshot --duration 3 | head -n 1
        echo "status ${{PIPESTATUS[0]}}" """)
    assert "status 0" in done.stdout and done.stderr == "", done
    del ns


@pytest.mark.any_kernel
def test_reader_that_leaves_when_nothing_happens(ns, process):
    """As in `tcpledger | head -n 1`: the tracer must notice without waiting for a next line."""
    reader, writer = os.pipe()
    trace = process([PROGRAM, "trace", "--netns", ns.name], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert os.read(reader, 4).startswith(b"TIME")
    os.close(reader)
    assert trace.wait(30) == 0 and trace.stderr.read() == b""


def trace_into_pipe(ns, process, until):
    """Starts a tracer, and waits for a message with `until`. Returns the tracer, and the reading end of its pipe, from which nobody
    reads yet."""
    reader, writer = os.pipe()
    trace = process([PROGRAM, "trace", "--json", "-v", "--netns", ns.name], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    while until not in (line := trace.stderr.readline()):
        assert line
    return trace, reader


@pytest.mark.any_kernel
def test_reader_that_stands_still(ns, process):
    """A stalled pipe must not keep the tracer from ending."""
    trace, reader = trace_into_pipe(ns, process, b"tracing")
    churn_in(ns, "--connections", "2000", "--reset")
    trace.send_signal(signal.SIGTERM)
    assert trace.wait(30) == 3
    assert b"stands still" in trace.stderr.read()
    os.close(reader)


@pytest.mark.any_kernel
def test_reader_that_is_slow(ns, process):
    """The reader reads nothing until the tracer was sent the signal to end, and then gets all lines."""
    trace, reader = trace_into_pipe(ns, process, b"joined")
    churn_in(ns, "--connections", "2000", "--reset")
    trace.send_signal(signal.SIGTERM)
    with open(reader, "rb") as lines:
        whole = lines.read().splitlines()
    assert trace.wait(30) == 0
    summary = json.loads(whole[-1])
    assert summary["type"] == "summary" and summary["received"] == len(whole) - 1 > 2000 * 6


@pytest.mark.any_kernel
def test_full_disk():
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([PROGRAM, "top", "-b", "-n", "1", "--json"], stdout=full, stderr=subprocess.PIPE, text=True,
                              timeout=60, check=False)
    assert done.returncode == 1 and "No space left on device" in done.stderr


def test_what_an_interrupt_hides_from_the_first_program(ns, tracer):
    """Packets that another processor steers here come as interrupts in the midst of the BPF program, so the kernel skips thousands of
    its runs."""
    ns.exec("sh", "-c", f"echo {(1 << os.cpu_count()) - 1:x} > /sys/class/net/lo/queues/rx-0/rps_cpus")
    trace = tracer("--netns", ns.name)
    churn_in(ns, "--connections", "5000" if os.environ.get("EMULATED") else "15000")
    ns.await_rest()
    summary = trace.stop()
    account = Account(trace)
    skipped, caught, twice = map(int, re.search(r"skipped by the kernel (\d+), caught (\d+), of these told twice (\d+)",
                                               trace.errors()).groups())
    assert skipped > 0, "the test did not bring about what it is for"
    assert summary["missed"] == 0 and summary["dropped"] == 0
    assert skipped <= caught - twice
    assert account.count == summary["received"] - twice, "what was reported twice is printed once"
    assert len(account.wrong) < 0.01 * account.count
