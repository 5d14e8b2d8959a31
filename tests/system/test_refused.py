# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Where bpf(), /proc or descriptors are refused: what needs none of them works, and trace says what doctor says."""

import json
import os

import pytest
from conftest import PROGRAM, listen, port_of, run
from test_doctor import seccomp

ERRNO = 0x00050000
KILL_PROCESS, KILL_THREAD, TRAP = 0x80000000, 0x00000000, 0x00030000


def doctor_json(*prefix, **kwargs):
    lines = [json.loads(line) for line in run(*prefix, PROGRAM, "doctor", "--json", **kwargs).stdout.splitlines()]
    return {line["name"]: line for line in lines[:-1]}


# ---- bpf() ----

@pytest.mark.parametrize("action", [KILL_PROCESS, KILL_THREAD, TRAP, ERRNO | 1, ERRNO | 22])
def test_holders_without_bpf(action):
    """They come from /proc, also where the first bpf() would be the end."""
    with listen() as server:
        port = port_of(server)
        kwargs = {"preexec_fn": seccomp(action)}
        done = run(PROGRAM, "list", "-tlnp", f":{port}", **kwargs)
        assert done.returncode == 0 and f"pid={os.getpid()}," in done.stdout, done
        done = run(PROGRAM, "audit", "--json", f":{port}", **kwargs)
        assert done.returncode == 0 and json.loads(done.stdout.splitlines()[0])["process"], done
        done = run(PROGRAM, "explain", "--json", str(port), **kwargs)
        assert done.returncode == 0, done
        assert [each["pid"] for each in json.loads(done.stdout)["listeners"][0]["owners"]] == [os.getpid()]
        assert run(PROGRAM, "explain", "LISTEN", **kwargs).returncode == 0
        done = run(PROGRAM, "list", "-tlnp", "--holder-source=iter", **kwargs)
        assert done.returncode == 1 and "--holder-source=iter: this kernel has no BPF iterator" in done.stderr
        assert ("whoever calls bpf() is killed" in done.stderr) == (action in (KILL_PROCESS, KILL_THREAD, TRAP))


@pytest.mark.parametrize("action", [KILL_PROCESS, ERRNO | 1, ERRNO | 22])
@pytest.mark.parametrize("command", [["trace", "--duration", "0.2"], ["top", "-b", "-n", "1"]])
def test_tracing_without_bpf(command, action):
    done = run(PROGRAM, *command, preexec_fn=seccomp(action))
    assert done.returncode == 1 and done.stdout == "", done
    assert done.stderr.startswith("tcpledger: cannot trace: seccomp: a filter forbids bpf(): "), done.stderr
    assert doctor_json(preexec_fn=seccomp(action))["seccomp"]["found"] in done.stderr
