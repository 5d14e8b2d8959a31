# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""One emulated machine: boots, runs its tests, and hands over their results. It is stopped when it takes too long."""

import re
import shutil
import subprocess
import time
import xml.etree.ElementTree as tree

BOOT_PATIENCE = 180  # seconds until the tests begin, which usually takes some ten
SILENCE = 400  # seconds without a new line on the console, such as the name of a test that has ended
PATIENCE = 4800  # seconds until all tests have ended, which takes 1200 on an idle machine

GUEST_BYTES = 2_000_000_000  # memory of a guest, and of its emulator

# Software emulation, since not every virtual machine can have guests. Two processors, which take turns in one thread:
# in two threads, one may run code that the kernel is just patching on the other, which crashes the guest.
EMULATOR = ["qemu-system-x86_64", "-accel", "tcg,thread=single", "-cpu", "max", "-smp", "2", "-m", "1024",
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
# The drivers of this disk and these ports are built into Debian's cloud kernels. Any fault of the kernel ends the guest.
COMMAND_LINE = "console=ttyS0 quiet oops=panic panic=-1 mitigations=off root=/dev/nvme0n1 rootfstype=ext4 ro " \
    "rootwait init=/init tcpledger_run={run}"


class Guest:
    """A run on a kernel, from its start to its results."""

    def __init__(self, kernel, run, disk, home):
        self.kernel = kernel
        self.run = run
        self.disk = disk
        self.home = home / f"{kernel}-{run}"
        self.first_home = None  # of the first try, where this is the second
        self.start()

    def start(self):
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        self.started = time.monotonic()
        self.spoken = 0, self.started  # length of the console when it was last seen to have grown, and when that was
        self.stopped = None  # why the guest was stopped, if it was
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([
            *EMULATOR, "-kernel", self.kernel.image(), "-append", COMMAND_LINE.format(run=self.run),
            "-drive", f"file={self.disk},if=none,id=root,format=raw,readonly=on",
            "-device", "nvme,drive=root,serial=root",
            "-serial", f"file:{self.home}/console", "-serial", f"file:{self.home}/report"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(self.home / "emulator", "wb"))

    def read(self, name):
        file = self.home / name
        return file.read_text(errors="replace") if file.exists() else ""

    def has_begun(self):
        return self.read("report").startswith("begin")

    def seconds_since_start(self):
        return time.monotonic() - self.started

    def seconds_of_silence(self):
        console = self.home / "console"
        length = console.stat().st_size if console.exists() else 0
        if length != self.spoken[0]:
            self.spoken = length, time.monotonic()
        return time.monotonic() - self.spoken[1]

    def reason_to_stop(self):
        """Returns why the guest has to be stopped; None while there is no reason."""
        silence = self.seconds_of_silence()
        if self.seconds_since_start() > (PATIENCE if self.has_begun() else BOOT_PATIENCE):
            return f"stopped after {self.seconds_since_start():.0f} s"
        if self.has_begun() and silence > SILENCE:
            return f"stopped after {silence:.0f} s of silence"
        return None

    def has_ended(self):
        """Supervises the guest: stops it when its time is over, and starts it once again if it ended before any test began."""
        if self.process.poll() is None:
            self.stopped = self.reason_to_stop()
            if not self.stopped:
                return False
            self.stop()
        if not self.has_begun() and not self.first_home:
            self.first_home, self.home = self.home, self.home.with_name(self.home.name + "-again")
            self.start()
            return False
        return True

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def read_results(self):
        """Returns the results as a junit tree; None if they were not handed over whole."""
        try:
            return tree.fromstring(self.read("report").removeprefix("begin").strip())
        except tree.ParseError:
            return None

    def describe_ending(self):
        """Returns why there are no results."""
        console = self.read("console")
        panic = re.search(r"Kernel panic - .*", console)
        tests = re.findall(r"^(\S+::\S+)", console, re.M)
        why = self.stopped or (panic and panic[0]) or f"no account; the emulator ended with {self.process.returncode}"
        return why + (f", in {tests[-1]}" if tests else "" if self.has_begun() else ", before its tests began")

    def last_words(self, count=40):
        """Returns the last lines of the console, and all lines of the emulator itself."""
        said, shown = ([line.rstrip() for line in self.read(name).splitlines() if line.strip()] for name in ("emulator", "console"))
        return [*shown[-count:], *said]
