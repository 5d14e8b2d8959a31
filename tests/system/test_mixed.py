# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""After random mixed load the table equals the kernel's: no row more, none less, same state, same holders."""

import json
import os
import subprocess
import sys

import pytest
from account import Replay, at_rest, await_reported, by_table, difference, next_table, tables_of
from conftest import seeds, select

pytestmark = [pytest.mark.heavy, pytest.mark.alone]

LOAD = os.path.join(os.path.dirname(__file__), "mixed_load.py")
SANITIZED = bool(os.environ.get("SANITIZE"))
STEPS = 1500 if SANITIZED else 4000


@pytest.fixture
def spaces(netns):
    """Namespaces in which SYNs to port 9 and answers from port 7 are lost, and TIME_WAIT is used again at once."""
    made = [netns(f"mixed{i}") for i in range(3)]
    for ns in made:
        ns.lose_arriving("tcp dport 9 drop; tcp sport 7 tcp flags & (syn | ack) == (syn | ack) drop;")
        ns.sysctl("net.ipv4.tcp_tw_reuse", 1)
        ns.exec("sysctl", "-qw", "net.ipv4.tcp_tw_reuse_delay=1", check=False)  # since Linux 6.14
    made[1].sysctl("net.ipv4.ip_local_port_range", "40000 40200")
    made[2].sysctl("net.ipv4.tcp_max_tw_buckets", 20)
    return made


def of_spaces(spaces):
    return [" or ".join(f"netns {ns.name}" for ns in spaces)]


class Load:
    """A mixed load, which runs until it rests. Its processes hold the sockets that are left until the test is over."""

    def __init__(self, process, spaces, seed, steps=STEPS):
        print(f"mixed load: --seed {seed} --steps {steps}")
        self.process = process([sys.executable, LOAD, "--seed", str(seed), "--steps", str(steps), *(ns.name for ns in spaces)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def await_rest(self):
        said = json.loads(self.process.stdout.readline())
        print(said)
        assert set(said["done"]) >= {"listen", "connect", "reset", "half_close", "fork", "pass_on", "unlisten", "crowd",
                                     "reuse", "kill"}
        return set(said["pids"])


def take_last_table(tracer, *arguments):
    """Starts a tracer, and returns its last table."""
    table = tracer("-b", *arguments, command="top")
    assert table.process.wait(60) == 0, table.errors()
    return tables_of(table)[-1]


def assert_same(spaces, theirs, lines, what):
    for ns, account in zip(spaces, theirs):
        ours = by_table(lines, ns.inode)
        assert not difference(account.rows, ours.rows), what
        wrong = {row: (account.owners[row], ours.owners[row]) for row in account.rows
                 if account.owners[row] != ours.owners[row]}
        assert not wrong, f"{what}: holders (ss, table)"


def assert_true_owners(spaces, lines, pids):
    """Checks that the owner is one of the holders; for a socket that nobody holds, a process of the load, or unknown."""
    for ns in spaces:
        for line in select(lines, type="socket", netns=ns.inode):
            holders = {owner["pid"] for owner in line["owners"]}
            assert line["pid"] in (holders or pids | {None}), line


def assert_replays(spaces, replay):
    """Checks that the sockets that were found, and all transitions since, add up to those that exist, within 2 s."""
    for ns in spaces:
        await_reported(ns, replay)
    assert not replay.wrong, replay.wrong[:3]


@pytest.mark.soak
@pytest.mark.parametrize("seed", seeds(2, 20))
def test_table_equals_ss_after_mixed_load(spaces, tracer, process, seed):
    """Compares tables kept since before the load and tables begun at rest, from either source; and adds up the lines of a trace."""
    filters = of_spaces(spaces)
    kept = {source: tracer("-b", "-d", "1", "-n", "1000", f"--snapshot-source={source}", *filters, command="top")
            for source in ("iter", "proc")}
    replay = Replay(tracer("--snapshot", *filters))
    load = Load(process, spaces, seed)
    pids = load.await_rest()
    ways = {
        "iter, kept": lambda: next_table(kept["iter"]),
        "proc, kept": lambda: next_table(kept["proc"]),
        "iter, new": lambda: take_last_table(tracer, "-n", "1", "--snapshot-source=iter", *filters),
        "proc, new": lambda: take_last_table(tracer, "-n", "2", "-d", "0.1", "--snapshot-source=proc", *filters),
    }
    for what, take in ways.items():
        theirs, lines = at_rest(spaces, take, owners=True)
        assert_same(spaces, theirs, lines, what)
        assert_true_owners(spaces, lines, pids)
    states = {row[0] for account in theirs for row in account.rows}
    assert states >= {"LISTEN", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "TIME_WAIT", "FIN_WAIT2", "CLOSE_WAIT"}
    assert_replays(spaces, replay)
    for table in kept.values():
        assert table.stop()["dropped"] == 0
    assert replay.trace.stop()["dropped"] == 0
