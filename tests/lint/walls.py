#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The walls of the house: which room of src/ may include the headers of which other.

Usage: walls.py COMPILER <ROOMS, where ROOMS has a line for each room: its name, and the include paths that the Makefile
compiles it with. For each pair of rooms one line that includes a header is compiled: the header must be found exactly where
the rules below say so. What include paths cannot keep apart is looked for in the text.

Exit codes: 0 all walls stand, 1 one does not.
"""

import collections
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SRC = Path("src")
FILES_MAX = 34  # of a room, so that a list of them is read at a glance

# A room sees itself and these; "model*" is model and all rooms in it.
MAY_SEE = {
    "base": "",
    "model": "base",
    "model/table": "base model",
    "model/netns": "base model",
    "model/filter": "base model model/netns",
    "model/audit": "base model model/netns model/filter",
    "model/explain": "base model",
    "model/fds": "base model",
    "source/process": "base model*",
    "source/netns": "base model* source/process",
    "source/names": "base model* source/process source/netns",
    "source/host": "base model* source/process source/netns include",
    "source/sockets": "base model* source/process source/netns source/host include skeletons",
    "source/events": "base model* source/process source/netns source/host source/sockets include skeletons",
    "source/fds": "base model* source/process source/netns source/host source/sockets",
    "live": "base model* source*",
    "print": "base model*",
    "sink": "base model* print",
    "command": "base",
    "command/common": "base model* source* live print sink command",
    # Every command's room.
    "command/*": "base model* source* live print sink command command/common",
}

# Headers that only these files include.
ONLY_IN = {
    r'["<]argp\.h[">]': r"src/command/common/options_internal\.h",
    r'["<]options_internal\.h[">]': r"src/command/(common/options[a-z_]*|[a-z]+/[a-z]+_options)\.c",
    r'["<]table_internal\.h[">]': r"src/model/table/.*",
    r'["<]live_internal\.h[">]': r"src/live/.*",
    r'["<]sqlite3\.h[">]': r"src/store/.*",
    r'["<]n?curses(w?/.*)?\.h[">]': r"src/command/top/screen\.c",
    r'["<].*\.skel\.h[">]': r"src/source/(events|sockets)/.*",
    r"<bpf/.*>": r"src/source/.*",
    r"<libmnl/.*>": r"src/source/.*",
    r'["<]utf8proc\.h[">]': r"src/base/escape\.c",
}
INCLUDE = re.compile(r'\s*#\s*(?:include|include_next|import)\b\s*(.*)')
HEADER = re.compile(r'("[^"]+"|<[^>]+>)')


def rule_of(room):
    if room in MAY_SEE:
        return MAY_SEE[room]
    return MAY_SEE["command/*"] if re.fullmatch("command/[a-z]+", room) else None


def seen_from(room, rooms):
    seen = {room}
    for word in rule_of(room).split():
        seen |= {other for other in rooms if other == word or (word[-1] == "*" and (other + "/").startswith(word[:-1] + "/"))}
    return seen


def misses_of(compiler, paths, header):
    """Returns the messages about headers that a line which includes this one does not find: of itself, or of what it includes."""
    done = subprocess.run([*compiler, "-std=gnu11", "-D_GNU_SOURCE", *paths, "-fsyntax-only", "-x", "c", "-"],
                          input=f'#include "{header}"\n', capture_output=True, text=True)
    return [line for line in done.stderr.splitlines() if "No such file" in line or "file not found" in line]


def check_includes(compiler, paths, headers):
    pairs = [(room, other) for room in sorted(paths) for other in sorted(headers)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        misses = list(pool.map(lambda pair: misses_of(compiler, paths[pair[0]], headers[pair[1]]), pairs))
    for (room, other), missed in zip(pairs, misses):
        header = headers[other]
        if other in seen_from(room, headers):
            if missed:
                yield f"src/{room} may see {other}, and does not ({missed[0]}): see SEES_{room} in the Makefile"
        elif not any(f": {header}: No such file" in line or f"'{header}' file not found" in line for line in missed):
            yield f"src/{room} sees {other} ({header}), and must not: see SEES_{room} in the Makefile"


def is_a_path_to_ours(header, folders):
    """Whether "header" or <header> has a folder of ours in it: what a layer sees opens the rooms below the layer too."""
    first = header[1:-1].split("/")[0]
    return "/" in header and (header[0] == '"' or first in folders | {".", ".."})


def check_texts(files):
    folders = {part for file in files for part in file.parent.parts}
    for file in files:
        for number, line in enumerate(file.read_text().splitlines(), 1):
            included = INCLUDE.match(line)
            if not included:
                continue
            named = HEADER.match(included[1])
            if not named:
                yield f"{file}:{number}: includes a macro, of which nobody knows what it names"
                continue
            if is_a_path_to_ours(named[1], folders):
                yield f"{file}:{number}: {named[1]} has no place here: a base name alone is enough"
            for header, where in ONLY_IN.items():
                if re.fullmatch(header, named[1]) and not re.fullmatch(where, str(file)):
                    yield f"{file}:{number}: {named[1]} has no place here: only in {where}"


def check_files(files):
    """A bare #include names one file, and no room is a hall."""
    names = collections.Counter(file.name for file in files)
    for file in files:
        if names[file.name] > 1:
            yield f"{file}: another file is called {file.name}"
    for room, count in collections.Counter(file.parent for file in files).items():
        if count > FILES_MAX:
            yield f"{room}: {count} files, more than {FILES_MAX}: make rooms of it"


def check_rooms(files, paths):
    for room in sorted({str(file.parent.relative_to(SRC)) for file in files} | set(paths)):
        if rule_of(room) is None:
            yield f"src/{room}: no rule says what it may see: add one to MAY_SEE"
        elif room not in paths:
            yield f"src/{room}: the Makefile does not compile it: add it to ROOMS, MODEL or SOURCE"


def main():
    compiler, paths = sys.argv[1:], {}
    for line in sys.stdin:
        room, *paths[room] = line.split()
    files = sorted(SRC.rglob("*.[ch]"))
    headers = {str(file.parent.relative_to(SRC)): file.name for file in files if file.suffix == ".h"}
    headers |= {"include": "record.h", "skeletons": "transition.skel.h"}
    wrong = [*check_rooms(files, paths)]
    pairs = 0 if wrong else len(paths) * len(headers)
    if pairs:
        wrong = [*check_includes(compiler, paths, headers)]
    wrong += [*check_texts(files), *check_files(files)]
    print("\n".join(wrong), end="\n" if wrong else "", file=sys.stderr)
    print(f"          {len(files)} files in {len(paths)} rooms, {pairs} pairs tried")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
