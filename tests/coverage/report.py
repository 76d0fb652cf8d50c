"""Sums up what llvm-cov exports: report.py FILE [--missing]

A header's code is in every program that includes it, once for each instantiation: a branch is taken if it is in any.
"""
import collections
import json
import pathlib
import sys

LEAST = {0: 95.0, 1: 95.0, 2: 95.0}  # per cent of the branches of a floor
WHOLE = {"impl/core/session.ipp"}  # of these, all
FOLDERS = {"detail": 0, "core": 1, "protocol": 2, "io": 3}
FILES = {"reconnect_policy": 1}  # directly under include/websockxx/; those of floor 4 are
FLOOR_4 = "delivery observe_all options pending_calls ref registry runtime start supervisor".split()


def floor_of(path):
    parts = [part for part in path.split("/") if part != "impl"]
    if len(parts) > 1:
        return FOLDERS[parts[0]]
    name = parts[0].split(".")[0]
    return 4 if name in FLOOR_4 else FILES.get(name, 0)


def read(export):
    """By file: {place of a branch: [times true, times false]} and {line: was it run}."""
    branches = collections.defaultdict(dict)
    lines = collections.defaultdict(dict)
    for data in json.load(open(export))["data"]:
        for file in data["files"]:
            path = file["filename"]
            if "include/websockxx/" not in path:
                continue
            path = path.split("include/websockxx/")[1]
            for line, column, line_end, column_end, taken, not_taken, *_ in file["branches"]:
                counts = branches[path].setdefault((line, column, line_end, column_end), [0, 0])
                counts[0] += taken
                counts[1] += not_taken
            for line, _, count, has_count, *_ in file["segments"]:
                if has_count:
                    lines[path][line] = lines[path].get(line, False) or count > 0
    return branches, lines


def share(part, whole):
    return 100.0 if whole == 0 else 100.0 * part / whole


def main():
    branches, lines = read(sys.argv[1])
    floors = collections.defaultdict(lambda: [0, 0, 0, 0])
    rows = []
    for path in sorted(set(branches) | set(lines), key=lambda path: (floor_of(path), path)):
        taken = sum((a > 0) + (b > 0) for a, b in branches[path].values())
        row = [taken, 2 * len(branches[path]), sum(lines[path].values()), len(lines[path])]
        rows.append((path, row))
        floors[floor_of(path)] = [sum(pair) for pair in zip(floors[floor_of(path)], row)]

    bad = []
    for floor in sorted(floors):
        taken, all_branches, run, all_lines = floors[floor]
        print(f"floor {floor}: {share(taken, all_branches):5.1f} % of {all_branches} branches, "
              f"{share(run, all_lines):5.1f} % of {all_lines} lines")
        if share(taken, all_branches) < LEAST.get(floor, 0):
            bad.append(f"floor {floor} has less than {LEAST[floor]} % of its branches")
        for path, row in rows:
            if floor_of(path) == floor and row[0] < row[1]:
                print(f"    {share(row[0], row[1]):5.1f} % of {row[1]:4} branches  {path}")
            if floor_of(path) == floor and path in WHOLE and row[0] < row[1]:
                bad.append(f"{path} has not all of its branches")
    if "--missing" in sys.argv:
        for path, _ in rows:
            for (line, column, *_), (taken, not_taken) in sorted(branches[path].items()):
                if taken == 0 or not_taken == 0:
                    never = "never reached" if taken + not_taken == 0 else "never true" if taken == 0 else "never false"
                    print(f"{path}:{line}:{column}: {never}")
    for line in bad:
        print("TOO LITTLE:", line)
    return 1 if bad else 0


sys.exit(main())
