#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What it costs to compile a user's file without optimization: measure.py LIMIT_IN_MB COMPILER ARGUMENT... FILE

A compiler's memory is the same on every machine, so it has a hard limit; the time is not, so its limit is generous, and
the goal is only printed. Without ccache and sanitizers, whatever the build uses.
"""

import os
import resource
import subprocess
import sys

GOAL_SECONDS = 1.5
LIMIT_SECONDS = 6.0

limit_megabytes = int(sys.argv[1])

# ru_maxrss of the children is the peak of the largest one: the compiler proper.
subprocess.run([*sys.argv[2:], "-O0", "-c", "-o", os.devnull], check=True)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds = usage.ru_utime
megabytes = usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)

print(f"compile cost: {seconds:.2f} s of CPU (goal {GOAL_SECONDS} s, limit {LIMIT_SECONDS} s), "
      f"{megabytes:.0f} MB at most (limit {limit_megabytes} MB)")
sys.exit(1 if seconds > LIMIT_SECONDS or megabytes > limit_megabytes else 0)
