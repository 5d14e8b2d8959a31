# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Messages to the user: help, wrong use, missing privileges; and the text output."""

import fcntl
import os
import pty
import re
import resource
import signal
import socket
import subprocess
import time

import pytest
from account import MOMENT
from conftest import PROGRAM, NotReported, await_that, close_in_turn, connected_pair, listen, run, select

F_SETPIPE_SZ = 1031  # <linux/fcntl.h>
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]


def run_wrongly(*arguments):
    done = run(PROGRAM, *arguments)
    assert done.returncode == 2 and done.stdout == "", done
    return done.stderr


@pytest.mark.any_kernel
@pytest.mark.parametrize("arguments,parts", [
    (["trace", "-L", "80abc"], ["-L 80abc", "'80abc'", "0 to 65535"]),
    (["trace", "-D", "65536"], ["-D 65536", "65535"]),
    (["trace", "-L", "80,,443"], ["-L 80,,443", "empty"]),
    (["trace", "-p", "x"], ["-p x", "process id"]),
    (["trace", "--state", "ESTABLISHD"], ["--state ESTABLISHD", "the nearest is 'ESTABLISHED'"]),
    (["trace", "--netns", "no-such"], ["--netns no-such", "no such network namespace", "host"]),
    (["trace", "--netns", ""], ["--netns", "no such network namespace", "host"]),
    (["trace", "--duration", "5 minutes"], ["--duration 5 minutes", "250ms, 10s, 5m"]),
    (["trace", "--duration", "0"], ["--duration 0", "more than 0"]),
    (["trace", "--count", "-1"], ["--count -1", "whole number"]),
    (["trace", "--count", "0"], ["--count 0", "1 or more"]),
    (["trace", "--color", "blue"], ["--color blue", "auto, always or never"]),
    (["trace", "--nonsense"], ["--nonsense", "--help"]),
    (["top"], ["-b"]),
    (["top", "-b", "-d", "x"], ["-d x", "seconds"]),
    (["top", "-b", "-n", "1.5"], ["-n 1.5"]),
    (["tarce"], ["'tarce'", "the nearest is trace"]),
    (["fd"], ["'fd'", "fds"]),
])
def test_wrong_use_is_named(arguments, parts):
    message = run_wrongly(*arguments)
    assert all(part in message for part in parts), message


@pytest.mark.any_kernel
@pytest.mark.parametrize("before", [
    "sport = :80", pytest.param("comm a or " * 300 + "comm b", id="long"), "comm a\\x5cb\\c", "comm a\u200bb", "comm \x1b",
    "comm caf\u00e9"])
def test_caret_under_the_spot(before):
    message = run_wrongly("trace", f"{before} and (dport = :99999)")
    lines = message.splitlines()
    assert "'99999'" in lines[0] and "65535" in lines[0]
    assert lines[1].index("99999") == lines[2].index("^")


@pytest.mark.any_kernel
def test_hostile_filter_does_not_reach_the_terminal():
    message = run_wrongly("trace", "\x1b[2J\x07")
    assert "\x1b" not in message and "\x07" not in message and "\\x1b" in message


@pytest.mark.any_kernel
@pytest.mark.parametrize("arguments", [["--help"], ["trace", "--help"], ["top", "--help"], ["fds", "--help"], ["--version"]])
def test_help(arguments):
    done = run(PROGRAM, *arguments)
    assert done.returncode == 0 and done.stderr == "" and "tcpledger" in done.stdout


def test_without_privileges():
    done = run(*NOBODY, PROGRAM, "trace", "--duration", "1")
    assert done.returncode == 1 and done.stdout == ""
    for part in "CAP_BPF", "CAP_PERFMON", "sudo", "setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search=ep":
        assert part in done.stderr


def test_without_type_information():
    done = run("unshare", "-m", "sh", "-c", f"mount -t tmpfs none /sys/kernel/btf && exec {PROGRAM} trace --duration 1")
    assert done.returncode == 1
    assert "/sys/kernel/btf/vmlinux" in done.stderr and "CONFIG_DEBUG_INFO_BTF=y" in done.stderr


