# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The guests' disk: the tests, the program as built, and the files of this host that they need. Made without root.

Everything is linked as on the host: each program comes with the libraries that ldd names, the interpreter with its
standard library, and pytest with the modules that it imports.
"""

import importlib
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Programs that the tests and the guest's init call, besides the interpreter.
PROGRAMS = """
    bash cat chmod cp dd env grep head ip kill ln ls mkdir mkfifo modprobe mount netstat nft nohup nsenter nstat prlimit
    readlink rm rmdir sed seq setpriv sleep ss stty sysctl tail timeout touch true umount uname unshare
""".split()
# Files in which the tests look names up, the same as on the host.
LISTS = ["/etc/services", "/etc/protocols"]
# Parts of the standard library that no test needs, and packages in its directory that do not belong to it.
LEFT_OUT = shutil.ignore_patterns("test", "tests", "idlelib", "tkinter", "lib2to3", "ensurepip", "turtledemo",
                                  "config-*", "pydoc_data", "site-packages", "dist-packages")
ETC = {
    "passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "group": "root:x:0:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "resolv.conf": "",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


class ImageError(Exception):
    """The disk cannot be made; the message says why."""


class Root:
    """A directory that becomes the guests' root."""

    def __init__(self, home):
        shutil.rmtree(home, ignore_errors=True)
        self.home = home
        for directory in "dev etc proc root run sys tmp usr/bin usr/lib usr/lib64 var guest".split():
            os.makedirs(home / directory)
        for directory in "bin", "lib", "lib64", "sbin":
            (home / directory).symlink_to(f"usr/{directory}")
        (home / "usr/sbin").symlink_to("bin")  # each program is found in both: the kernel looks for /sbin/modprobe
        for name, text in ETC.items():
            (home / "etc" / name).write_text(text)
        self.libraries = set()

    def path(self, there):
        return self.home / str(there).lstrip("/")

    def add_file(self, source, there=None):
        """Adds a file, by default under its path on the host."""
        target = self.path(there or source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)

    def add_tree(self, source, there=None, ignore=None):
        shutil.copytree(source, self.path(there or source), symlinks=True, ignore=ignore, dirs_exist_ok=True)

    def add_libraries(self, *files):
        """Adds the libraries that the dynamic linker would load for these files. One that is missing here is missing there, too."""
        said = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True, check=False).stdout
        for library in set(re.findall(r"(/\S+) \(0x", said)) - self.libraries:
            self.libraries.add(library)
            self.add_file(library)

    def add_program(self, source, there=None):
        self.add_file(source, there)
        self.add_libraries(source)

    def add_command(self, name):
        source = shutil.which(name)
        if not source:
            raise ImageError(f"no {name} on this host, which the tests call")
        real = os.path.realpath(source)
        self.add_program(real)
        if not self.path(f"/usr/bin/{name}").exists():
            self.path(f"/usr/bin/{name}").symlink_to(real)

    def write_image(self, image):
        """Makes an ext4 file system, with room to spare for its own tables. All users may read it, whatever the umask here. No
        program is set-uid or set-gid: its owner is the user who made the disk, not root."""
        (self.home / "etc/ld.so.conf").write_text("".join(f"{path}\n" for path in
                                                         sorted({os.path.dirname(path) for path in self.libraries})))
        run_command("ldconfig", "-r", str(self.home))
        run_command("chmod", "-R", "u+rwX,go+rX,a-s", str(self.home))
        size = sum(file.lstat().st_size // 4096 + 1 for file in self.home.rglob("*")) * 4096
        image.unlink(missing_ok=True)
        run_command("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", str(self.home), str(image),
                    f"{size // 1024 * 5 // 4 + 32768}k")


def run_command(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise ImageError(f"{' '.join(command[:2])}: {done.stdout.strip()}")


def add_python(root):
    interpreter = os.path.realpath(sys.executable)
    root.add_program(interpreter)
    if not root.path("/usr/bin/python3").exists():
        root.path("/usr/bin/python3").symlink_to(interpreter)
    for library in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}:
        root.add_tree(library, ignore=LEFT_OUT)
        root.add_libraries(*Path(library).rglob("*.so"))


def add_pytest(root):
    """Adds every module of pytest, and those that they import and the standard library lacks."""
    for module in pkgutil.walk_packages(importlib.import_module("_pytest").__path__, "_pytest."):
        importlib.import_module(module.name)
    importlib.import_module("pytest")
    standard = sysconfig.get_path("stdlib")
    for name in {name.partition(".")[0] for name in sys.modules}:
        file = getattr(sys.modules.get(name), "__file__", None)
        if not file or HERE in Path(file).parents:
            continue
        if Path(file).name == "__init__.py":
            if os.path.dirname(os.path.dirname(file)) != standard:
                root.add_tree(os.path.dirname(file), f"/guest/modules/{name}")
        elif os.path.dirname(file) not in (standard, f"{standard}/lib-dynload"):
            root.add_file(file, f"/guest/modules/{os.path.basename(file)}")


def make_disk(build, kernels, scripts):
    """Makes the disk for these kernels, with /guest/runs/NAME for each script. Returns its path."""
    root = Root(build / "vm/root")
    for name in PROGRAMS:
        root.add_command(name)
    root.path("/usr/bin/sh").symlink_to("bash")
    for name in LISTS:
        root.add_file(name)
    add_python(root)
    add_pytest(root)
    for kernel in kernels:
        root.add_tree(kernel.modules(), f"/lib/modules/{kernel.modules().name}")
    for program in "tcpledger", "tests/bench/churn", "tests/system/vmlinux_check":
        root.add_program(build / program, f"/guest/build/{program}")
    root.add_file(build / "tests/system/vmlinux_types.o", "/guest/build/tests/system/vmlinux_types.o")
    root.add_tree(HERE.parent / "system", "/guest/tests/system", shutil.ignore_patterns("__pycache__"))
    root.add_file(HERE / "test_guest.py", "/guest/tests/vm/test_guest.py")
    root.add_file(HERE / "init", "/init")
    root.path("/guest/runs").mkdir()
    for name, script in scripts.items():
        root.path(f"/guest/runs/{name}").write_text(script)
    root.write_image(build / "vm/disk")
    return build / "vm/disk"
