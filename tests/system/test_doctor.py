# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The findings of doctor about this host, and about this host with something taken away, compared with the facts."""

import ctypes
import fcntl
import json
import os
import platform
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios

import pytest
from account import MOMENT
from conftest import NO_LEAKS, PROGRAM, await_that, libc, run
from test_usage import NOBODY, with_capabilities

NAMES = ("kernel capabilities seccomp limits btf ring-buffer tracepoint proc iterators fentry cookies lockdown "
         "pid-namespace time-namespace").split()
NEEDED = set("kernel capabilities seccomp btf ring-buffer tracepoint limits proc program".split())
PRIVATE_PROC = ["unshare", "-m", "sh", "-c", 'mount -t proc -o "$0" proc /proc && exec "$@"']


class Report:
    """The output of `tcpledger doctor --json`, whose shape is checked."""

    def __init__(self, *prefix, **kwargs):
        done = run(*prefix, PROGRAM, "doctor", "--json", **kwargs)
        *checks, self.verdict = [json.loads(line) for line in done.stdout.splitlines()]
        self.status, self.errors = done.returncode, done.stderr
        self.checks = {check["name"]: check for check in checks}
        for check in checks:
            assert list(check) == ["type", "name", "state", "found", "cost", "remedy"] and check["type"] == "check"
            assert check["state"] in ("yes", "no", "partly") and check["found"]
            assert (check["cost"] is None) == (check["remedy"] is None) == (check["state"] == "yes"), check
        assert list(self.verdict) == ["type", "runs", "tier", "snapshot", "accept"]
        assert self.verdict["type"] == "verdict"
        obstacles = {name for name in NEEDED & set(self.checks) if self.checks[name]["state"] == "no"}
        assert self.verdict["runs"] == (not obstacles) == (self.status == 0)
        assert [check["name"] for check in checks] == NAMES + ["program"] * ("program" in self.checks)
        if not self.verdict["runs"]:
            assert self.status == 1 and [self.verdict[key] for key in ("tier", "snapshot", "accept")] == [None] * 3

    def state(self, name):
        return self.checks[name]["state"]

    def says(self, name, *parts, key="found"):
        assert all(part in self.checks[name][key] for part in parts), self.checks[name]


def trace_works(*prefix, **kwargs):
    return run(*prefix, PROGRAM, "trace", "--duration", MOMENT, **kwargs).returncode == 0


# ---- this host as it is ----

def test_this_host():
    report = Report()
    assert report.errors == ""
    report.says("kernel", os.uname().release, os.uname().machine)
    assert (report.state("btf") == "yes") == os.path.exists("/sys/kernel/btf/vmlinux")
    assert report.verdict["runs"] == trace_works()
    if report.verdict["runs"]:
        exact, at_accept = report.verdict["snapshot"] == "iter", report.verdict["accept"] == "fexit"
        assert report.verdict["tier"] == (3 if not exact else 1 if at_accept else 2)
        assert at_accept == (report.state("fentry") == "yes")
        assert exact == (report.state("iterators") != "no"), "root may enter any namespace"


@pytest.mark.heavy
@pytest.mark.parametrize("check,section", [
    ("tracepoint", "tp_btf/inet_sock_set_state"),
    ("iterators", "iter/tcp"),
    ("fentry", "fexit/inet_csk_accept"),
])
def test_agrees_with_bpftool(tmp_path, check, section):
    if not shutil.which("clang") or not shutil.which("bpftool"):
        pytest.skip("clang or bpftool is missing")
    source, program, pin = tmp_path / "p.c", tmp_path / "p.o", f"/sys/fs/bpf/tcpledger-test-{os.getpid()}"
    source.write_text(f"""
        __attribute__((section("{section}"), used)) int program(void *context) {{ return 0; }}
        char LICENSE[] __attribute__((section("license"), used)) = "GPL";""")
    subprocess.run(["clang", "-target", "bpf", "-g", "-O2", "-c", "-o", program, source], check=True)
    loaded = run("bpftool", "prog", "load", str(program), pin)
    if loaded.returncode == 0:
        os.unlink(pin)
    assert (Report().state(check) == "yes") == (loaded.returncode == 0), loaded.stderr


