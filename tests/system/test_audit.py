# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""tcpledger audit: the listeners, their reach, and those that nobody expects."""

import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest
from conftest import NO_LEAKS, PROGRAM, await_that, children_of, connected_pair, listen, messages, port_of, run, select
from test_namespaces import container  # pylint: disable=unused-import
from test_usage import NOBODY

PR_SET_NAME = 15
ID = "0123456789ab" + "0123" * 13


def audit(ns, *arguments, prefix=(), status=0):
    done = ns.exec(*prefix, PROGRAM, "audit", *arguments, check=False)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done


def json_of(ns, *arguments, **kwargs):
    """Returns the lines of the listeners, and the line of the totals, which must agree."""
    *lines, total = [json.loads(line) for line in audit(ns, "--json", *arguments, **kwargs).stdout.splitlines()]
    assert total["type"] == "audit" and {line["type"] for line in lines} <= {"listener"}
    assert total["listeners"] == len([line for line in lines if line["change"] != "gone"]) == sum(total["reach"].values())
    assert total["findings"] == len(select(lines, finding=True))
    return lines, total


def one(lines, **wanted):
    (line,) = select(lines, **wanted)
    return line


def bind(host, port, family=socket.AF_INET, device=None, v6only=None):
    """Makes a bound UDP socket, which waits for packets."""
    made = socket.socket(family, socket.SOCK_DGRAM)
    if device:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    if v6only is not None:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
    made.bind((host, port))
    return made


@pytest.fixture
def keep():
    """Closes the sockets that it is given when the test is over."""
    kept = []

    def take(*sockets):
        kept.extend(sockets)
        return sockets[0]

    yield take
    for each in kept:
        each.close()


@pytest.fixture
def named():
    """Gives this process another name until the test is over."""
    with open("/proc/self/comm", "rb") as file:
        before = file.read().rstrip(b"\n")
    prctl = ctypes.CDLL(None).prctl
    yield lambda name: prctl(PR_SET_NAME, name)
    prctl(PR_SET_NAME, before)


def with_addresses(ns):
    """Adds a link with private, global and link-local addresses; nothing is sent."""
    for words in (["link", "add", "d0", "type", "veth", "peer", "name", "d1"], ["link", "set", "d0", "up"], ["addr", "add", "10.1.2.3/8", "dev", "d0"],
                  ["addr", "add", "203.0.113.7/32", "dev", "d0"], ["addr", "add", "fd00::1/64", "dev", "d0", "nodad"],
                  ["addr", "add", "2001:db8::1/64", "dev", "d0", "nodad"]):
        ns.exec("ip", *words)


# ---- reach ----

def test_reach(ns, keep):
    with_addresses(ns)
    v6 = socket.AF_INET6
    with ns.entered():
        keep(listen("127.0.0.1", 1001), listen("::1", 1002, family=v6), listen("127.3.2.1", 1003))
        keep(listen("10.1.2.3", 1004), listen("fd00::1", 1005, family=v6), listen("::ffff:10.1.2.3", 1006, family=v6, v6only=0))
        keep(listen("203.0.113.7", 1007), listen("2001:db8::1", 1008, family=v6))
        keep(listen("0.0.0.0", 1009), listen("::", 1010, family=v6, v6only=1), listen("::", 1011, family=v6, v6only=0))
        keep(listen("::ffff:127.0.0.1", 1012, family=v6, v6only=0), listen("::ffff:0.0.0.0", 1013, family=v6, v6only=0))
        keep(bind("0.0.0.0", 1014, device="lo"), bind("0.0.0.0", 1015, device="d0"), bind("0.0.0.0", 1016))
        keep(bind("::", 1017, family=v6, v6only=0), bind("224.0.0.251", 1018))
    lines, total = json_of(ns)
    assert {line["lport"]: line["reach"] for line in lines} == {
        1001: "host", 1002: "host", 1003: "host", 1004: "private", 1005: "private", 1006: "private", 1007: "address",
        1008: "address", 1009: "ipv4", 1010: "ipv6", 1011: "all", 1012: "host", 1013: "ipv4", 1014: "host", 1015: "ipv4",
        1016: "ipv4", 1017: "all", 1018: "private"}
    assert total["reach"] == {"host": 5, "private": 4, "address": 2, "ipv4": 4, "ipv6": 1, "ipv6_perhaps_ipv4": 0, "all": 2}
    assert [line["v6only"] for line in lines if line["lport"] in (1010, 1011)].count(True) == 1
    text = audit(ns, "-nH").stdout
    for wanted in (r"127\.0\.0\.1:1001 +this host only", r"10\.1\.2\.3:1004 +private network", r"203\.0\.113\.7:1007 +one address",
                   r"0\.0\.0\.0:1009 +all IPv4 ", r"\[::\]:1010 +all IPv6 ", r"\*:1011 +all IPv4 and IPv6 ",
                   r"0\.0\.0\.0%lo:1014 +this host only"):
        assert re.search(wanted, text), wanted
    assert re.search(r"0\.0\.0\.0%\S+:1015 +all IPv4 on \S+ ", text)


