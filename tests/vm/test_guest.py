# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Run in a guest: compares vmlinux.h with the running kernel, as tests/run does on the host, and checks that a run uses the sources
that it is meant to test."""

import os
import subprocess


def test_types_of_vmlinux_are_in_this_kernel():
    build = "build/tests/system"
    done = subprocess.run([f"{build}/vmlinux_check", f"{build}/vmlinux_types.o"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_this_is_the_tier_to_be_tested():
    """The guests' kernels have iterators and fexit: a run tests those unless its arguments exclude them."""
    arguments = os.environ.get("TCPLEDGER_ARGS", "").split()
    done = subprocess.run([os.environ["TCPLEDGER"], "trace", *arguments, "-v", "--duration", "0.1"], capture_output=True,
                          text=True, check=False)
    snapshots = "/proc" if "--snapshot-source=proc" in arguments else "iterator"
    accepts = "scan" if "--accept-source=scan" in arguments else "fexit"
    assert f"snapshots by {snapshots}, holders by {snapshots}" in done.stderr, done.stderr
    assert f"owners of accepted connections by {accepts}" in done.stderr, done.stderr
