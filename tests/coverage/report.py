"""Sums up what llvm-cov exports: report.py FILE [--missing]

A header's code is in every program that includes it, once for each instantiation: what any of them has run was run.
"""
import collections
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEAST = {"floor 0": 95, "floor 1": 95, "floor 2": 95, "core/session": 100}  # per cent of the branches
FLOOR_OF_FOLDER = {"detail": 0, "core": 1, "protocol": 2, "io": 3}


def floors_of_names():
    """What lies directly under include/websockxx/, by the list that the rule of the floors has."""
    rule = (ROOT / "tests/floors.cmake").read_text()
    return {name: int(floor) for floor, names in re.findall(r"set\(floor_(\d) ([^)]*)\)", rule) for name in names.split()}


def own(filename):
    """The header's path, without `impl/` and ending, so that it is one with its body. None: not the library's."""
    path = pathlib.Path(filename).resolve()
    if not path.is_relative_to(ROOT / "include/websockxx"):
        return None
    return str(path.relative_to(ROOT / "include/websockxx").with_suffix("")).removeprefix("impl/")


def read(data):
    """Of each source, {place of a condition: [times true, times false]} and {line: was anything on it run}."""
    conditions = collections.defaultdict(dict)
    lines = collections.defaultdict(dict)
    # Taken from the functions: there, unlike in the files, conditions that the compiler decides are left out.
    for function in data["functions"]:
        for *place, taken, not_taken, file, _, _ in function["branches"]:
            counts = conditions[function["filenames"][file]].setdefault(tuple(place), [0, 0])
            counts[0] += taken
            counts[1] += not_taken
    for file in data["files"]:
        of_file = lines[file["filename"]]
        for (begin, _, count, counted, _, gap), (end, column, *_) in zip(file["segments"], file["segments"][1:]):
            for line in range(begin, end + (column > 1)) if counted and not gap else ():
                of_file[line] = of_file.get(line, False) or count > 0
    return conditions, lines


class Sum(list):
    """[branches taken, branches, lines run, lines]"""

    def add(self, other):
        self[:] = [mine + others for mine, others in zip(self, other)]

    def branches(self):
        return 100 * self[0] / self[1] if self[1] else 100.0

    def row(self, name):
        lines = 100 * self[2] / self[3] if self[3] else 100.0
        return f"{name:32} {self.branches():5.1f} % of {self[1]:5} branches  {lines:5.1f} % of {self[3]:5} lines"


def main():
    conditions, lines = read(json.load(open(sys.argv[1]))["data"][0])
    of_name = floors_of_names()
    sums = collections.defaultdict(lambda: Sum([0, 0, 0, 0]))
    missing = []
    for source in sorted(set(conditions) | set(lines)):
        name = own(source)
        if name is None:
            continue
        counts = conditions[source]
        taken = sum((true > 0) + (false > 0) for true, false in counts.values())
        here = [taken, 2 * len(counts), sum(lines[source].values()), len(lines[source])]
        floor = FLOOR_OF_FOLDER[name.split("/")[0]] if "/" in name else of_name[name]
        for key in (floor, name), (floor, ""), (9, ""):
            sums[key].add(here)
        for (line, column, *_), (true, false) in sorted(counts.items()):
            if not true or not false:
                never = "evaluated" if not true and not false else "false" if true else "true"
                missing.append(f"{pathlib.Path(source).resolve().relative_to(ROOT)}:{line}:{column}: never {never}")

    bad = []
    for (floor, name), of in sorted(sums.items()):
        title = name or ("all" if floor == 9 else f"floor {floor}")
        print(of.row("  " + title if name else title))
        if of.branches() < LEAST.get(title, 0):
            bad.append(f"{title}: less than {LEAST[title]} % of the branches")
    print(*(missing if "--missing" in sys.argv else []), *bad, sep="\n")
    return 1 if bad else 0


sys.exit(main())
