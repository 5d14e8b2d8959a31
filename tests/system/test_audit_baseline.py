# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""tcpledger audit --baseline: listeners that are new, changed or gone since a file was saved, and the file itself."""

import json
import os
import re
import socket
import stat

import pytest
from conftest import PROGRAM, let_all_enter, listen, port_of, run
from test_audit import audit, bind, json_of, keep, named, one  # pylint: disable=unused-import
from test_usage import NOBODY

pytestmark = pytest.mark.any_kernel

HEADER = "# tcpledger audit baseline 1\n"


def test_baseline(ns, keep, named, tmp_path):
    baseline = tmp_path / "baseline"
    named(b"steady")
    with ns.entered():
        keep(listen("0.0.0.0", 22))
        redis = keep(listen("127.0.0.1", 6379))
        passing = keep(listen("127.0.0.1", 9000))
    done = audit(ns, "--baseline", str(baseline))
    assert done.stderr.endswith(f"tcpledger: saved 3 listeners as the baseline, in {baseline}\n")
    assert stat.S_IMODE(baseline.stat().st_mode) == 0o600 and os.listdir(tmp_path) == ["baseline"]
    saved = baseline.read_text()
    assert saved.startswith(HEADER) and f"tcp 127.0.0.1 6379 host - steady root - {ns.name}\n" in saved
    lines, total = json_of(ns, "--baseline", str(baseline))
    assert {line["change"] for line in lines} == {"none"} and (total["new"], total["changed"], total["gone"]) == (0, 0, 0)

    redis.close()
    passing.close()
    with ns.entered():
        keep(listen("0.0.0.0", 6379), listen("127.0.0.1", 9001))
    lines, total = json_of(ns, "--baseline", str(baseline), status=3)
    assert (total["new"], total["changed"], total["gone"], total["findings"]) == (1, 1, 1, 2)
    assert {line["lport"]: (line["change"], line["finding"]) for line in lines} == {
        22: ("none", False), 6379: ("changed", True), 9000: ("gone", False), 9001: ("new", True)}
    assert one(lines, lport=6379)["note"].startswith("was at 127.0.0.1 (this host only); Redis")
    gone = one(lines, lport=9000)
    assert (gone["owners"], gone["owners_complete"]) == ([], False), "who held it is not known any more"
    assert (gone["pid"], gone["inode"], gone["netns"], gone["process"], gone["netns_name"]) == (None, None, None, "steady", ns.name)
    assert baseline.read_text() == saved, "only --save writes it"
    done = audit(ns, "-n", "--baseline", str(baseline), "--save", status=3)
    assert re.search(r"127\.0\.0\.1:9000 +this host only +steady +root +gone\n", done.stdout)
    assert "since the baseline 1 new, 1 changed, 1 gone\n" in done.stderr
    done = audit(ns, "--baseline", str(baseline))
    assert "since the baseline 0 new, 0 changed, 0 gone\n" in done.stderr


def test_baseline_tells_who_changed(ns, keep, named, tmp_path):
    baseline = str(tmp_path / "baseline")
    with ns.entered():
        keep(listen("127.0.0.1", 7701))
    named(b"before")
    audit(ns, "--baseline", baseline)
    named(b"after")
    line = one(json_of(ns, "--baseline", baseline)[0], lport=7701)
    assert (line["change"], line["note"], line["finding"]) == ("changed", "process was before", False)


def test_baseline_and_policy(ns, keep, tmp_path):
    """The first audit is judged by the policy alone. Later a new listener is a finding even if the policy allows it."""
    baseline = str(tmp_path / "baseline")
    with ns.entered():
        keep(listen("0.0.0.0", 22))
        audit(ns, "--baseline", baseline, "--allow", "80", status=3)
        audit(ns, "--baseline", baseline, "--allow", "22")
        keep(listen("0.0.0.0", 80))
    lines, _ = json_of(ns, "--baseline", baseline, "--allow", "22,80", status=3)
    assert (one(lines, lport=80)["allowed"], one(lines, lport=80)["note"]) == (True, "new")


def test_what_was_not_looked_at_has_not_gone(ns, netns, keep, tmp_path):
    baseline = str(tmp_path / "baseline")
    with ns.entered():
        keep(listen("127.0.0.1", 7701), bind("127.0.0.1", 7702), listen("::1", 7703, family=socket.AF_INET6))
    audit(ns, "--baseline", baseline)
    for words in ["-t"], ["-u"], ["-4"], ["-6"], ["sport", "=", ":7701"], ["-N", ns.name]:
        assert json_of(ns, "--baseline", baseline, *words)[1]["gone"] == 0
    assert json_of(netns(), "--baseline", baseline)[1]["gone"] == 0


