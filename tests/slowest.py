#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The twenty slowest tests of junit files.

Usage: slowest.py FILE…. A name is prefixed with the folder of its file and the one above, which say in which run it was so slow. A file
that is not there, or not whole, is passed over: its run has said so.
"""

import sys
import xml.etree.ElementTree as tree
from pathlib import Path

MOST = 20


def tests_of(path):
    """[(seconds, name)]"""
    try:
        cases = tree.fromstring(path.read_text(errors="replace").removeprefix("begin").strip()).iter("testcase")
    except (OSError, tree.ParseError):
        return []
    return [(float(case.get("time", 0)), f"{'/'.join(path.parts[-3:-1])}: {case.get('classname', '').rsplit('.', 1)[-1]}::{case.get('name')}")
            for case in cases]


def main():
    tests = sorted((test for name in sys.argv[1:] for test in tests_of(Path(name))), reverse=True)
    for seconds, name in tests[:MOST]:
        print(f"{seconds:9.1f} s  {ascii(name)[1:-1]}")


if __name__ == "__main__":
    main()