def test_device_has_its_name_here(ns, keep):
    with ns.entered():
        keep(bind("0.0.0.0", 68, device="lo"))
    assert one(json_of(ns)[0], lport=68)["interface"] == "lo"


def test_v6only_is_unknown_from_proc(ns, keep):
    with ns.entered():
        keep(listen("::", 80, family=socket.AF_INET6, v6only=0))
    lines, total = json_of(ns, "--socket-source=proc")
    assert (lines[0]["reach"], lines[0]["v6only"]) == ("ipv6_perhaps_ipv4", None) and total["reach"]["ipv6_perhaps_ipv4"] == 1
    assert re.search(r"\[::\]:80 +all IPv6, perhaps IPv4 ", audit(ns, "-nH", "--socket-source=proc").stdout)


@pytest.mark.any_kernel
@pytest.mark.parametrize("source", ["diag", "proc"])
def test_only_what_waits(ns, keep, source):
    with ns.entered():
        server = keep(*connected_pair())
        keep(bind("127.0.0.1", 2001))
        client = keep(bind("127.0.0.1", 2002))
        client.connect(("127.0.0.1", 2001))
        keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    lines, _ = json_of(ns, f"--socket-source={source}")
    assert {(line["proto"], line["lport"]) for line in lines} == {("tcp", port_of(server)), ("udp", 2001)}


# ---- owners ----

@pytest.mark.any_kernel
def test_owner_and_user(ns, process):
    with ns.entered():
        server = listen("127.0.0.1", 7701)
    holder = process(["sleep", "60"], pass_fds=[server.fileno()])
    second = process(["sleep", "60"], pass_fds=[server.fileno()])
    server.close()
    await_that(lambda: all(open(f"/proc/{each.pid}/comm", encoding="utf-8").read() == "sleep\n" for each in (holder, second)), "two")
    line = one(json_of(ns)[0], lport=7701)
    assert (line["comm"], line["process"], line["uid"], line["user"], line["container"]) == ("sleep", "sleep", 0, "root", None)
    assert {owner["pid"] for owner in line["owners"]} == {holder.pid, second.pid}
    assert re.search(rf"127\.0\.0\.1:7701 +this host only +{min(holder.pid, second.pid)}/sleep \+1 +root$",
                     audit(ns, "-nH").stdout.rstrip())


@pytest.mark.any_kernel
def test_user_without_a_name(ns):
    script = ("import os,socket,subprocess,sys; os.setresuid(54321, 54321, 0); s = socket.create_server(('127.0.0.1', 7702)); "
              "os.setresuid(0, 0, 0); sys.exit(subprocess.run(sys.argv[1:], check=False).returncode)")
    done = ns.exec("/usr/bin/python3", "-c", script, PROGRAM, "audit", "--json")
    line = json.loads(done.stdout.splitlines()[0])
    assert (line["uid"], line["user"]) == (54321, "54321")


@pytest.mark.any_kernel
def test_container(container):
    """A listener is shown with its container, named after the control group. The container has a 127.0.0.1 of its own."""
    made = container(f"docker-{ID}.scope", 7703)
    done = run(PROGRAM, "audit", "--json", "--netns", str(made.inode))
    line = json.loads(done.stdout.splitlines()[0])
    assert (line["container"], line["netns"], line["lport"], line["pid"]) == ("docker:0123456789ab", made.inode, 7703, made.process.pid)
    heading, row = run(PROGRAM, "audit", "-n", "-N", ID[:12]).stdout.splitlines()
    assert row[heading.index("Container"):] == "docker:0123456789ab"