@pytest.mark.heavy
def test_leaves_nothing_behind():
    def find_left_objects():
        objects = [json.loads(run("bpftool", "-j", kind, "show").stdout or "[]") for kind in ("prog", "map")]
        return [each for kind in objects for each in kind if each.get("name", "").startswith("tcpledger_trial")]

    if not shutil.which("bpftool"):
        pytest.skip("bpftool is missing")
    Report()
    await_that(lambda: not find_left_objects(), "the trials to be gone")
    assert not [name for name in os.listdir("/sys/fs/bpf") if "trial" in name]


# ---- privileges ----

def test_without_privileges():
    report = Report(*NOBODY, "--inh-caps=-all")
    assert report.status == 1 and not trace_works(*NOBODY, "--inh-caps=-all")
    report.says("capabilities", "missing: CAP_BPF, CAP_PERFMON")
    report.says("capabilities", "sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search=ep", PROGRAM,
                key="remedy")
    assert report.checks["tracepoint"]["remedy"] == "See capabilities"
    text = run(*NOBODY, PROGRAM, "doctor").stdout
    assert "tcpledger cannot trace here, because of: capabilities" in text.splitlines()[-1]


@pytest.mark.parametrize("names,state", [
    (["bpf", "perfmon"], "partly"),
    (["sys_admin"], "partly"),
    (["bpf", "perfmon", "sys_ptrace", "dac_read_search", "sys_admin", "sys_nice"], "yes"),
    (["bpf"], "no"),
    (["perfmon"], "no"),
])
def test_with_exactly_some_capabilities(names, state):
    caps = with_capabilities(*names)
    report = Report(*caps)
    assert report.state("capabilities") == state
    assert (report.status == 0) == (state != "no") == trace_works(*caps)
    have, _, lack = report.checks["capabilities"]["found"].partition("missing: ")
    if state != "no":
        assert "CAP_BPF, CAP_PERFMON" in have and "nothing can be traced" not in (report.checks["capabilities"]["cost"] or "")
    for name in names:
        assert f"CAP_{name.upper()}" in have and f"CAP_{name.upper()}" not in lack.split(", ")


def test_root_of_a_user_namespace():
    report = Report("unshare", "-Ur")
    assert report.status == 1 and not trace_works("unshare", "-Ur")
    report.says("capabilities", "CAP_BPF", "user namespace")


X86 = platform.machine() == "x86_64"
BPF_CALL, CAPSET, GETRANDOM, SETNS, SETPRIORITY, MEMBARRIER = (321, 126, 318, 308, 141, 324) if X86 else (280, 91, 278, 268, 140, 283)
EPERM_SAID = 0x00050000 | 1  # SECCOMP_RET_ERRNO


def seccomp(action, number=BPF_CALL, first=None):
    """Returns a function that puts on a filter for a system call, to be called between fork and exec. With `first`, for calls with
    that first argument only."""
    allow = 0x7fff0000
    code = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, action), (0x06, 0, 0, allow)]
    if first is not None:
        low_word = 16 if sys.byteorder == "little" else 20
        code = [(0x20, 0, 0, 0), (0x15, 0, 3, number), (0x20, 0, 0, low_word), (0x15, 0, 1, first), (0x06, 0, 0, action), (0x06, 0, 0, allow)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in code))
    described = ctypes.create_string_buffer(struct.pack("HP", len(code), ctypes.addressof(program)))

    def put_on():
        assert libc.prctl(22, 2, described, 0, 0) == 0  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER

    put_on.keep = program
    return put_on


@pytest.mark.parametrize("action,word", [
    (0x00050000 | 1, "Operation not permitted"),
    (0x00050000 | 38, "Function not implemented"),
    (0x00050000 | 22, "Invalid argument"),
    (0x80000000, "is killed"),
])
def test_seccomp(action, word):
    report = Report(preexec_fn=seccomp(action))
    assert report.status == 1 and report.state("seccomp") == "no"
    report.says("seccomp", "a filter forbids bpf()", word)
    assert report.state("kernel") == report.state("capabilities") == "yes"
    assert report.checks["tracepoint"]["remedy"] == "See seccomp"


