# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a command, with its output out of sight: its status, the most memory
that it had at once in KiB, and its processor time in milliseconds."""

import resource
import subprocess
import sys

status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(status, usage.ru_maxrss, int(1000 * (usage.ru_utime + usage.ru_stime)))