def lines_of(baseline):
    with open(baseline, encoding="utf-8") as file:
        return [line for line in file.read().splitlines() if not line.startswith("#")]


def save_again(ns, baseline, *words, **kwargs):
    """Saves the baseline again. Returns the message about that, split at the name of the file."""
    return audit(ns, "--baseline", baseline, "--save", *words, **kwargs).stderr.splitlines()[-1].split(f", in {baseline}")


@pytest.mark.parametrize("words,found", [
    (["sport", "=", ":6500"], 1), (["-t"], 2), (["-u"], 1), (["-6"], 0), (["nosuch"], 0), (["not", "comm", "nosuch"], 3), (["uid", "4711"], 0),
    (["not", "comm", "keeper"], 0), (["not", "uid", "0"], 0), (["pid", "1"], 0)])
def test_saving_keeps_what_was_not_looked_at(ns, keep, named, tmp_path, words, found):
    baseline = str(tmp_path / "baseline")
    named(b"keeper")
    with ns.entered():
        keep(listen("0.0.0.0", 6500), bind("0.0.0.0", 6501), listen("127.0.0.1", 6502))
    audit(ns, "--baseline", baseline)
    before = lines_of(baseline)
    assert json_of(ns, "--baseline", baseline, *words)[1]["gone"] == 0
    said = save_again(ns, baseline, *words)
    # When the baseline was saved, a listener may have had another holder: a filter by holder decides nothing.
    carried = 3 - found
    assert said == ["tcpledger: saved 3 listeners as the baseline",
                    f": {found} found now, {carried} carried over, not looked at" if carried else ""]
    assert lines_of(baseline) == before
    assert "0 new, 0 changed, 0 gone\n" in audit(ns, "--baseline", baseline).stderr


def test_saving_leaves_out_what_has_gone(ns, keep, tmp_path):
    baseline = str(tmp_path / "baseline")
    with ns.entered():
        going = keep(listen("0.0.0.0", 6500))
        keep(bind("0.0.0.0", 6501))
    audit(ns, "--baseline", baseline)
    going.close()
    assert save_again(ns, baseline, "-u")[1] == ": 1 found now, 1 carried over, not looked at"
    assert save_again(ns, baseline, "-t") == ["tcpledger: saved 1 listener as the baseline", ": 0 found now, 1 carried over, not looked at"]
    assert [line.split()[2] for line in lines_of(baseline)] == ["6501"]


def test_saving_one_namespace_keeps_the_others(netns, keep, tmp_path):
    baseline = str(tmp_path / "baseline")
    first, second = netns(), netns()
    for number, each in enumerate((first, second)):
        with each.entered():
            keep(listen("0.0.0.0", 7105 + number))
    audit(first, "--baseline", baseline, "--all-netns", "sport", "=", ":7105", "or", "sport", "=", ":7106")
    before = lines_of(baseline)
    assert len(before) == 2
    for words in ["-N", first.name], []:
        assert save_again(first, baseline, *words)[1] == ": 1 found now, 1 carried over, not looked at"
        assert lines_of(baseline) == before


def test_saving_without_privilege_keeps_what_was_known(keep, named, tmp_path):
    """Runs in this network namespace, which every user knows by the same name."""
    baseline = tmp_path / "baseline"
    named(b"keeper")
    server = keep(listen("127.0.0.1", 0))
    words = ["-t", "--baseline", str(baseline), "sport", "=", f":{port_of(server)}"]
    assert run(PROGRAM, "audit", *words).returncode == 0
    before = lines_of(baseline)
    assert before[0].split()[5] == "keeper"
    let_all_enter(tmp_path)
    tmp_path.chmod(0o777)
    baseline.chmod(0o644)
    done = run(*NOBODY, PROGRAM, "audit", "--save", *words)
    assert done.returncode == 0 and f"saved 1 listener as the baseline, in {baseline}\n" in done.stderr
    assert lines_of(baseline) == before


def test_alike_sockets_are_saved_and_counted_once(ns, keep, tmp_path):
    baseline = str(tmp_path / "baseline")
    with ns.entered():
        for _ in range(2):
            server = keep(socket.socket())
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            server.bind(("127.0.0.1", 7701))
            server.listen()
    assert "2 listeners: " in audit(ns, "--baseline", baseline).stderr
    assert save_again(ns, baseline) == ["tcpledger: saved 1 listener as the baseline", ""]
    assert len(lines_of(baseline)) == 1