@pytest.mark.any_kernel
def test_seccomp_that_does_not_know_a_younger_call():
    """Filters from before Linux 5.8 refuse faccessat2(), by which libbpf looks for the type information: no kernel is to blame."""
    report = Report(preexec_fn=seccomp(EPERM_SAID, 439))
    if report.state("btf") == "yes":
        pytest.skip("the C library here has another call for that")
    report.says("btf", "can be read, but a filter keeps libbpf from looking for it")
    assert "faccessat2" in report.checks["btf"]["remedy"] and "Boot a kernel" not in report.checks["btf"]["remedy"]


@pytest.mark.any_kernel
def test_seccomp_that_lets_pass():
    report = Report(preexec_fn=seccomp(0x7fff0000))
    assert report.state("seccomp") == "yes"
    report.says("seccomp", "a filter, which lets bpf() pass")


@pytest.mark.any_kernel
@pytest.mark.parametrize("action", [EPERM_SAID, 0x80000000])
def test_seccomp_that_keeps_capabilities_as_they_are(action):
    """Services may be started so that they cannot change their privileges, or die of it: one that runs as root goes on with those it
    has."""
    for command in ["list", "-tlnp"], ["list", "-tln", "--all-netns"], ["fds", str(os.getpid())], ["explain", "LISTEN"], ["audit"]:
        assert run(PROGRAM, *command, preexec_fn=seccomp(action, CAPSET)).returncode == 0, command
    assert Report(preexec_fn=seccomp(action, CAPSET)).status == 0
    assert trace_works(preexec_fn=seccomp(action, CAPSET))


@pytest.mark.any_kernel
@pytest.mark.parametrize("action", [EPERM_SAID, 0x80000000])
@pytest.mark.parametrize("number", [SETPRIORITY, MEMBARRIER])
def test_seccomp_that_forbids_what_trace_can_do_without(number, action):
    assert trace_works(preexec_fn=seccomp(action, number))


@pytest.mark.any_kernel
def test_seccomp_without_randomness():
    """Without a secret for its hashes, strangers could slow the program down: it refuses to run, and says why."""
    done = run(PROGRAM, "list", "-tln", preexec_fn=seccomp(EPERM_SAID, GETRANDOM))
    assert done.returncode == 1 and done.stdout == ""
    assert "getrandom() gives no secret for hashing: Operation not permitted" in done.stderr


# ---- surroundings ----

def test_other_network_namespaces(ns):  # pylint: disable=unused-argument
    """An iterator shows only the network namespace that it is opened in, and without CAP_SYS_ADMIN no other can be entered."""
    report = Report(*with_capabilities("bpf", "perfmon"))
    assert report.status == 0 and report.verdict["snapshot"] == "proc" and report.verdict["tier"] == 3
    report.says("capabilities", "without CAP_SYS_ADMIN: no network namespace can be entered, and there are several",
                key="cost")


def test_without_type_information():
    hide = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /sys/kernel/btf && exec "$@"', "sh"]
    report = Report(*hide)
    assert report.status == 1 and not trace_works(*hide)
    report.says("btf", "/sys/kernel/btf/vmlinux", "No such file")
    report.says("btf", "CONFIG_DEBUG_INFO_BTF=y", key="remedy")
    assert report.errors == "" and report.checks["fentry"]["remedy"] == "See btf"


def test_hidepid():
    report = Report(*PRIVATE_PROC, "hidepid=2")
    assert report.state("proc") == "yes"
    report.says("proc", "hidepid=", "hides nothing from this process")
    report = Report(*PRIVATE_PROC, "hidepid=2", *with_capabilities("bpf", "perfmon"), *NO_LEAKS)
    assert report.status == 0 and report.state("proc") == "partly"
    report.says("proc", "hides the processes of others")
    report.says("proc", "CAP_SYS_PTRACE", key="remedy")
    report = Report(*PRIVATE_PROC, "hidepid=0", *with_capabilities("bpf", "perfmon"))
    assert report.state("proc") == "yes" and "hidepid" not in report.checks["proc"]["found"]


def test_without_proc():
    hide = ["unshare", "-m", "sh", "-c", 'umount -l /proc && exec "$@"', "sh"]
    report = Report(*hide)
    assert report.status == 1 and report.state("proc") == "no" and not trace_works(*hide)


