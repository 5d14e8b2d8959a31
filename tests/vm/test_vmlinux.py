# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""In a guest, what tests/run does on the host: vmlinux.h against the running kernel."""

import subprocess


def test_types_of_vmlinux_are_in_this_kernel():
    build = "build/tests/system"
    done = subprocess.run([f"{build}/vmlinux_check", f"{build}/vmlinux_types.o"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