def test_left_out_without_privilege(ns, keep):
    with ns.entered():
        keep(listen("0.0.0.0", 7701))
    done = audit(ns, "python3", prefix=NOBODY, status=3)
    assert done.stderr.splitlines() == [
        "tcpledger: 0 listeners; 0 that should not be public",
        "tcpledger: warning: 1 listener is left out: who holds it could not be seen, and the filter asks for that"]


def test_interface_that_proc_does_not_tell(ns, keep, tmp_path):
    baseline = str(tmp_path / "baseline")
    ns.exec("ip", "link", "add", "exc1", "type", "veth", "peer", "name", "exc2")
    with ns.entered():
        keep(bind("0.0.0.0", 7131, device="lo"), bind("0.0.0.0", 7132, device="exc1"), bind("0.0.0.0", 7133))
    audit(ns, "--baseline", baseline)
    before = lines_of(baseline)
    lines, total = json_of(ns, "--baseline", baseline, "--socket-source=proc")
    assert (total["changed"], total["new"], total["gone"]) == (0, 0, 0)
    assert [(line["interface"], line["interface_known"]) for line in lines] == 3 * [(None, False)]
    done = audit(ns, "--baseline", baseline, "--socket-source=proc", "--save")
    assert "warning: /proc does not tell which interface a socket is bound to: fewer may reach it than is said\n" in done.stderr
    assert lines_of(baseline) == before, "what is known stays so"
    os.remove(baseline)
    audit(ns, "--baseline", baseline, "--socket-source=proc")
    assert all(line.split()[4] == "?" for line in lines_of(baseline))
    lines, total = json_of(ns, "--baseline", baseline)
    assert (total["changed"], total["new"], total["gone"]) == (0, 0, 0)
    assert {line["lport"]: (line["interface"], line["interface_known"]) for line in lines} == {
        7131: ("lo", True), 7132: ("exc1", True), 7133: (None, True)}
    assert save_again(ns, baseline)[0] and lines_of(baseline) == before


def test_ports_of_clients_are_no_news(ns, keep, tmp_path):
    baseline = str(tmp_path / "baseline")
    with ns.entered():
        client = keep(bind("0.0.0.0", 0))
        audit(ns, "--baseline", baseline)
        other = keep(bind("0.0.0.0", 0))
        assert port_of(client) != port_of(other)
        client.close()
        lines, total = json_of(ns, "--baseline", baseline)
    assert (lines[0]["change"], total["gone"]) == ("none", 0)


@pytest.mark.parametrize("content,message", [
    (b"", ', line 1: this is no baseline: the first line of one is "# tcpledger audit baseline 1"'),
    (b"root:x:0:0:root:/root:/bin/bash\n", ', line 1: this is no baseline: the first line of one is "# tcpledger audit baseline 1"'),
    (HEADER.encode() + b"tcp 0.0.0.0 80 moon - - - - -\n",
     ", line 2: 'moon' is no reach: host, private, address, ipv4, ipv6, ipv6_perhaps_ipv4 or all is right"),
    (HEADER.encode() + b"\ntcp 0.0.0.0 80\n", ", line 3: there are 3 words, and must be 9"),
    (HEADER.encode() + b"tcp 0.0.0.0 80 ipv4 - \x1b[2J%zz - - -\n",
     ", line 2: the process '\\x1b[2J%zz' is not spelled right: after % come two of 0-9 and a-f, and not 00"),
    (HEADER.encode() + b"tcp\0\n", ", line 2: it holds a NUL: this is no text"),
    (HEADER.encode() + b"x" * 3000 + b"\n", ", line 2: the line is too long: at most 2047 bytes"),
    (HEADER.encode() + b"tcp 0.0.0.0 80 ipv4", ", line 2: the line has no end: the file was cut"),
    (b"#" * ((8 << 20) + 1), ": the file has more than 8388608 bytes: it is no baseline")],
                         ids=["empty", "another", "reach", "short", "spelling", "nul", "long", "cut", "large"])
def test_hostile_baselines(tmp_path, content, message):
    baseline = tmp_path / "baseline"
    baseline.write_bytes(content)
    done = run(PROGRAM, "audit", "--baseline", str(baseline), "--save")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"tcpledger: --baseline {baseline}{message}\n")
    assert baseline.read_bytes() == content, "what is no baseline is not overwritten"


