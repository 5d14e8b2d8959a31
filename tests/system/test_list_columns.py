# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Columns of tcpledger list: no name that others give can shift them, and nothing is shown that is not known."""

import json
import os
import re
import socket
import subprocess

import pytest
from conftest import PROGRAM, await_that, connect, connected_pair, listen, port_of, run
from test_list import by_ss, by_us, rows_of, tcpledger
from test_namespaces import ALONE, cgroup_root

pytestmark = pytest.mark.any_kernel


@pytest.fixture
def group():
    """Makes a control group of that name, which is removed once it is empty."""
    made = []

    def make(name):
        made.append(os.path.join(cgroup_root(), name))
        os.mkdir(made[-1])
        return made[-1]

    yield make
    for path in made:
        await_that(lambda path=path: not os.path.exists(path) or remove_group(path), "the control group to be empty")


def remove_group(path):
    try:
        os.rmdir(path)
    except OSError:
        return False
    return True


def test_namespace_with_spaces_in_its_name(netns):
    """Spaces in a name make no more columns, and the name can be asked for as it is printed."""
    ns = netns("a tcp LISTEN b")
    shown = ns.name.replace(" ", "\\x20")
    with ns.entered():
        server = listen()
    for name in ns.name, shown:
        done = run(PROGRAM, "list", "-Htln", "--all-netns", f"netns '{name}'")
        assert done.stdout.split() == ["tcp", "LISTEN", "0", "16", shown, f"127.0.0.1:{port_of(server)}", "0.0.0.0:*"]


def test_control_group_with_spaces_in_its_name(ns, group, process):
    name = f"tl{os.getpid()}"  # another run of this test at the same time has another name
    path = group(f"{name} uid:0 container:docker:0123456789ab")
    script = "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(flush=True); sys.stdin.read()"
    child = process(["nsenter", f"--net=/run/netns/{ns.name}", "sh", "-c", 'echo $$ > "$1/cgroup.procs"; exec python3 -c "$2"',
                     "sh", path, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline()
    words = run(PROGRAM, "list", "-Htlne", "-N", ns.name).stdout.split()
    assert [word for word in words if word.startswith("container:")] == []
    assert [word for word in words if word.startswith("cgroup:")] == [
        f"cgroup:/{name}\\x20uid:0\\x20container:docker:0123456789ab"]
    child.communicate()


def test_namespaces_that_come_later_have_a_column():
    script = """exec 3< <("$1" list -c --interval 0.1 -Htln --all-netns)
                tell() { timeout 60 grep -q -m 1 "$1" <&3; }
                ip link set lo up; python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 5101)); time.sleep(150)' &
                tell '^tcp *LISTEN *0 *[0-9]* 127.0.0.1:5101 ' || exit 10
                ip netns add later
                ip netns exec later python3 -c 'import socket, time; s = socket.create_server(("0.0.0.0", 5102)); time.sleep(150)' &
                tell '^tcp *LISTEN *0 *[0-9]* later  *0.0.0.0:5102 ' || exit 11
                kill %1 %2"""
    done = run(*ALONE[:1], "--net", *ALONE[1:], "", "bash", "-c", script, "bash", PROGRAM)
    assert done.returncode == 0, done


def test_star_for_both_families_as_ss(ns):
    kept = []
    with ns.entered():
        for host in "::", "::1", "::ffff:127.0.0.1", "::ffff:0.0.0.0":
            for v6only in (0, 1)[:1 if "ffff" in host else 2]:
                kept.append(listen(host, family=socket.AF_INET6, v6only=v6only))
        kept.append(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
        kept[-1].bind(("::ffff:127.0.0.1", 0))
    assert by_us(ns, "tuln") == by_ss(ns, "tuln") and len(kept) == 7


def test_states_side_by_side_as_ss(ns):
    with ns.entered():
        server, client, accepted = connected_pair()
        gone = connect("127.0.0.1", port_of(server))
    gone.shutdown(socket.SHUT_WR)
    await_that(lambda: "FIN-WAIT-2" in {row[0] for row in ns.ss()}, "the peer to know")
    for words in ("state listening state established", "state fin-wait-1 state fin-wait-2 state close-wait",
                  f"state established state fin-wait-2 dport = :{port_of(server)}"):
        theirs = [f"tcp {line}" for line in ns.exec("ss", "-Htan", *words.split()).stdout.splitlines()]
        assert rows_of("\n".join(theirs)) == rows_of(tcpledger(ns, "-Htan", *words.split()).stdout) and theirs
    for each in server, client, accepted, gone:
        each.close()


def test_path_that_is_not_about_unix_sockets(ns):
    done = tcpledger(ns, "-tan", "src", "/run/x", status=2)
    assert "'/run/x' is a path, and this is not about unix sockets: 'tcpledger list -x' is" in done.stderr and done.stdout == ""


def hanging_connect(ns):
    with ns.entered():
        hanging = socket.socket()
    hanging.setblocking(False)
    hanging.connect_ex(("127.0.0.1", 9))
    return hanging


def text_before_it_is_sent_again(ns):
    """Returns the list with a hanging connect that has not retransmitted yet; None when that was too late. After the first
    retransmission the connect has a ssthresh, under cubic."""
    with hanging_connect(ns):
        text = tcpledger(ns, "-tani").stdout
    return text if "SYN_SENT" in text and " retrans:" not in text else None


def test_internals_of_those_that_have_none(ns):
    """A listener has no round-trip time, and a socket that never sent anything has no time since it did."""
    ns.nft("tcp dport 9 drop")
    with ns.entered():
        server = listen()
    hanging = hanging_connect(ns)
    lines = {line["state"]: line["tcp_info"] for line in
             map(json.loads, tcpledger(ns, "-tani", "--json").stdout.splitlines())}
    assert lines["LISTEN"]["cwnd"] > 0
    assert {lines["LISTEN"][name] for name in ("rtt_us", "rto_us", "mss", "ssthresh", "min_rtt_us", "unacked")} == {None}
    assert lines["SYN_SENT"]["rto_us"] >= 1000000
    assert {lines["SYN_SENT"][name] for name in ("last_data_sent_us", "last_ack_recv_us", "snd_wscale")} == {None}
    hanging.close()
    text = await_that(lambda: text_before_it_is_sent_again(ns), "a look within its first second")
    assert "lastsnd" not in text and not re.search(r" (rtt|ssthresh):", text)
    server.close()


def test_summary_of_what_was_asked_for(ns):
    with ns.entered():
        server, client, accepted = connected_pair()
    assert tcpledger(ns, "-Hst").stdout.split() == ["tcp", "3", "3", "0", "2", "ESTABLISHED,", "1", "LISTEN"]
    assert tcpledger(ns, "-Hstl").stdout.split() == ["tcp", "1", "1", "0", "1", "LISTEN"]
    for each in server, client, accepted:
        each.close()


def test_protocol_that_netlink_does_not_know(ns):
    """An error is reported where the kernel has no raw_diag; where it has, there is none."""
    done = ns.exec(PROGRAM, "list", "-w", "--socket-source=diag", check=False)
    if done.returncode:
        assert done.returncode == 1
        assert done.stderr == f"tcpledger: the raw sockets of network namespace {ns.inode} cannot be read: Operation not supported\n"
    else:
        assert done.stderr == ""