# ---- ports that should not be public ----

@pytest.mark.any_kernel
def test_exposed_port_is_a_finding_without_policy(ns, keep):
    with ns.entered():
        keep(listen("0.0.0.0", 80))
        assert json_of(ns)[1]["findings"] == 0
        inside = keep(listen("127.0.0.1", 6379))
        assert one(json_of(ns)[0], lport=6379)["note"] == "Redis"
        inside.close()
        keep(listen("0.0.0.0", 6379))
    lines, total = json_of(ns, status=3)
    assert (total["exposed"], total["findings"]) == (1, 1)
    assert one(lines, finding=True)["note"] == "Redis: has no login by default, and can be made to run code"
    done = audit(ns, status=3)
    first = done.stdout.splitlines()[1]
    assert "0.0.0.0:redis" in first and first.endswith(
        f"Redis: has no login by default, and can be made to run code; program {os.path.realpath('/proc/self/exe')}"
    )
    assert done.stderr == "tcpledger: 2 listeners: 2 all IPv4; 1 that should not be public\n"


def test_protocol_counts(ns, keep):
    with ns.entered():
        keep(listen("0.0.0.0", 161 + 1000), bind("0.0.0.0", 161), bind("0.0.0.0", 6379))
    lines, _ = json_of(ns, status=3)
    assert [(line["proto"], line["lport"]) for line in lines if line["finding"]] == [("udp", 161)]


@pytest.mark.any_kernel
def test_known_by_its_name(ns, keep, named):
    with ns.entered():
        keep(listen("0.0.0.0", 9999))
    named(b"redis-server")
    assert one(json_of(ns, status=3)[0], lport=9999)["note"].startswith("Redis: ")


@pytest.mark.any_kernel
@pytest.mark.parametrize("name,port", [(b"dockerd", 7946), (b"consul", 8600), (b"prometheus", 9093)])
def test_another_port_of_a_service_is_no_finding(ns, keep, named, name, port):
    with ns.entered():
        keep(listen("0.0.0.0", port))
    named(name)
    assert one(json_of(ns)[0], lport=port)["note"] is None


@pytest.mark.any_kernel
def test_table_of_ports():
    done = run(PROGRAM, "audit", "--ports")
    assert done.returncode == 0 and done.stderr == ""
    heading, *rows = done.stdout.splitlines()
    assert heading.split()[:3] == ["Port", "Service", "Process"]
    for wanted in ("2375-2376/tcp", "6379/tcp", "11211/tcp+udp", "27017-27019/tcp", "512-514/tcp", "161/tcp+udp", "69/udp"):
        assert any(row.split()[0] == wanted for row in rows), wanted
    lines = [json.loads(line) for line in run(PROGRAM, "audit", "--ports", "--json").stdout.splitlines()]
    assert len(lines) == len(rows) and {line["type"] for line in lines} == {"exposed_port"}
    assert select(lines, first=6379, process="redis-server")[0]["service"] == "Redis"
    assert select(lines, first=6379, any_port=True) and select(lines, process="dockerd", any_port=False)
    assert any("redis-server:*" in row for row in rows) and not any("dockerd:*" in row for row in rows)


# ---- a policy ----

@pytest.mark.any_kernel
@pytest.mark.parametrize("entries,outside", [
    (["ssh"], {80, 443, 5432, 8001, 53}), (["http,https/tcp", "53/udp"], {22, 5432, 8001}), (["22,80,443/udp"], {443, 5432, 8001, 53}),
    (["8000-8100/tcp,1-443"], {5432}), (["10.0.0.0/8:5432"], {22, 80, 443, 8001, 53}), (["10.1.2.3:*,0.0.0.0:1-65535"], {443}),
    (["[::]:443"], {22, 80, 5432, 8001, 53}), (["policed:80", "policed:5000-6000/tcp"], {22, 443, 8001, 53}), (["policed:*"], set()),
    (["other:*"], {22, 80, 443, 5432, 8001, 53}), (["*/tcp"], {53})])
