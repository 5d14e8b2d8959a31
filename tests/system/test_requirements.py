# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What packaging/requirements says where something is missing that no package mends. Its package manager is made up."""

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


@pytest.mark.heavy
def test_libbpf_that_is_too_old(tmp_path):
    for name, text in (("pkg-config", PKG_CONFIG), ("apt-get", "#!/bin/sh\n"), ("sudo", '#!/bin/sh\nexec "$@"\n'),
                       ("apt-cache", '#!/bin/sh\necho "  Candidate: (none)"\n')):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    done = run(SCRIPT, "build", env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PKG_CONFIG": "pkg-config"})
    assert done.returncode == 1 and done.stdout == ""
    assert "still missing:\nrequirements:   libbpf 1.0 or later" in done.stderr
    assert "libbpf is here, but it is 0.5.0, and no package of this release is newer." in done.stderr
    assert "Debian 12" in done.stderr and "Ubuntu 24.04" in done.stderr and "github.com/libbpf/libbpf" in done.stderr
