# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""In a guest: vmlinux.h against the running kernel, as tests/run does it on the host; and that a run tests what it is for."""

import os
import subprocess


def test_types_of_vmlinux_are_in_this_kernel():
    build = "build/tests/system"
    done = subprocess.run([f"{build}/vmlinux_check", f"{build}/vmlinux_types.o"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_this_is_the_tier_to_be_tested():
    """These kernels have iterators and fexit: unless a run does without them, they are what it tests."""
    arguments = os.environ.get("TCPLEDGER_ARGS", "").split()
    done = subprocess.run([os.environ["TCPLEDGER"], "trace", *arguments, "-v", "--duration", "0.1"], capture_output=True,
                          text=True, check=False)
    snapshots = "/proc" if "--snapshot-source=proc" in arguments else "iterator"
    accepts = "scan" if "--accept-source=scan" in arguments else "fexit"
    assert f"snapshots by {snapshots}, holders by {snapshots}" in done.stderr, done.stderr
    assert f"owners of accepted connections by {accepts}" in done.stderr, done.stderr