def test_policy(ns, keep, named, entries, outside):
    with_addresses(ns)
    with ns.entered():
        keep(listen("0.0.0.0", 22), listen("0.0.0.0", 80), listen("::", 443, family=socket.AF_INET6, v6only=0))
        keep(listen("10.1.2.3", 5432), listen("0.0.0.0", 8001), bind("0.0.0.0", 53), listen("127.0.0.1", 9))
    named(b"policed")
    arguments = [word for entry in entries for word in ("--allow", entry)]
    lines, total = json_of(ns, *arguments, status=3 if outside else 0)
    assert {line["lport"] for line in select(lines, finding=True)} == outside
    assert {line["lport"] for line in select(lines, allowed=False)} == outside and total["outside"] == len(outside)
    assert one(lines, lport=9)["allowed"] is True, "only this host can reach it"
    assert all("not allowed" in line["note"] for line in select(lines, finding=True))


@pytest.mark.any_kernel
def test_long_names_are_compared_as_far_as_they_are_known(ns, keep, named):
    with ns.entered():
        keep(listen("0.0.0.0", 8001))
    named(b"systemd-networkd")
    audit(ns, "--allow", "systemd-networkd:8001")
    audit(ns, "--allow", "systemd-networ:8001", status=3)


@pytest.mark.any_kernel
def test_policy_file(ns, keep, named, tmp_path):
    with ns.entered():
        keep(listen("0.0.0.0", 80), listen("0.0.0.0", 8001))
    named(b"policed")
    policy = tmp_path / "policy"
    policy.write_text("# what we run\n\n  http   # the site\n")
    assert [line["lport"] for line in select(json_of(ns, f"--policy={policy}", status=3)[0], finding=True)] == [8001]
    audit(ns, f"--policy={policy}", "--allow=policed:8001")
    policy.write_bytes(b"\xef\xbb\xbfpoliced :*\r\n")
    audit(ns, f"--policy={policy}")
    policy.write_text("")
    done = audit(ns, f"--policy={policy}", status=3)
    assert done.stderr == "tcpledger: 2 listeners: 2 all IPv4; 2 outside the policy\n"


@pytest.mark.any_kernel
@pytest.mark.parametrize("entry,message", [
    ("ngnix", "'ngnix': there is no such service; for a process of that name give ngnix:80, or ngnix:* for all its ports"),
    ("ssh,", "'ssh,': an entry of the list is empty: leave out the comma beside it"), ("70000/tcp", "'70000/tcp': port 70000 is out of range: give 1 to 65535"),
    ("443/tpc", "'443/tpc': '/tpc' is no protocol; the nearest is /tcp"),
    ("8100-8000", "'8100-8000': the range ends before it begins: give 8000-8100"),
    ("10.0.0.1", "'10.0.0.1': an address needs a port: give 10.0.0.1:80, or 10.0.0.1:* for all ports"),
    ("::1", "'::1': an IPv6 address stands in brackets, and needs a port: give [::1]:80, or [::1]:*"),
    ("nginx:web", "'nginx:web': 'web' is no service: give the number of a port, a range, or *"),
    ("*", "'*': this would expect everything: name a port, a process or an address"),
    ("80 443,", "'80 443': these are several entries: separate them with commas"),
    ("\xa0:x", "'\\xc2\\xa0:x': 'x' is no service: give the number of a port, a range, or *"),
    ("\x1b[2J:x", "'\\x1b[2J:x': a control character has no place in it")])
def test_wrong_entries(tmp_path, entry, message):
    done = run(PROGRAM, "audit", "--allow", entry)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"tcpledger: --allow: {message}\n")
    if "," in entry:
        return
    policy = tmp_path / "policy"
    policy.write_text(f"ssh\n# c\n {entry} # d\n")
    done = run(PROGRAM, "audit", "--policy", str(policy))
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"tcpledger: --policy {policy}, line 3: {message}\n")


@pytest.mark.any_kernel
@pytest.mark.parametrize("content,message", [
    (b"ssh\nht\0tp\n", ", line 2: it holds a NUL: this is no text"),
    (b"x" * 300, f", line 1: '{'x' * 40}…': an entry has at most 255 characters, and this has 300"),
    (b"80 443\n", ", line 1: '80 443': these are several entries: give each a line of its own"),
    (b"ssh, http\n", ", line 1: a comma has no place here: give each entry a line of its own"),
    (b"#\n" * (1 << 19) + b"#", ": the file has more than 1048576 bytes")],
                         ids=["nul", "long", "several", "comma", "large"])