def test_baseline_from_another_editor(ns, keep, tmp_path):
    baseline = tmp_path / "baseline"
    with ns.entered():
        keep(listen("127.0.0.1", 7701))
    audit(ns, "--baseline", str(baseline))
    baseline.write_bytes(b"\xef\xbb\xbf" + baseline.read_bytes().replace(b"\n", b"\r\n"))
    assert "0 new, 0 changed, 0 gone\n" in audit(ns, "--baseline", str(baseline)).stderr


def test_baseline_does_not_follow_links(ns, tmp_path):
    victim, link, dangling = tmp_path / "victim", tmp_path / "link", tmp_path / "dangling"
    audit(ns, "--baseline", str(victim))
    before = victim.read_text()
    os.symlink(victim, link)
    os.symlink(tmp_path / "nothing", dangling)
    with open(victim, "a", encoding="utf-8") as file:
        file.write("# mark\n")
    audit(ns, "--baseline", str(link))
    for words in ["--baseline", str(link), "--save"], ["--baseline", str(dangling)]:
        done = audit(ns, *words, status=2)
        assert done.stdout == "", "before anything is looked at"
        assert re.fullmatch(r"tcpledger: --baseline \S+: it is a symbolic link, and saving follows none: give the file itself, \S+\n",
                            done.stderr)
    assert victim.read_text() == before + "# mark\n" and link.is_symlink() and dangling.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["dangling", "link", "victim"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o600])
def test_saving_keeps_mode_and_owner(ns, tmp_path, mode):
    baseline = tmp_path / "baseline"
    audit(ns, "--baseline", str(baseline))
    os.chown(baseline, 4711, 4712)
    baseline.chmod(mode)
    audit(ns, "--baseline", str(baseline), "--save")
    now = baseline.stat()
    assert (stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid) == (mode, 4711, 4712)


def test_saving_gives_another_group_no_rights(tmp_path):
    """The new group gets no rights where the old group cannot be kept."""
    baseline = tmp_path / "baseline"
    assert run(PROGRAM, "audit", "--baseline", str(baseline), "sport = :1").returncode == 0
    os.chown(baseline, 65534, 4712)
    baseline.chmod(0o664)
    let_all_enter(tmp_path)
    tmp_path.chmod(0o777)
    assert run(*NOBODY, PROGRAM, "audit", "--baseline", str(baseline), "--save", "sport = :1").returncode == 0
    now = baseline.stat()
    assert (stat.S_IMODE(now.st_mode), now.st_uid) == (0o604, 65534) and now.st_gid != 4712


def test_baseline_that_cannot_be_saved(ns):
    done = audit(ns, "--baseline", "/nonexistent/b", status=1)
    assert done.stderr.endswith("tcpledger: --baseline /nonexistent/b: it cannot be saved: No such file or directory\n")


def test_namespaces_in_a_baseline(netns, keep, tmp_path):
    baseline = str(tmp_path / "baseline")
    first, second = netns(), netns()
    words = ["--all-netns", "sport", "=", ":7103"]
    with second.entered():
        server = keep(listen("0.0.0.0", 7103))
    audit(first, "--baseline", baseline, *words)
    assert json_of(first, "--baseline", baseline, *words)[1]["gone"] == 0
    assert json_of(first, "--baseline", baseline)[1]["gone"] == 0, "it was not looked there"
    server.close()
    second.delete()
    lines, total = json_of(first, "--baseline", baseline, *words)
    assert total["gone"] == 1 and one(lines, change="gone")["netns_name"] == second.name


def test_what_is_unknown_has_not_changed(keep, tmp_path):
    """Runs in this network namespace, which every user knows by the same name."""
    baseline = tmp_path / "baseline"
    server = keep(listen("127.0.0.1", 0))
    words = ["-t", "--baseline", str(baseline), "sport", "=", f":{port_of(server)}"]
    assert run(PROGRAM, "audit", *words).returncode == 0
    let_all_enter(tmp_path)
    baseline.chmod(0o755)
    done = run(*NOBODY, PROGRAM, "audit", "--json", *words)
    line = json.loads(done.stdout.splitlines()[0])
    assert (done.returncode, line["process"], line["change"]) == (0, None, "none")


def test_baseline_that_is_no_file(tmp_path):
    """A directory is refused. A pipe to which nobody writes is refused, too, and not waited for."""
    done = run(PROGRAM, "audit", "--baseline", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"tcpledger: --baseline {tmp_path}: it cannot be read: Is a directory\n"
    os.mkfifo(tmp_path / "pipe")
    done = run(PROGRAM, "audit", "--baseline", str(tmp_path / "pipe"))
    assert (done.returncode, done.stdout) == (2, "") and "line 1: this is no baseline" in done.stderr
