# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Helpers and fixtures of the system tests: the real program on the real kernel, in network namespaces of the test's own."""

import collections
import contextlib
import ctypes
import json
import os
import random
import shlex
import signal
import socket
import subprocess
import tempfile
import time

import pytest
from _pytest import runner

PROGRAM = os.path.abspath(os.environ.get("TCPLEDGER", "build/tcpledger"))
CHURN = os.path.abspath(os.environ.get("CHURN", "build/tests/bench/churn"))
PATIENCE = 30  # seconds to wait for a condition that must become true; how long that takes is not asserted
ARGUMENTS = shlex.split(os.environ.get("TCPLEDGER_ARGS", ""))  # more arguments for each tracer, such as the source to use
CLONE_NEWNET = 0x40000000
SOAK = bool(os.environ.get("SOAK"))  # the long forms of tests are to run


def seeds(usual, long):
    """Returns seeds for a random test: as many as `usual`, or as `long` in a soak. They follow from SEED, which tests/run sets to
    another number each time unless it is given."""
    return random.Random(int(os.environ.get("SEED", "1"))).sample(range(100_000), long if SOAK else usual)


libc = ctypes.CDLL(None, use_errno=True)


class NotReported(AssertionError):
    """A transition was not reported. Some machines run no BPF program for some transitions, and do not count that (account.py)."""


SECOND_TRIES = []  # the tests that failed with NotReported at the first try; where the workers' reports come together, of all workers
SECOND_TRIES_MAX = 3


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: measures time, floods, or looks at or changes the whole host: nothing else runs meanwhile")
    config.addinivalue_line("markers", "soak: has a long form, which make soak runs")
    config.addinivalue_line("markers", "heavy: too much for an emulated processor, or for its disk")
    config.addinivalue_line("markers", "guest: of what the guests' kernels have and this host's may lack: runs in the guests alone")
    config.addinivalue_line("markers", "any_kernel: of texts, options, policies, forms: no kernel changes it, and no guest runs it but with --all")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(call):
    outcome = yield
    outcome.get_result().not_reported = call.excinfo is not None and call.excinfo.errisinstance(NotReported)


def pytest_runtest_protocol(item, nextitem):
    """Runs a test again that waited for a transition in vain, and names it at the end. Any other failure is final."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runner.runtestprotocol(item, nextitem=nextitem, log=False)
    if any(getattr(report, "not_reported", False) for report in reports) and len(SECOND_TRIES) < SECOND_TRIES_MAX:
        item._initrequest()  # pylint: disable=protected-access
        reports = runner.runtestprotocol(item, nextitem=nextitem, log=False)
        reports[0].is_second_try = True
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_runtest_logreport(report):
    """Called where the test ran, and where the reports of all workers come together."""
    if getattr(report, "is_second_try", False):
        SECOND_TRIES.append(report.nodeid)


def pytest_sessionfinish(session):
    """Fails when there were too many second tries: each worker by itself may have had as many as are allowed together."""
    if len(SECOND_TRIES) > SECOND_TRIES_MAX:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    for nodeid in SECOND_TRIES:
        terminalreporter.write_line(f"waited for a transition in vain at the first try: {nodeid}")


def let_all_enter(directory):
    """Lets every user enter a directory of pytest's, which are the user's own: this one, and those that it is in."""
    for each in (directory, *directory.parents):
        if not each.stat().st_mode & 0o001:
            each.chmod(0o755)


def await_that(condition, what, patience=PATIENCE, failure=AssertionError):
    """Returns the first true value of condition()."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise failure(f"waited {patience} s in vain for: {what}")
        time.sleep(0.005)


def run(*command, **kwargs):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **kwargs)


WITHOUT_PROC = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
# The address sanitizer needs /proc for its account of leaks; without /proc it makes any exit status 1.
STATUS_IS_OURS_WITHOUT_PROC = not os.environ.get("SANITIZE")
# For that account the sanitizer must trace its process. It cannot where the process got rights from its file, nor see the process
# under hidepid where the process has rights that are not effective.
NO_LEAKS = ["env", f"ASAN_OPTIONS={os.environ.get('ASAN_OPTIONS', '')}:detect_leaks=0"] if os.environ.get("SANITIZE") else []


