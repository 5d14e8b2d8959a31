# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Debian's cloud kernels: fetched once by apt, with lists and cache of its own, and unpacked; nothing is installed.

The packages come from Debian's archive on every host: they are the same on Ubuntu or on another Debian. A host with
Debian gets them from the mirror that it is set up for. Every host uses the proxies of its apt. The packages are
verified with the archive's own keys.
"""

import dataclasses
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUITES = {"Debian": "bookworm", "Debian-Security": "bookworm-security"}
MIRRORS = {"Debian": "http://deb.debian.org/debian", "Debian-Security": "http://deb.debian.org/debian-security"}
PATIENCE = 600  # seconds for one command
PAUSES = 30, 60, 120, 240  # seconds between two tries

OPTIONS = """
Dir::State "{home}/state";
Dir::State::status "{home}/status";
Dir::Cache "{home}/cache";
Dir::Etc::sourcelist "{home}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Languages "none";
Acquire::Retries "2";
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; }};
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
"""


class KernelError(Exception):
    """A kernel cannot be fetched; the message says why."""


@dataclasses.dataclass
class Kernel:
    line: str  # "6.1"
    package: str  # depends on the newest kernel of its line
    home: Path = None  # where the kernel is unpacked

    def __str__(self):
        return self.line

    def image(self):
        return next((self.home / "boot").glob("vmlinuz-*"))

    def modules(self):
        return next((self.home / "lib/modules").iterdir())


def try_again(what, pauses):
    """Calls what(), and again after each pause until it succeeds: an archive may be in the midst of a renewal, or the network be
    away for a moment."""
    for pause in pauses:
        try:
            return what()
        except KernelError as error:
            print(f"  That failed; trying again in {pause} s: {error}", flush=True)
            time.sleep(pause)
    return what()


def run_command(*command, **kwargs):
    """Returns what the command printed. Raises KernelError with its last words if it failed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, **kwargs)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KernelError(str(error)) from error
    if done.returncode:
        words = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        wrong = [line for line in words if line.startswith("E:")] or words
        raise KernelError(f"{command[0]} {command[1]}: " + ("\n".join(wrong[-3:]) or f"exit status {done.returncode}"))
    return done.stdout


def find_mirrors():
    """Returns the mirrors from which this host gets Debian; where it has none, the public ones."""
    found = dict(MIRRORS)
    targets = run_command("apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages")
    for label, address in (line.split(" ", 1) for line in targets.splitlines()):
        if label in found and found[label] == MIRRORS[label] and not address.startswith("cdrom:"):
            found[label] = address.rstrip("/")
    return found


class Apt:
    """apt-get on Debian's archive, with lists and a cache apart from those of this host's apt."""

    def __init__(self, home):
        shutil.rmtree(home, ignore_errors=True)
        for directory in "state/lists/partial", "cache/archives/partial":
            os.makedirs(home / directory)
        (home / "status").touch()
        sources = [f"deb [signed-by={KEYS}] {mirror} {SUITES[label]} main\n" for label, mirror in find_mirrors().items()]
        (home / "sources.list").write_text("".join(sources))
        ways = [line for line in run_command("apt-config", "dump", "Acquire").splitlines() if "::IndexTargets" not in line]
        (home / "options").write_text("\n".join(ways) + OPTIONS.format(home=home))
        self.home = home
        self.environment = {**os.environ, "APT_CONFIG": str(home / "options"), "LC_ALL": "C"}

    def run(self, *command):
        return run_command(*command, env=self.environment, cwd=self.home)

    def update(self):
        """Updates the lists. Returns an error instead of raising it: one of the archives may be enough for one of the kernels."""
        try:
            self.run("apt-get", "update")
        except KernelError as error:
            return error
        return None

    def find_newest(self, kernel):
        """Returns the package with the kernel itself, on which the package of its line depends."""
        said = self.run("apt-cache", "show", "--no-all-versions", kernel.package)
        depends = re.search(r"^Depends: (\S+)", said, re.M)
        if not depends or not depends[1].startswith(f"linux-image-{kernel.line}."):
            raise KernelError(f"{kernel.package} is not the one of {kernel.line}: {depends and depends[0]}")
        return depends[1]

    def download_newest(self, kernel):
        """Downloads the newest package that there is now, after an update: lists grow old while an archive is renewed."""
        trouble = self.update()
        try:
            package = self.find_newest(kernel)
            self.run("apt-get", "download", package)
        except KernelError as error:
            raise trouble or error from error
        return next(self.home.glob(f"{package}_*.deb"))


def unpack_package(deb, directory):
    """Unpacks the kernel and its modules as an installation would leave them: modprobe finds the modules, which are not compressed."""
    run_command("dpkg", "-x", str(deb), str(directory))
    modules = next((directory / "lib/modules").glob("*"), None)
    if not modules:
        raise KernelError(f"{deb.name} holds no modules in /lib/modules")
    packed = [str(file) for file in modules.rglob("*.ko.xz")]
    if packed:
        run_command("xz", "-d", *packed)
    run_command("depmod", "-b", str(directory), modules.name)


def fetch(kernels, build):
    """Sets the homes of the kernels. Returns those that cannot be fetched: [(kernel, why)]. A kernel that was once fetched is kept."""
    lacking = []
    for kernel in kernels:
        kernel.home = build / "kernels" / str(kernel)
        if not kernel.home.exists():
            lacking.append(kernel)
    if not lacking:
        return []
    print(f"  Fetching from Debian's archive: {', '.join(kernel.package for kernel in lacking)}", flush=True)
    home = build / "apt"
    try:
        apt = Apt(home)
    except KernelError as error:
        return [(kernel, error) for kernel in lacking]
    failures, pauses = [], PAUSES
    for kernel in lacking:
        try:
            unpack_package(try_again(lambda: apt.download_newest(kernel), pauses), home / str(kernel))  # pylint: disable=cell-var-from-loop
            kernel.home.parent.mkdir(parents=True, exist_ok=True)
            (home / str(kernel)).rename(kernel.home)
        except KernelError as error:
            failures.append((kernel, error))
            pauses = ()
    shutil.rmtree(home)
    return failures