def test_pid_namespace():
    assert Report().state("pid-namespace") == ("yes" if os.stat("/proc/self/ns/pid").st_ino == 0xeffffffc else "partly")
    report = Report("unshare", "-pf", "--mount-proc")
    assert report.status == 0 and report.state("pid-namespace") == "partly"


def test_few_descriptors():
    report = Report("prlimit", "--nofile=40")
    assert report.status == 0 and report.state("limits") == "partly"
    report.says("limits", "open files: 40")
    report.says("limits", "ulimit -n", key="remedy")


# ---- the command line ----

@pytest.mark.any_kernel
@pytest.mark.parametrize("arguments,part", [
    (["x"], "FILTER"),
    (["sport = :80"], "FILTER"),
    (["-L", "80"], "--help"),
    (["--duration", "1"], "--help"),
    (["--nonsense"], "--help"),
    (["--color", "blue"], "auto, always or never"),
])
def test_wrong_use(arguments, part):
    done = run(PROGRAM, "doctor", *arguments)
    assert done.returncode == 2 and done.stdout == "" and part in done.stderr


@pytest.mark.any_kernel
def test_help():
    assert "doctor" in run(PROGRAM, "--help").stdout
    done = run(PROGRAM, "doctor", "--help")
    assert done.returncode == 0 and "--json" in done.stdout and "--local" not in done.stdout


def test_verbose_says_why():
    refused = Report().state("fentry") != "yes"
    done = run(PROGRAM, "doctor", "-v")
    assert done.returncode == 0 and ("trial of inet_csk_accept" in done.stderr) == refused


@pytest.mark.any_kernel
def test_output_that_fails():
    done = run("sh", "-c", f"exec {PROGRAM} doctor > /dev/full")
    assert done.returncode == 1 and "No space left" in done.stderr
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([PROGRAM, "doctor"], stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writer)
    assert done.returncode == 0 and done.stderr == b""


def on_terminal(columns, *command, **environment):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(command, stdout=slave, env={**os.environ, **environment}) as process:
        os.close(slave)
        seen = b""
        try:
            while chunk := os.read(master, 65536):
                seen += chunk
        except OSError:  # EIO: the other side has gone
            pass
        os.close(master)
        assert process.wait(60) == 1
    return seen.decode().replace("\r\n", "\n")


@pytest.mark.any_kernel
@pytest.mark.alone  # a text depends on the number of network namespaces
@pytest.mark.parametrize("columns", [40, 80, 130, 2000])
def test_fits_the_terminal(columns):
    """Runs as the user nobody, for whom the texts are longest."""
    text = on_terminal(columns, *NOBODY, PROGRAM, "doctor")
    assert "\033[31mno" in text and "\033[32myes" in text
    plain = re.sub(r"\033\[[0-9;]*m", "", text)
    for line in plain.splitlines():
        words = re.findall(r"`[^`]*`|\S+", line[21:] if columns >= 60 else line)
        assert len(line) <= columns or len(words) == 1, line
    flowing = " ".join(plain.split())
    for check in Report(*NOBODY).checks.values():
        for part in check["found"], check["cost"], check["remedy"]:
            assert part is None or " ".join(part.split()) in flowing, "nothing is cut"
    if columns == 2000:
        assert len(plain.splitlines()) == len(NAMES) + 2, "one line each"


@pytest.mark.any_kernel
def test_colors():
    assert "\033" not in on_terminal(80, *NOBODY, PROGRAM, "doctor", NO_COLOR="1")
    assert "\033" not in run(PROGRAM, "doctor").stdout
    assert "\033" in run(PROGRAM, "doctor", "--color=always").stdout
    assert "\033" not in run(PROGRAM, "doctor", "--color=always", "--json").stdout


@pytest.mark.any_kernel
def test_text_is_one_line_each():
    lines = run(PROGRAM, "doctor").stdout.splitlines()
    checks = Report().checks
    assert len(lines) == len(checks) + 2 and lines[-2] == "" and "can trace here, at tier" in lines[-1]
    for line, check in zip(lines, checks.values()):
        assert re.fullmatch(rf"{check['state']} +{check['name']} +(\S.*)", line)
        assert line.index(check["found"][:10]) == 22, "in columns"
