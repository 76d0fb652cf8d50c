# SPDX-License-Identifier: BSL-1.0
"""Results as tables of Markdown."""

import os
import pathlib
import platform
import re
import statistics

from cases import CONTESTANTS, LIMIT, NAMES, OURS, RAW, TIMED_MODES, TUNED


def table(head, rows):
    align = ["---"] + ["---:"] * (len(head) - 1)
    return "".join("| " + " | ".join(row) + " |\n" for row in [head, align, *rows]) + "\n"


def amount(value, units):
    """Three digits and a unit: units are (factor, name) from small to large."""
    factor, name = next(((f, u) for f, u in reversed(units) if value >= f), units[0])
    value /= factor
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f} {name}".strip()


def duration(seconds):
    return amount(seconds * 1e9, ((1, "ns"), (1e3, "µs"), (1e6, "ms")))


def rate(value):
    return amount(value, ((1, ""), (1e3, "k"), (1e6, "M")))


def plain(value):
    return f"{value:,.0f}".replace(",", " ") if value >= 100 else f"{value:.3g}"


def processor():
    text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8") if os.path.exists("/proc/cpuinfo") else ""
    found = re.search(r"model name\s*: (.*)", text)
    return found[1] if found else platform.machine()


def setting(built_with, rounds):
    kernel = ".".join(platform.release().split(".")[:2])
    return (f"{processor()}, {os.cpu_count()} cores, {platform.system()} {kernel}; {built_with}, -O2; "
            f"medians of {rounds} rounds.\n\n")


def cpu(result):
    """Seconds of processor time for a message."""
    return (result["user_s"] + result["sys_s"]) / result["msgs"]


def median(results, figure):
    return statistics.median(figure(result) for result in results)


def title(tls):
    return "TLS (`wss`)" if tls else "Plain (`ws`)"


def times(results):
    text = ""
    for tls in (False, True):
        rows, timed = [], []
        for (case, secure), of in results.items():
            if secure != tls:
                continue
            each = {contestant: median(of[contestant], cpu) for contestant in CONTESTANTS}
            rows.append([case.name, *(duration(each[contestant]) for contestant in CONTESTANTS),
                         f"{each[RAW] / each[OURS]:.1f}", f"{each[TUNED] / each[OURS]:.1f}",
                         f"{each[LIMIT] / each[OURS]:.0%}", rate(median(of[OURS], lambda r: r["msgs"] / r["wall_s"]))])
            if case.mode in TIMED_MODES:
                timed.append([case.name, *(" / ".join(duration(median(of[contestant], lambda r: r[p] / 1e6))
                                                      for p in ("p50_us", "p99_us")) for contestant in CONTESTANTS)])
        names = [NAMES[contestant] for contestant in CONTESTANTS]
        if rows:
            text += f"### {title(tls)}: processor time for a message\n\n"
            text += table(["", *names, "raw / ours", "tuned / ours", "of the limit", "messages/s"], rows)
        if timed:
            text += f"### {title(tls)}: latency, half of all / 99 %\n\n" + table(["", *names], timed)
    return text


SCALE_ROWS = (
    ("connections opened in a second", "connect_per_s", plain),
    ("processor time to open one", "connect_cpu_us", lambda us: duration(us / 1e6)),
    ("heap of an idle one", "heap_bytes", lambda value: amount(value, ((1, "B"), (1024, "KiB")))),
    ("resident memory of an idle one", "rss_bytes", lambda value: amount(value, ((1, "B"), (1024, "KiB")))),
    ("processor time in a second, all idle", "idle_cpu_ms_per_s", lambda ms: duration(ms / 1e3)),
    ("the same, each with one echo a second", "busy_cpu_ms_per_s", lambda ms: duration(ms / 1e3)),
)


def scale(results):
    text = ""
    for (case, tls), of in results.items():
        text += f"### {title(tls)}: {case.name} on one thread\n\n"
        text += table(["", *(NAMES[contestant] for contestant in CONTESTANTS)],
                      [[name, *(show(median(of[contestant], lambda r: r[key])) for contestant in CONTESTANTS)]
                       for name, key, show in SCALE_ROWS])
    return text


def counts(results):
    head = ["", "instructions: raw", "ours", "system calls: raw", "ours", "allocations: raw", "ours"]
    rows = [[case.name + (", TLS" if tls else ""),
             *(plain(max(0, figure)) for pair in zip(of[RAW], of[OURS]) for figure in pair)]
            for (case, tls), of in results.items()]
    return table(head, rows)


def write(document, name, content):
    """Puts a table between its markers, `<!-- bench: NAME -->` and `<!-- bench: end -->`."""
    text = document.read_text(encoding="utf-8")
    pattern = re.compile(rf"(<!-- bench: {name} -->\n).*?(<!-- bench: end -->)", re.DOTALL)
    if not pattern.search(text):
        raise RuntimeError(f"{document.name} has no place for {name}")
    text = pattern.sub(lambda found: f"{found[1]}\n{content.strip()}\n\n{found[2]}", text)
    document.write_text(text, encoding="utf-8")