def with_capabilities(*names):
    sets = ",".join("+" + name for name in names)
    return [*NOBODY, f"--inh-caps={sets}", f"--ambient-caps={sets}", "--bounding-set=-all," + sets]


def test_with_exactly_the_capabilities_it_asks_for(ns, tracer):
    with ns.entered():
        server, client, accepted = connected_pair()
        caps = with_capabilities("bpf", "perfmon", "sys_ptrace", "dac_read_search")
        trace = tracer(prefix=caps)
    client.close()
    line = trace.await_transition(netns=ns.inode, newstate="FIN_WAIT1")
    assert line["lport"] is not None
    accepted.close()
    server.close()
    trace.stop()


COMMANDS = re.findall(r"^  ([a-z]+) +\S", run(PROGRAM, "--help").stdout, re.M)
assert "doctor" in COMMANDS
PRINTS_AT_ONCE = [["trace", "--duration", MOMENT], ["top", "-b", "-n", "1"], ["list", "-a"], ["list", "-s"], ["fds", str(os.getpid())],
                  ["audit", "--ports"], ["explain"], ["explain", "80"], ["doctor"], ["--version"], ["list", "--help"]]
# The same for each worker: neither the process nor a length of time belongs to them.
AT_ONCE_IDS = [f"{words[0]}-{number}" for number, words in enumerate(PRINTS_AT_ONCE)]


@pytest.mark.any_kernel
@pytest.mark.parametrize("option", ["--help", "--usage", "--version"])
@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_that_cannot_be_written(command, option):
    """A full disk is reported; a reader that has gone is not."""
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([PROGRAM, *command, option], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, "tcpledger: standard output could not be written: No space left on device\n")
    gone, end = os.pipe()
    os.close(gone)
    done = subprocess.run([PROGRAM, *command, option], stdout=end, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(end)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.any_kernel
@pytest.mark.parametrize("words", PRINTS_AT_ONCE, ids=AT_ONCE_IDS)
def test_file_that_may_not_grow(tmp_path, words):
    """A file that has reached RLIMIT_FSIZE: the signal that the kernel sends would end the program without a word."""
    path = tmp_path / "out"
    with open(path, "w", encoding="utf-8") as out:
        done = subprocess.run([PROGRAM, *words], stdout=out, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8)))
    assert done.returncode == 1 and "File too large" in done.stderr, done
    assert path.stat().st_size <= 8


@pytest.mark.any_kernel
def test_baseline_that_may_not_grow(tmp_path):
    """The old baseline stays, and no other file beside it."""
    path = tmp_path / "baseline"
    assert run(PROGRAM, "audit", "--baseline", str(path)).returncode in (0, 3)
    before = path.read_bytes()
    done = run(PROGRAM, "audit", "--baseline", str(path), "--save",
               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8)))
    assert done.returncode == 1 and "it cannot be saved: File too large" in done.stderr
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["baseline"]


def test_missing_owner_capabilities_are_said(tracer):
    trace = tracer("--duration", MOMENT, prefix=with_capabilities("bpf", "perfmon"))
    assert trace.process.wait(30) == 0
    assert "CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH missing" in trace.errors()