def test_hostile_policy_files(tmp_path, content, message):
    policy = tmp_path / "policy"
    policy.write_bytes(content)
    done = run(PROGRAM, "audit", "--policy", str(policy))
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"tcpledger: --policy {policy}{message}\n")


@pytest.mark.any_kernel
@pytest.mark.parametrize("path,message", [("/nonexistent/p", "No such file or directory"), ("/etc", "Is a directory")])
def test_policy_files_that_cannot_be_read(path, message):
    done = run(PROGRAM, "audit", "--policy", path)
    assert (done.returncode, done.stderr) == (2, f"tcpledger: --policy {path}: it cannot be read: {message}\n")


@pytest.mark.any_kernel
def test_endless_policy_file():
    done = run(PROGRAM, "audit", "--policy", "/dev/zero")
    assert done.returncode == 2 and "more than 1048576 bytes" in done.stderr


# ---- namespaces, columns, filters ----

@pytest.mark.any_kernel
def test_namespaces(netns, keep):
    spaces = [netns(), netns()]
    for number, each in enumerate(spaces):
        with each.entered():
            keep(listen("0.0.0.0", 7101 + number))
    first, second = spaces
    assert [line["lport"] for line in json_of(first)[0]] == [7101]
    assert [line["lport"] for line in json_of(first, "-N", second.name)[0]] == [7102]
    lines, _ = json_of(first, "--all-netns", "sport", "=", ":7101", "or", "sport", "=", ":7102")
    assert {line["lport"]: line["netns_name"] for line in lines} == {7101: first.name, 7102: second.name}
    text = audit(first, "-n", "--all-netns", ":7101").stdout
    assert "NETNS" in text.splitlines()[0] and first.name in text
    assert "NETNS" not in audit(first, "-N", second.name).stdout


@pytest.mark.any_kernel
def test_letters(ns, keep):
    with ns.entered():
        keep(listen("127.0.0.1", 80), bind("127.0.0.1", 53), listen("::1", 80, family=socket.AF_INET6))
    def shown(*arguments):
        return [tuple(row.split()[:2]) for row in audit(ns, *arguments).stdout.splitlines()]
    assert shown("-H", "-t", "-4") == [("tcp", "127.0.0.1:http")]
    assert shown("-Hnu") == [("udp", "127.0.0.1:53")]
    assert shown("-Hn6") == [("tcp", "[::1]:80")]
    assert shown("-Hn", ":80", "and", "src", "127.0.0.1") == [("tcp", "127.0.0.1:80")]
    assert shown()[0] == ("Netid", "Local") and len(shown()) == 4


@pytest.mark.any_kernel
def test_widths_are_those_of_the_data(ns, keep):
    with ns.entered():
        keep(listen("127.0.0.1", 80), listen("::", 8080, family=socket.AF_INET6, v6only=0))
    heading, *rows = audit(ns, "-n").stdout.splitlines()
    for name in "Reach", "Process", "User":
        column = heading.index(name)
        assert all(row[column - 1] == " " and row[column] != " " for row in rows)


@pytest.mark.any_kernel
def test_color(ns, keep):
    with ns.entered():
        keep(listen("0.0.0.0", 6379), listen("127.0.0.1", 80))
    assert "\x1b" not in audit(ns, status=3).stdout
    first, second = audit(ns, "-H", "--color=always", status=3).stdout.splitlines()
    assert first.startswith("\x1b[31mtcp") and "\x1b[0m" in first and "\x1b" not in second


# ---- nginx and Redis ----

def start_nginx(ns, process, folder):
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    assert program, "packaging/requirements installs it"
    conf = folder / "nginx.conf"
    conf.write_text(f"pid {folder}/pid; error_log {folder}/log; daemon off; events {{}}\n"
                    "http { access_log off; server { listen 80; } }\n")
    server = process(["nsenter", f"--net=/run/netns/{ns.name}", program, "-c", str(conf)], stderr=subprocess.DEVNULL)
    await_that(lambda: ":80 " in ns.exec("ss", "-Htln").stdout and children_of(server.pid), "nginx to listen, and its worker")
    return server


