#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Each block of C++ in README.md and docs/ is a region of a file that is compiled.

A comment before the block says which:

    <!-- example: 01_echo.cpp#client -->      a region of examples/01_echo.cpp
    <!-- snippet: options.cpp#timeouts -->    a region of tests/docs/options.cpp

and the file marks the region with `// region: client` and `// endregion`. Regions do not nest; a region that is marked
several times is joined, with an empty line between the parts. Indentation that all lines share is not shown.

    tests/docs.py          complains about blocks that differ from their regions, and about blocks without one
    tests/docs.py --fix    writes the regions into the blocks
"""

import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = {"example": ROOT / "examples", "snippet": ROOT / "tests" / "docs"}
BEGIN = re.compile(r"\s*// region: (\S+)\s*")
END = re.compile(r"\s*// endregion\s*")
MARK = re.compile(r"\s*<!-- (example|snippet): (\S+)#(\S+) -->\s*")
FENCE = re.compile(r"\s*```(cpp|c\+\+)\s*")


def regions(path):
    """The regions of a file: name -> lines."""
    found = {}
    name, lines = None, []
    for line in path.read_text(encoding="utf-8").splitlines():
        if begin := BEGIN.fullmatch(line):
            if name:
                raise ValueError(f"{path.name}: region {begin[1]} begins inside {name}")
            name, lines = begin[1], []
        elif END.fullmatch(line):
            if not name:
                raise ValueError(f"{path.name}: an endregion without a region")
            part = textwrap.dedent("\n".join(lines)).strip("\n").splitlines()
            found[name] = found[name] + [""] + part if name in found else part
            name = None
        elif name:
            lines.append(line.rstrip())
    if name:
        raise ValueError(f"{path.name}: region {name} has no end")
    return found


def region(mark):
    path = FOLDERS[mark[1]] / mark[2]
    if not path.is_file():
        raise ValueError(f"there is no {path.relative_to(ROOT)}")
    try:
        return regions(path)[mark[3]]
    except KeyError:
        raise ValueError(f"{mark[2]} has no region {mark[3]}") from None


def checked(document):
    """What the document should hold, and what is wrong with what it does."""
    lines = document.read_text(encoding="utf-8").splitlines()
    result, complaints = [], []
    mark, i = None, 0
    while i < len(lines):
        line = lines[i]
        result.append(line)
        i += 1
        if not FENCE.fullmatch(line):
            if line.strip():
                mark = MARK.fullmatch(line)
            continue
        where = f"{document.relative_to(ROOT)}:{i}"
        end = i
        while end < len(lines) and lines[end].strip() != "```":
            end += 1
        block, i = lines[i:end], end
        try:
            if not mark:
                raise ValueError("a block of C++ that is no region of a compiled file")
            wanted = region(mark)
            if block != wanted:
                complaints.append((where, f"differs from {mark[2]}#{mark[3]}; tests/docs.py --fix writes it anew"))
            block = wanted
        except ValueError as error:
            complaints.append((where, str(error)))
        result += block
        mark = None
    return "\n".join(result) + "\n", complaints


def main():
    fix = sys.argv[1:] == ["--fix"]
    failed = False
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]:
        if not document.is_file():
            continue
        text, complaints = checked(document)
        if fix and text != document.read_text(encoding="utf-8"):
            document.write_text(text, encoding="utf-8")
            text, complaints = checked(document)
        for where, what in complaints:
            print(f"{where}: {what}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