def messages(done):
    """Returns the lines on stderr that the program itself wrote, without those of a sanitizer."""
    return [line for line in done.stderr.splitlines() if line.startswith("tcpledger: ")]


def comm_of(pid="self"):
    with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
        return file.read().rstrip("\n")


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
        return set(map(int, file.read().split()))


def entered(netns):
    return entered_file(f"/run/netns/{netns}")


@contextlib.contextmanager
def entered_file(path):
    """Moves this thread into a network namespace until the block ends. Sockets made in the block stay in that namespace."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(path, os.O_RDONLY)
    try:
        assert libc.setns(there, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        yield
    finally:
        assert libc.setns(home, CLONE_NEWNET) == 0
        os.close(there)
        os.close(home)


class Netns:
    """A network namespace with its loopback up."""

    count = 0

    def __init__(self, label):
        Netns.count += 1
        self.name = f"tl{os.getpid()}-{Netns.count}-{label[:20]}"
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        # A FIN that was sent again, since its acknowledgement was late, is answered twice. The second answer finds its sender
        # closed, which answers with RST, and that would end the TIME_WAIT.
        self.exec("sh", "-c", "ip link set lo up && echo 1 > /proc/sys/net/ipv4/tcp_rfc1337")
        self.inode = os.stat(f"/run/netns/{self.name}").st_ino

    def exec(self, *command, check=True):
        return subprocess.run(["ip", "netns", "exec", self.name, *command], check=check, capture_output=True,
                              text=True, timeout=120)

    def popen(self, *command, **kwargs):
        """Starts the command in this namespace. nsenter becomes the command itself, so the process has the command's pid."""
        return subprocess.Popen(["nsenter", f"--net=/run/netns/{self.name}", "--", *command], **kwargs)

    def entered(self):
        return entered(self.name)

    def sysctl(self, name, value):
        self.exec("sysctl", "-qw", f"{name}={value}")

    def nft(self, rules, hook="output"):
        """Adds rules for the packets that this namespace sends. The sender of a dropped packet learns that it was dropped."""
        subprocess.run(["ip", "netns", "exec", self.name, "nft", "-f", "-"], check=True, text=True, input=f"""
            table inet {hook} {{
                chain {hook} {{
                    type filter hook {hook} priority 0;
                    {rules}
                }}
            }}""")

    def lose_arriving(self, rules):
        """Adds rules for the packets that arrive. The sender of a dropped packet believes that it was sent."""
        self.nft(rules, hook="input")

    def lose_nothing(self):
        """Removes the rules of lose_arriving(): everything arrives again."""
        self.exec("nft", "delete", "table", "inet", "input")

    def ss(self, *options):
        """Returns the kernel's own account: a sorted list of (state, local, peer), as ss spells them."""
        lines = self.exec("ss", "-Htan", *options).stdout.splitlines()
        return sorted(tuple(line.split()[i] for i in (0, 3, 4)) for line in lines)

    def await_rest(self):
        """Waits until only listeners and TIME_WAITs are left. An orderly close goes on after close() has returned: packets are still
        to arrive, some of them a second time."""
        await_that(lambda: not [row for row in self.ss() if row[0] not in ("LISTEN", "TIME-WAIT")], "all to be closed")

    def delete(self):
        subprocess.run(["ip", "netns", "del", self.name], check=False, capture_output=True)


def two_ends():
    """Opens a file twice, to be read here and written by another process. If it were opened once, reading would move the position
    at which the other process writes."""
    with tempfile.NamedTemporaryFile() as file:
        return open(file.name, "rb"), open(file.name, "ab")