@pytest.mark.heavy
def test_nginx_is_expected_and_redis_is_not(ns, process, keep, named, tmp_path):
    start_nginx(ns, process, tmp_path)
    named(b"redis-server")
    with ns.entered():
        public = keep(listen("0.0.0.0", 6379), listen("::", 6379, family=socket.AF_INET6, v6only=1))
    done = audit(ns, "--allow", "nginx:80", status=3)
    heading, first, second, third = done.stdout.splitlines()
    assert heading.split()[-1] == "Note"
    for row in first, second:
        assert re.search(r":redis .*/redis-server .* not allowed; Redis", row)
    assert re.search(r"0\.0\.0\.0:http +all IPv4 +\d+/nginx \+\d+ +root$", third)
    assert "2 outside the policy" in done.stderr
    assert public


@pytest.mark.heavy
def test_redis_on_this_host_only(ns, process, keep, named, tmp_path):
    start_nginx(ns, process, tmp_path)
    named(b"redis-server")
    with ns.entered():
        keep(listen("127.0.0.1", 6379))
    done = audit(ns, "--allow", "nginx:80")
    assert "127.0.0.1:redis" in done.stdout
    assert done.stderr == "tcpledger: 2 listeners: 1 this host only, 1 all IPv4; 0 outside the policy\n"


# ---- without privilege ----

@pytest.mark.any_kernel
def test_filter_by_owner_without_privilege(ns, keep):
    """Listeners that are left out, since it is not known whose they are, are counted, and the audit is not clean."""
    with ns.entered():
        keep(listen("127.0.0.1", 7701), listen("127.0.0.1", 7702))
    lines, total = json_of(ns, "comm nginx", prefix=NOBODY, status=3)
    assert (lines, total["findings"], total["left_out"]) == ([], 0, 2)


@pytest.mark.any_kernel
@pytest.mark.parametrize("hidepid", ["2", "ptraceable"])
def test_hidepid(ns, keep, hidepid):
    """Where /proc hides the processes of others, it is that which is blamed. With the right to see them they are seen."""
    with ns.entered():
        keep(listen("0.0.0.0", 7701))
    hides = ["unshare", "--mount", "sh", "-c", f'mount -t proc -o hidepid={hidepid} proc /proc && exec "$@"', "sh"]
    done = audit(ns, "-nH", prefix=[*hides, *NOBODY])
    assert re.search(r"^tcp +0\.0\.0\.0:7701 +all IPv4 +- +root$", done.stdout, re.M)
    assert messages(done)[1:] == [
        "tcpledger: warning: 1 listener is held by processes that cannot be seen, shown as -: /proc hides the processes of others (hidepid): "
        "run as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"]
    assert f"{os.getpid()}/" in audit(ns, "-nH", prefix=[*hides, *NO_LEAKS]).stdout


@pytest.mark.any_kernel
def test_without_privilege(ns, keep):
    with ns.entered():
        keep(listen("0.0.0.0", 80), listen("0.0.0.0", 7701))
    done = audit(ns, "-nH", prefix=NOBODY)
    assert re.search(r"^tcp +0\.0\.0\.0:80 +all IPv4 +- +root$", done.stdout, re.M)
    summary, warning = done.stderr.splitlines()
    assert summary == "tcpledger: 2 listeners: 2 all IPv4; 0 that should not be public"
    assert warning == ("tcpledger: warning: 2 listeners are held by processes that may not be looked into, shown as -: run as root, "
                       "or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH")


@pytest.mark.any_kernel
def test_without_privilege_what_may_be_allowed_is_not_passed_over(ns, keep):
    with ns.entered():
        keep(listen("0.0.0.0", 80), listen("0.0.0.0", 7701))
    lines, total = json_of(ns, "--allow", "nginx:80", prefix=NOBODY, status=3)
    assert {line["lport"]: line["allowed"] for line in lines} == {80: None, 7701: False}
    assert one(lines, lport=80)["note"] == "not allowed, unless by its process, which is unknown"
    assert (total["outside"], total["unknown_owners"]) == (2, 2)
    audit(ns, "--allow", "80,7701", prefix=NOBODY)


# ---- hostile ----

