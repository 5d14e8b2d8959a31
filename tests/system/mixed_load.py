#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Random TCP connections in several network namespaces, from a seed.

    mixed_load.py --seed N --steps N NETNS…

Then the load rests, holding the sockets that are left: a line of JSON {"seed", "done": {operation: times}, "pids"} says so. It
ends when its stdin does. The namespaces should lose every SYN to port 9, and every SYN-ACK from port 7.
"""
import argparse
import array
import collections
import contextlib
import ctypes
import errno
import json
import os
import random
import socket
import struct
import subprocess
import sys
import time

LOST_SYN, LOST_ANSWER, NOBODY = 9, 7, 1
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG, SIGKILL = 1, 9
MAX_PAIRS, MAX_CHILDREN = 120, 6

libc = ctypes.CDLL(None, use_errno=True)


def tolerate_errors():
    """Ignores the errors that a random operation may get from the kernel: a reset, a port in use, a killed socket."""
    return contextlib.suppress(OSError)


class Space:
    """The sockets that the load holds in one network namespace."""

    def __init__(self, name):
        self.name = name
        self.fd = os.open(f"/run/netns/{name}", os.O_RDONLY)
        self.listeners = []  # (socket, address to connect to)
        self.clients = []
        self.servers = []
        self.waiting = []  # connects that hang, or wait in a queue
        self.recent = []  # (own address, peer's) of clients that have closed


class Load:
    def __init__(self, names, seed):
        self.random = random.Random(seed)
        self.spaces = [Space(name) for name in names]
        self.children = {}  # pid: when to kill it
        self.pids = [os.getpid()]
        self.done = collections.Counter()
        self.at = None
        self.keepers = [self.start_keeper(), self.start_keeper()]
        self.operations = {self.listen: 5, self.unlisten: 3, self.connect: 40, self.accept: 30, self.close: 30, self.half_close: 8,
                           self.reset: 8, self.send: 10, self.fork: 2, self.pass_on: 6, self.dup: 4, self.kill: 1,
                           self.reuse: 6, self.hang: 2, self.half_open: 2, self.refused: 4, self.alone: 2,
                           self.reconnect: 3, self.crowd: 1, self.clog: 1, self.recall: 3}

    # ---- helpers ----

    def make_socket(self, family=socket.AF_INET):
        sock = socket.socket(family)
        sock.settimeout(0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # otherwise nobody may bind the port of its TIME_WAIT
        return sock

    def any_of(self, things, take=False):
        if not things:
            return None
        i = self.random.randrange(len(things))
        return things.pop(i) if take else things[i]

    def start_keeper(self):
        """Starts a process that is passed sockets, and closes some of them by and by. Returns the channel to it."""
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        seed = self.random.random()
        pid = os.fork()
        if pid:
            its.close()
            self.pids.append(pid)
            return ours
        libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
        ours.close()
        run_keeper(its, random.Random(seed))
        os._exit(0)

    def do_operation(self):
        self.at = self.random.choice(self.spaces)
        assert libc.setns(self.at.fd, CLONE_NEWNET) == 0
        operation = self.random.choices(list(self.operations), list(self.operations.values()))[0]
        with tolerate_errors():
            operation()
            self.done[operation.__name__] += 1
        self.reap_children(time.monotonic())

    def reap_children(self, now):
        for pid in [pid for pid, end in self.children.items() if end <= now]:
            os.kill(pid, SIGKILL)
            os.waitpid(pid, 0)
            del self.children[pid]

    def come_to_rest(self):
        """Ends half of the forked processes, and with them the sockets that only they hold. Waits for the keepers to rest."""
        for pid in list(self.children)[::2]:
            self.children[pid] = 0
        self.reap_children(time.monotonic())
        for keeper in self.keepers:
            keeper.send(b"rest")
            keeper.recv(10)

    # ---- operations ----

    def listen(self):
        if len(self.at.listeners) > 8:
            return
        family, bound, reached = self.random.choice([
            (socket.AF_INET, "127.0.0.1", "127.0.0.1"), (socket.AF_INET, "0.0.0.0", "127.0.0.1"),
            (socket.AF_INET6, "::1", "::1"), (socket.AF_INET6, "::", "::ffff:127.0.0.1"), (socket.AF_INET6, "::", "::1"),
            (socket.AF_INET, None, "127.0.0.1")])
        sock = self.make_socket(family)
        if bound == "::":
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if bound:
            sock.bind((bound, 0))
        sock.listen(self.random.choice([0, 1, 4, 64, 64]))
        self.at.listeners.append((sock, family, (reached, sock.getsockname()[1])))

    def unlisten(self):
        if len(self.at.listeners) > 2:
            self.any_of(self.at.listeners, take=True)[0].close()

    def connect_to(self, family, address, sock=None):
        sock = sock or self.make_socket(family)
        if sock.connect_ex(address) in (0, errno.EINPROGRESS):
            return sock
        sock.close()
        return None

    def connect(self):
        chosen = self.any_of(self.at.listeners)
        if not chosen or len(self.at.clients) > MAX_PAIRS:
            return
        sock = self.connect_to(*chosen[1:])
        if sock:
            self.at.clients.append(sock)
        if self.random.random() < 0.7:
            self.accept_at(chosen[0])

    def accept_at(self, listener):
        self.at.servers.append(listener.accept()[0])
        self.at.servers[-1].settimeout(0)

    def accept(self):
        chosen = self.any_of(self.at.listeners)
        if chosen:
            self.accept_at(chosen[0])

    def some_end(self, take=False):
        ends = self.random.choice([self.at.clients, self.at.servers])
        return self.any_of(ends, take)

    def close(self):
        sock = self.some_end(take=True)
        if not sock:
            return
        with tolerate_errors():
            self.at.recent = self.at.recent[-20:] + [(sock.family, sock.getsockname(), sock.getpeername())]
        if self.random.random() < 0.3:
            with tolerate_errors():
                sock.recv(1 << 20)
        sock.close()

    def half_close(self):
        sock = self.some_end()
        if sock:
            sock.shutdown(self.random.choice([socket.SHUT_WR, socket.SHUT_WR, socket.SHUT_RDWR]))

    def reset(self):
        sock = self.some_end(take=True)
        if sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()

    def send(self):
        sock = self.some_end()
        if sock:
            sock.send(b"x" * self.random.randrange(1, 3000))

    def clog(self):
        """Closes a socket with more to send than the peer takes: it stays in FIN_WAIT1, or LAST_ACK, for long."""
        sock = self.some_end(take=True)
        if not sock:
            return
        with tolerate_errors():
            while True:
                sock.send(b"x" * (1 << 20))
        sock.close()

    def recall(self):
        """Reads what is there, so that the peer's end may go on."""
        sock = self.some_end()
        if sock:
            while sock.recv(1 << 20):
                pass

    def fork(self):
        """Forks a process, which holds all sockets too, for a while: the parent's close ends nothing then."""
        if len(self.children) >= MAX_CHILDREN:
            return
        pid = os.fork()
        if pid == 0:
            libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
            time.sleep(3600)
            os._exit(0)
        self.pids.append(pid)
        self.children[pid] = time.monotonic() + self.random.choice([0.05, 0.3, 1, 600])

    def pass_on(self):
        sock = self.some_end(take=self.random.random() < 0.7)
        if not sock:
            return
        keeper = self.random.choice(self.keepers)
        rights = array.array("i", [sock.fileno()])
        with tolerate_errors():
            keeper.sendmsg([b"take"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
            keeper.recv(10)
        if sock not in self.at.clients and sock not in self.at.servers:
            sock.close()

    def dup(self):
        sock = self.some_end()
        if sock:
            self.at.servers.append(sock.dup())

    def kill(self):
        sock = self.some_end()
        if sock:
            port = sock.getsockname()[1]
            subprocess.run(["ss", "-Kt", "sport", "=", f":{port}"], check=False, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)

    def reuse(self):
        """Connects with the addresses and ports of a connection that may be in TIME_WAIT."""
        if not self.at.recent:
            return
        family, own, peer = self.any_of(self.at.recent)
        sock = self.make_socket(family)
        sock.bind(own)
        if self.connect_to(family, peer, sock):
            self.at.clients.append(sock)

    def hang(self):
        if len(self.at.waiting) < 20:
            self.at.waiting.append(self.connect_to(socket.AF_INET, ("127.0.0.1", LOST_SYN)))
        elif self.random.random() < 0.5:
            self.any_of(self.at.waiting, take=True).close()

    def half_open(self):
        if len(self.at.waiting) < 20:
            family, host = self.random.choice([(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
            self.at.waiting.append(self.connect_to(family, (host, LOST_ANSWER)))

    def refused(self):
        with self.make_socket() as sock:
            sock.connect_ex(("127.0.0.1", NOBODY))

    def alone(self):
        sock = self.make_socket()
        sock.bind(("127.0.0.1", 0))
        self.at.clients.append(self.connect_to(socket.AF_INET, sock.getsockname(), sock))

    def reconnect(self):
        """Makes another connection with the same socket."""
        sock, chosen = self.any_of(self.at.clients), self.any_of(self.at.listeners)
        if not sock or not chosen:
            return
        unspecified = struct.pack("H26x", socket.AF_UNSPEC)
        if libc.connect(sock.fileno(), unspecified, 16) == 0 and sock.family == chosen[1]:
            sock.connect_ex(chosen[2])

    def crowd(self):
        """Makes more connections than a listener's queue takes."""
        if len(self.at.waiting) > 20:
            return
        sock = self.make_socket()
        sock.bind(("127.0.0.1", 0))
        sock.listen(1)
        address = ("127.0.0.1", sock.getsockname()[1])
        self.at.listeners.append((sock, socket.AF_INET, address))
        self.at.waiting += filter(None, [self.connect_to(socket.AF_INET, address) for _ in range(5)])


def run_keeper(channel, chance):
    """Runs a keeper: takes the sockets that are passed, and closes some of them."""
    kept = []
    while True:
        word, ancillary, _, _ = channel.recvmsg(10, socket.CMSG_SPACE(4))
        if not word:
            return
        for _, _, data in ancillary:
            kept.append(array.array("i", data)[0])
        if word == b"take" and len(kept) > 5 and chance.random() < 0.6:
            os.close(kept.pop(chance.randrange(len(kept))))
        channel.send(b"done")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("netns", nargs="+")
    arguments = parser.parse_args()
    load = Load(arguments.netns, arguments.seed)
    for space in load.spaces:
        assert libc.setns(space.fd, CLONE_NEWNET) == 0
        for family, host in (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"):
            sock = load.make_socket(family)
            sock.bind((host, LOST_ANSWER))
            sock.listen(64)
            space.waiting.append(sock)
    for _ in range(arguments.steps):
        load.do_operation()
    load.come_to_rest()
    print(json.dumps({"seed": arguments.seed, "done": load.done, "pids": load.pids}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
