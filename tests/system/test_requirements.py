# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""packaging/requirements, where something is missing that no package mends. Its package manager is made up."""

import os

import pytest
from conftest import run

SCRIPT = os.path.join(os.path.dirname(__file__), "../../packaging/requirements")
PKG_CONFIG = r"""#!/bin/sh
case "$*" in
"--modversion libbpf") echo 0.5.0 ;;
*'>= 1.0'*) exit 1 ;;
*) exit 0 ;;
esac
"""


def run_requirements(folder, group="build", **programs):
    """Runs packaging/requirements with these programs, each of which stands for one that may not be called here."""
    for name, text in {"sudo": '#!/bin/sh\nexec "$@"\n', **programs}.items():
        (folder / name.replace("_", "-")).write_text(text)
        (folder / name.replace("_", "-")).chmod(0o755)
    return run(SCRIPT, group, env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PKG_CONFIG": "pkg-config",
                                     "POLICY_RC_D": str(folder / "policy-rc.d")})


@pytest.mark.heavy
def test_libbpf_that_is_too_old(tmp_path):
    done = run_requirements(tmp_path, pkg_config=PKG_CONFIG, apt_get="#!/bin/sh\n",
                            apt_cache='#!/bin/sh\necho "  Candidate: (none)"\n')
    assert done.returncode == 1 and done.stdout == ""
    assert "still missing:\nrequirements:   libbpf 1.0 or later" in done.stderr
    assert "libbpf is here, but it is 0.5.0, and no package of this release is newer." in done.stderr
    assert "Debian 12" in done.stderr and "Ubuntu 24.04" in done.stderr and "github.com/libbpf/libbpf" in done.stderr


@pytest.mark.heavy
def test_another_apt_at_work(tmp_path):
    """The installation is tried again until another apt is done, such as the upgrades of a host that has just been started."""
    apt_get = f"""#!/bin/sh
cd {tmp_path} || exit
case "$*" in
*update*) [ -e busy ] && touch free && exit; touch busy; echo "E: Could not get lock /var/lib/apt/lists/lock"; exit 100 ;;
*install*) [ -e free ] && touch installed ;;
esac
"""
    done = run_requirements(tmp_path, apt_get=apt_get, apt_cache='#!/bin/sh\necho "  Candidate: 1"\n',
                            pkg_config=f'#!/bin/sh\n[ -e {tmp_path}/installed ] || case "$*" in *libmnl*) exit 1 ;; esac\n')
    assert done.returncode == 0 and "still missing" not in done.stderr, done.stderr
    assert not (tmp_path / "policy-rc.d").exists()
    assert done.stderr.count("trying again in") == 1 and done.stderr.count("missing for 'build'") == 1


@pytest.mark.heavy
@pytest.mark.parametrize("version, there, installed", [
    ("14.0.6", "libclang-rt-14-dev libclang-common-14-dev", "libclang-rt-14-dev"),
    ("18.1.3", "libclang-rt-18-dev libclang-common-18-dev", "libclang-rt-18-dev"),
    ("14.0.0", "libclang-common-14-dev", "libclang-common-14-dev"),
    ("", "libclang-rt-dev", "libclang-rt-dev"),
])
def test_libfuzzer_of_the_version_of_clang(tmp_path, version, there, installed):
    """Its package is called after clang's version, and differs between releases; before clang is there, the version is unknown."""
    clang = f"""#!/bin/sh
[ "$1" != -dumpversion ] || {{ echo "{version}"; exit; }}
[ -e {tmp_path}/installed ]
"""
    apt_get = f"""#!/bin/sh
case "$*" in
*install*) for package; do :; done; echo "$package" >{tmp_path}/installed ;;
esac
"""
    apt_cache = f"""#!/bin/sh
case " {there} " in
*" $2 "*) echo "  Candidate: 1" ;;
*) echo "  Candidate: (none)" ;;
esac
"""
    done = run_requirements(tmp_path, "fuzz", clang=clang, apt_get=apt_get, apt_cache=apt_cache)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "installed").read_text() == f"{installed}\n"
    assert "missing for 'fuzz':\nrequirements:   libFuzzer" in done.stderr