@pytest.mark.any_kernel
def test_survives_a_hangup_under_nohup(ns):
    process = subprocess.Popen(["nohup", PROGRAM, "trace", "-v", "--netns", ns.name], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    while b"joined" not in (line := process.stderr.readline()):
        assert line
    process.send_signal(signal.SIGHUP)
    with ns.entered():
        server = listen()  # the tracer looks into /proc for a new listener, and says so
    assert b"joined" in process.stderr.readline(), "it lives"
    process.send_signal(signal.SIGTERM)
    assert b"seen" in process.stderr.read()
    assert process.wait(30) == 0
    server.close()


@pytest.mark.any_kernel
def test_closed_output():
    done = run("sh", "-c", f"exec {PROGRAM} trace --duration 5 >&-")
    assert done.returncode == 1 and "standard output is closed" in done.stderr


def small_pipe():
    """Returns (reader, writer) of a pipe that a table of a few hundred sockets fills, and the messages of a start do not."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, F_SETPIPE_SZ, 16384)
    return reader, writer


@pytest.mark.any_kernel
def test_stalled_reader_does_not_hold_the_duration(ns):
    reader, writer = small_pipe()
    with ns.entered():
        _sockets = [connected_pair() for _ in range(100)]
    done = subprocess.run([PROGRAM, "top", "-b", "-d", "0.01", "--duration", "4", "--netns", ns.name], stdout=writer,
                          stderr=subprocess.PIPE, timeout=30, check=False)
    assert done.returncode == 3 and b"stands still" in done.stderr
    os.close(reader)
    os.close(writer)


@pytest.mark.any_kernel
def test_stalled_reader_of_everything(ns):
    """As in `2>&1 | less`: the message about the reader has no reader either."""
    reader, writer = small_pipe()
    with ns.entered():
        _sockets = [connected_pair() for _ in range(100)]
    done = subprocess.run([PROGRAM, "top", "-b", "-v", "-d", "0.01", "--duration", "4", "--netns", ns.name], stdout=writer,
                          stderr=writer, timeout=30, check=False)
    assert done.returncode == 3
    os.close(reader)
    os.close(writer)


@pytest.mark.any_kernel
def test_missed_tables_are_not_made_up_for(ns, tracer):
    interval = 0.5
    table = tracer("-b", "-d", str(interval), "-n", "1000", "--netns", ns.name, command="top")
    table.process.send_signal(signal.SIGSTOP)
    time.sleep(10 * interval)
    resumed_ns = time.time_ns()
    table.process.send_signal(signal.SIGCONT)

    def tables_since():
        return [line["ts_ns"] for line in select(table.update(), type="table") if line["ts_ns"] > resumed_ns]
    await_that(lambda: len(tables_since()) >= 4, "tables")
    assert len(tables_since()) <= (tables_since()[-1] - resumed_ns) / (interval * 1e9) + 2
    table.stop()


def test_without_proc():
    done = run("unshare", "-m", "sh", "-c", f"umount -l /proc && exec {PROGRAM} top -b -n 1")
    assert done.returncode == 1 and "/proc is not mounted" in done.stderr


@pytest.mark.any_kernel
def test_text_columns(ns, tracer):
    with ns.entered():
        trace = tracer("--netns", ns.name, json_lines=False)
        server, client, accepted = connected_pair()
        six = connected_pair("::1")
    close_in_turn(client, accepted)
    server.close()
    for each in six:
        each.close()
    await_that(lambda: trace.text().count("stopped listening") == 2, "the last lines", failure=NotReported)
    await_that(lambda: "closed by us first, age" in trace.text(), "the end", failure=NotReported)
    trace.stop()
    heading, *lines = trace.text().splitlines()
    assert heading.split() == "TIME PID COMM LADDR LPORT RADDR RPORT OLDSTATE -> NEWSTATE MS WHY".split()
    row = re.compile(r"\d\d:\d\d:\d\d\.\d{3} +\d+ +\S+ +\S+ +(\d+|-) +\S+ +\d+ +[A-Z_0-9]+ "
                     r"+-> ([A-Z_0-9]+ +|TIME_WAIT +>)(-|\d+\.\d{3})( .+)?")  # a snapshot finds it: at least so long
    assert all(row.fullmatch(line) for line in lines), trace.text()
    assert any("closed by us first, age" in line and "rtt" in line and "retrans 0" in line for line in lines)
    assert "\033" not in trace.text()
    assert re.search(r"seen \d+, received \d+, dropped 0, missed 0", trace.errors())


@pytest.mark.any_kernel
def test_letters_of_tcpstates(ns, tracer):
    trace = tracer("-T", "-w", "-4", "-L", "7000", "--netns", ns.name, json_lines=False)
    with ns.entered():
        listen(port=7000).close()
    await_that(lambda: "stopped listening" in trace.text(), "the line", failure=NotReported)
    heading = trace.text().splitlines()[0]
    assert heading.index("LPORT") - heading.index("LADDR") == 40, "wide enough for IPv6"


@pytest.mark.any_kernel
def test_at_least_and_unknown_in_text(ns, tracer):
    with ns.entered():
        server, client, accepted = connected_pair()
    trace = tracer("--netns", ns.name, json_lines=False)
    client.close()
    await_that(lambda: "FIN_WAIT1" in trace.text(), "the line", failure=NotReported)
    line = [line for line in trace.text().splitlines() if "-> FIN_WAIT1" in line][0]
    assert re.search(r"-> FIN_WAIT1 +>\d+\.\d{3} closed by us first", line)
    accepted.close()
    server.close()


class Terminal:
    """The program on a terminal of so many columns."""

    def __init__(self, columns, *arguments):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            subprocess.run(["stty", "cols", str(columns)], check=False)
            os.execv(PROGRAM, [PROGRAM, *arguments])
        self.seen = ""

    def text(self):
        os.set_blocking(self.fd, False)
        try:
            while chunk := os.read(self.fd, 65536):
                self.seen += chunk.decode()
        except (BlockingIOError, OSError):
            pass
        return self.seen

    def plain(self):
        return re.sub(r"\033\[[0-9;]*m", "", self.text())

    def end(self):
        os.kill(self.pid, signal.SIGINT)
        await_that(lambda: self.text() and os.waitpid(self.pid, os.WNOHANG)[0], "its end")
        self.text()


@pytest.mark.any_kernel
@pytest.mark.parametrize("columns", [80, 105, 130, 200])
def test_fits_the_terminal(ns, columns):
    terminal = Terminal(columns, "trace", "--netns", ns.name)
    try:
        await_that(lambda: "WHY" in terminal.text(), "the heading")
        with ns.entered():
            server, client, accepted = connected_pair("127.100.100.100")
        close_in_turn(client, accepted)
        server.close()
        await_that(lambda: all(words in terminal.plain() for words in ("stopped listening", "closed by us first, age")),
                   "the last lines", failure=NotReported)
    finally:
        terminal.end()
    plain = terminal.plain()
    assert "\033[" in terminal.text(), "colours on a terminal"
    lines = [line for line in plain.splitlines() if "tcpledger:" not in line and line.strip("^C")]
    assert all(len(line) <= columns for line in lines), max(lines, key=len)
    assert plain.count("127.100.100.100") >= 10, "addresses are never cut"
    assert "closed by us first, age" in plain, "and the reason is not either"


@pytest.mark.any_kernel
def test_no_color(ns, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal(160, "trace", "--netns", ns.name)
    try:
        await_that(lambda: "WHY" in terminal.text(), "the heading")
        with ns.entered():
            listen().close()
        await_that(lambda: "stopped listening" in terminal.text(), "the last line", failure=NotReported)
    finally:
        terminal.end()
    assert "\033[" not in terminal.text()


@pytest.mark.any_kernel
def test_top_as_text(ns):
    with ns.entered():
        server, client, accepted = connected_pair()
        waiting = socket.create_connection(server.getsockname())
    done = run(PROGRAM, "top", "-b", "-n", "1", "--netns", ns.name)
    assert done.returncode == 0
    totals, counters, heading, *rows = done.stdout.splitlines()
    assert re.fullmatch(r"transitions: seen (\d+), received \1, dropped 0, missed 0, resyncs 0, healed 0", counters)
    assert re.fullmatch(r"top: \d\d:\d\d:\d\d, 5 sockets: 4 ESTABLISHED, 1 LISTEN", totals)
    assert heading.split() == "STATE RECV-Q SEND-Q LADDR:LPORT RADDR:RPORT IN-STATE PID COMM".split()
    assert len(rows) == 5 and rows[0].startswith("LISTEN")
    assert len([row for row in rows if f" {os.getpid()} " in row]) == 4
    assert len([row for row in rows if row.endswith(" -       -")]) == 1, "nobody has accepted this one"
    for each in server, client, accepted, waiting:
        each.close()
