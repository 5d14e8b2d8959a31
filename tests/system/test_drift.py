# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Where the kernels at hand do not have the form of a type that the BPF programs allow for (bpf/drift.h), libbpf is given it: the type
information of the running kernel, in which one member is changed."""

import ctypes
import os
import re
import struct

import pytest
from conftest import PROGRAM

VMLINUX = "/sys/kernel/btf/vmlinux"
PTR, STRUCT = 2, 4
# Bytes after each kind of type (include/uapi/linux/btf.h): always, and for each of its vlen entries.
TAILS = {1: (4, 0), 3: (12, 0), 4: (0, 12), 5: (0, 12), 6: (0, 8), 13: (0, 8), 14: (4, 0), 15: (0, 12), 17: (4, 0), 19: (0, 12)}


class Btf:
    """Type information: the offset of each type in the file, and names."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = bytearray(file.read())
        header, types, length, strings = struct.unpack_from("4xIIII", self.data)
        self.strings = header + strings
        self.at = [None]
        at = header + types
        while at < header + types + length:
            self.at.append(at)
            kind, entries = self.kind_of(at)
            always, each = TAILS.get(kind, (0, 0))
            at += 12 + always + each * entries

    def kind_of(self, at):
        info = struct.unpack_from("I", self.data, at + 4)[0]
        return info >> 24 & 0x1f, info & 0xffff

    def name_of(self, at):
        start = self.strings + struct.unpack_from("I", self.data, at)[0]
        return self.data[start:self.data.index(b"\0", start)].decode()

    def find_struct(self, name):
        return next(i for i, at in enumerate(self.at) if at and self.kind_of(at)[0] == STRUCT and self.name_of(at) == name)

    def find_pointer_to(self, target):
        return next(i for i, at in enumerate(self.at) if at and self.kind_of(at)[0] == PTR and
                    struct.unpack_from("I", self.data, at + 8)[0] == target)

    def set_member_type(self, owner, member, target):
        at = self.at[self.find_struct(owner)]
        members = [at + 12 + 12 * i for i in range(self.kind_of(at)[1])]
        struct.pack_into("I", self.data, next(each for each in members if self.name_of(each) == member) + 4, target)


def relocations_of(name, btf):
    """Loads an object of BPF programs by the type information of that file, and returns what libbpf says of its relocations. Whether
    the kernel then takes the programs does not matter: they are not for this one."""
    libbpf, libc, said = ctypes.CDLL("libbpf.so.1"), ctypes.CDLL(None), []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
    def take(_level, form, arguments):
        text = ctypes.create_string_buffer(2000)
        libc.vsnprintf(text, len(text), form, ctypes.c_void_p(arguments))
        said.append(text.value.decode(errors="replace"))
        return 0

    path = os.path.join(os.path.dirname(PROGRAM), "bpf", f"{name}.bpf.o")
    if not os.path.exists(path):
        pytest.skip("the program was not built here")
    custom = ctypes.create_string_buffer(str(btf).encode())
    options = struct.pack("NP?7xPI4xPP", 56, 0, False, 0, 0, 0, ctypes.addressof(custom))  # struct bpf_object_open_opts
    libbpf.bpf_object__open_file.restype = ctypes.c_void_p
    libbpf.libbpf_set_print.restype = ctypes.c_void_p
    libbpf.libbpf_set_print(take)
    try:
        object_ = libbpf.bpf_object__open_file(path.encode(), options)
        assert object_, said
        libbpf.bpf_object__load(ctypes.c_void_p(object_))
        libbpf.bpf_object__close(ctypes.c_void_p(object_))
    finally:
        libbpf.libbpf_set_print(None)
    return "".join(said)


def is_found(said, member):
    """Returns whether each relocation of the member found what it looks for, or else none did."""
    numbers = set(re.findall(rf"^libbpf: (prog '\w+': relo #\d+): <\w+> \[\d+\] struct {re.escape(member)}", said, re.M))
    assert numbers, f"nothing refers to {member}"
    found = {number for number in numbers if f"{number}: matching candidate" in said}
    assert found in (set(), numbers), said
    return bool(found)


@pytest.mark.any_kernel
@pytest.mark.parametrize("name", ["transition", "snapshot"])
def test_death_row_that_is_a_pointer(name, tmp_path):
    """Linux 5.18 to 6.0: the hash of the sockets is found by the pointer there, and without it elsewhere."""
    said = relocations_of(name, VMLINUX)
    assert not is_found(said, "netns_ipv4___pointer.tcp_death_row")
    assert is_found(said, "net.ipv4.tcp_death_row.hashinfo")
    btf = Btf(VMLINUX)
    btf.set_member_type("netns_ipv4", "tcp_death_row", btf.find_pointer_to(btf.find_struct("inet_timewait_death_row")))
    (tmp_path / "btf").write_bytes(btf.data)
    said = relocations_of(name, tmp_path / "btf")
    assert is_found(said, "netns_ipv4___pointer.tcp_death_row")
    assert is_found(said, "inet_timewait_death_row.hashinfo")
    assert not is_found(said, "net.ipv4.tcp_death_row.hashinfo")