class Tracer:
    """`tcpledger COMMAND --json …` in the background, and its output so far."""

    def __init__(self, *arguments, command="trace", json_lines=True, prefix=(), patience=PATIENCE):
        self.json_lines = json_lines
        self.out, its_out = two_ends()
        self.err, its_err = two_ends()
        extra = ["--json"] if json_lines else []
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([*prefix, PROGRAM, command, *ARGUMENTS, "-v", *extra, *arguments],
                                        stdout=its_out, stderr=its_err, stdin=subprocess.DEVNULL)
        its_out.close()
        its_err.close()
        self.read = 0
        self.lines = []
        await_that(lambda: "joined with" in self.errors() or self.process.poll() is not None, "the tracer to be ready", patience)
        assert "tracing" in self.errors(), self.errors()

    def errors(self):
        self.err.seek(0)
        return self.err.read().decode()

    def text(self):
        self.out.seek(0)
        return self.out.read().decode()

    def update(self):
        """Returns all whole lines so far; each must be valid JSON."""
        self.out.seek(self.read)
        data = self.out.read()
        whole = data[:data.rfind(b"\n") + 1]
        self.read += len(whole)
        self.lines += [json.loads(line) for line in whole.decode().splitlines()]
        return self.lines

    def each_line(self):
        """Yields every line from the first, one at a time: for tests with more lines than memory should hold."""
        self.out.seek(0)
        for line in self.out:
            yield json.loads(line)

    def transitions(self, **wanted):
        return select(self.update(), type="transition", **wanted)

    def await_transition(self, **wanted):
        return await_that(lambda: self.transitions(**wanted), f"a transition {wanted}", failure=NotReported)[0]

    def await_count(self, count, **wanted):
        return await_that(lambda: len(self.transitions(**wanted)) >= count and self.transitions(**wanted),
                          f"{count} transitions {wanted}", failure=NotReported)

    def stop(self, signum=signal.SIGINT, status=0, patience=PATIENCE):
        """Ends the tracer. Returns its summary, once its counts are found to add up."""
        if self.process.poll() is None:
            self.process.send_signal(signum)
        assert self.process.wait(patience) == status, self.errors()
        if not self.json_lines:
            return None
        self.out.seek(max(0, self.out.seek(0, os.SEEK_END) - 1000))
        summary = json.loads(self.out.read().splitlines()[-1])
        assert summary["type"] == "summary"
        assert summary["seen"] == summary["received"] + summary["dropped"]
        return summary

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def select(lines, **wanted):
    return [line for line in lines if all(line.get(key) == value for key, value in wanted.items())]


def steps(lines):
    """Returns the transitions of each connection in the lines: {id: ["CLOSE>SYN_SENT", …]}."""
    lives = collections.defaultdict(list)
    for line in lines:
        lives[line["id"]].append(f"{line['oldstate']}>{line['newstate']}")
    return dict(lives)


def listen(host="127.0.0.1", port=0, family=socket.AF_INET, backlog=16, v6only=None):
    server = socket.socket(family)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if v6only is not None:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
    server.bind((host, port))
    server.listen(backlog)
    return server


def port_of(sock):
    return sock.getsockname()[1]


def connect(host, port):
    return socket.create_connection((host, port), timeout=PATIENCE)


def connected_pair(host="127.0.0.1"):
    """Returns (listener, client, accepted)."""
    server = listen(host, family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    client = connect(host, port_of(server))
    return server, client, server.accept()[0]


def close_in_turn(first, second):
    """Closes the second socket once the first one's FIN has arrived. Otherwise both ends may send a FIN at once, and each keep a
    TIME_WAIT."""
    first.close()
    second.settimeout(PATIENCE)
    while second.recv(4096):
        pass
    second.close()


@pytest.fixture
def netns(request):
    """Makes network namespaces, and deletes them when the test is over, also when it failed."""
    made = []

    def make(label=None):
        made.append(Netns(label or request.node.name.replace("[", "-").replace("]", "")))
        return made[-1]

    yield make
    for each in made:
        each.delete()


@pytest.fixture
def ns(netns):  # pylint: disable=redefined-outer-name
    return netns()


@pytest.fixture
def tracer():
    """Starts tracers, and ends them when the test is over, also when it failed."""
    started = []

    def start(*arguments, **kwargs):
        started.append(Tracer(*arguments, **kwargs))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.fixture
def process():
    """Starts processes that end with the test."""
    started = []

    def start(command, **kwargs):
        # pylint: disable-next=consider-using-with
        started.append(subprocess.Popen(command, **kwargs))
        return started[-1]

    yield start
    for each in started:
        if each.poll() is None:
            each.terminate()
            try:
                each.wait(5)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()
