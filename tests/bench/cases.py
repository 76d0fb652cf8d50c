# SPDX-License-Identifier: BSL-1.0
"""What is measured."""

import dataclasses

RAW, TUNED, OURS, LIMIT = "beast", "beast_tuned", "websockxx", "limit"
CONTESTANTS = (RAW, TUNED, OURS, LIMIT)
NAMES = {RAW: "raw Beast", TUNED: "tuned Beast", OURS: "websockxx", LIMIT: "the limit"}


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    mode: str
    start: int  # messages of the first run, which tells how many make a run of the wanted length
    keys: tuple = ()
    fixed: bool = False  # no more than `start`, however fast that is
    tls_too: bool = True
    repeat: int = 1  # runs in each round


CASES = (
    Case("receive 64 B text", "recv", 100_000),
    Case("receive 256 B text", "recv", 50_000, ("size=256",)),
    Case("receive 16 KiB binary", "recv", 2_000, ("size=16384", "type=b")),
    Case("receive 1 MiB binary", "recv", 50, ("size=1048576", "type=b")),
    Case("receive 1 KiB JSON, deflate", "recv", 10_000, ("size=1024", "deflate=1"), tls_too=False),
    Case("send 64 B text", "send", 50_000),
    Case("send 16 KiB binary", "send", 2_000, ("size=16384", "type=b")),
    Case("echo 64 B, 100 in flight", "echo", 30_000),
    Case("echo 1 KiB, 100 in flight", "echo", 20_000, ("size=1024",)),
    Case("8 threads send 64 B", "threads", 200_000, fixed=True, repeat=3),
    # One of two times comes out of a run, as the scheduler puts both sides on one core or on two.
    Case("round trip 64 B", "rtt", 5_000, repeat=5),
    Case("64 B each millisecond", "pace", 500, fixed=True, repeat=3),
)

# Whose latency is shown as well.
TIMED_MODES = ("rtt", "pace")

SCALE = Case("1000 connections", "scale", 1, ("conns=1000", "secs=10"), fixed=True)
SCALE_QUICK = Case("20 connections", "scale", 1, ("conns=20", "secs=1"), fixed=True)

# Of these the exact counts are taken: two runs that differ by so many messages.
COUNTED = (
    (Case("receive 64 B text", "recv", 2_000), 40_000),
    (Case("send 64 B text", "send", 2_000), 40_000),
    (Case("echo 64 B, 100 in flight", "echo", 2_000), 40_000),
    (Case("round trip 64 B", "rtt", 500), 4_000),
)