@pytest.mark.any_kernel
def test_hostile_names(ns, keep, named, tmp_path):
    baseline = str(tmp_path / "baseline")
    with ns.entered():
        keep(listen("0.0.0.0", 7701))
    named(b'a"b\x1b[2J\n c')
    for holders in "iter", "proc":
        text = audit(ns, f"--holder-source={holders}", "--allow=1", status=3).stdout
        assert "\x1b" not in text and len(text.splitlines()) == 2 and r'/"a\x22b\x1b[2J\x0a c" ' in text
        assert one(json_of(ns, f"--holder-source={holders}")[0], lport=7701)["process"] == 'a"b\x1b[2J\n c'
    audit(ns, "--baseline", baseline)
    assert "a%22b%1b%5b2J%0a%20c" in open(baseline, encoding="utf-8").read()
    named(b"x")
    text = audit(ns, "--baseline", baseline).stdout
    assert "\x1b" not in text and r'process was a"b\x1b[2J\x0a c' in text


@pytest.mark.any_kernel
def test_listeners_that_come_and_go(ns, process):
    script = ("import socket\nwhile True:\n s = [socket.create_server(('127.0.0.1', 0)) for _ in range(50)]\n"
              " for each in s: each.close()")
    busy = process(["nsenter", f"--net=/run/netns/{ns.name}", "/usr/bin/python3", "-c", script])
    await_that(lambda: ns.exec("ss", "-Htln").stdout, "listeners")
    for _ in range(10):
        json_of(ns)
    busy.send_signal(signal.SIGKILL)


@pytest.mark.any_kernel
def test_many(ns, keep, tmp_path):
    baseline = str(tmp_path / "baseline")
    with ns.entered():
        for port in range(10000, 10700):
            keep(bind("127.0.0.1", port))
    began = time.monotonic()
    audit(ns, "--baseline", baseline)
    _, total = json_of(ns, "--baseline", baseline)
    assert total["listeners"] == 700 and total["new"] == 0 and time.monotonic() - began < 60


# ---- wrong use ----

@pytest.mark.any_kernel
@pytest.mark.parametrize("arguments,message", [
    (["--save"], "--save: where? Give --baseline FILE, too"), (["-x"], "-x: there is no letter 'x'; there are"),
    (["--alow=ssh"], "--alow: there is no such option; the nearest is --allow"),
    (["sprot", "=", ":80"], "'sprot' is not understood here; the nearest is 'sport'"),
    (["-N", "nosuch"], "--netns nosuch: no such network namespace: there "),
    (["--allow", ""], "--allow: '': there is no entry: give a port, or who may have which, as nginx:80"),
    (["--policy", ""], "--policy: the name of the file is empty: give a FILE with an entry on each line"),
    (["--baseline", ""], "--baseline: the name of the file is empty: give a FILE, to compare with or to save"),
    (["-N", "host", "--all-netns"], "--netns and --all-netns: in one network namespace, or in all? Give one of them"),
    (["--socket-source=x"], "--socket-source x: give auto, diag or proc")])
def test_wrong_use(arguments, message):
    done = run(PROGRAM, "audit", *arguments)
    assert (done.returncode, done.stdout) == (2, "") and message in done.stderr


@pytest.mark.any_kernel
@pytest.mark.parametrize("arguments,other", [
    (["-u"], "--udp"), (["-4"], "--ipv4"), (["--allow=ssh"], "--allow"), (["--policy=/dev/null"], "--policy"), (["-N", "host"], "--netns"),
    (["--all-netns"], "--all-netns"), (["--holder-source=proc"], "--holder-source"), (["nginx"], "FILTER"),
    (["--save", "--baseline={}", "nginx"], "FILTER"), (["--save", "--baseline={}"], "--baseline")])
def test_table_of_ports_is_asked_for_alone(tmp_path, arguments, other):
    arguments = [word.format(tmp_path / "baseline") for word in arguments]
    for words in ["--ports", *arguments], [*arguments, "--ports"]:
        done = run(PROGRAM, "audit", *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"tcpledger: --ports and {other}: the table of ports is the same whatever listens: leave one out\n"
    assert not os.listdir(tmp_path)
    assert run(PROGRAM, "audit", "--ports", "-nHv", "--color=never", "--json").returncode == 0


@pytest.mark.any_kernel
def test_full_disk():
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([PROGRAM, "audit"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "No space left" in done.stderr


@pytest.mark.any_kernel
def test_help_tells_of_it():
    text = " ".join(run(PROGRAM, "audit", "--help").stdout.split())
    for part in "nginx:80", "8000-8100/tcp", "[::1]:631", "--baseline", "3 findings", "--ports":
        assert part in text
    assert "audit" in run(PROGRAM, "--help").stdout
