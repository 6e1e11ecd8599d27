"""Becomes a program that handles what a stranger sent: run as a script, `launch.py MEGABYTES SECONDS BYTES PROGRAM …`.

Bounded in address space, processor time and the size of files it writes; without a network where the system lets a
process give it up; killed when the service that started it dies.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
# of the environment: passwords of the node stand in other variables
PASSED_ON = ("HOME", "PATH", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "XDG_CACHE_HOME", "FONTCONFIG_FILE")


def confine(megabytes: int, seconds: int, most_bytes: int) -> None:
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)  # refused inside most containers: it is one wall of several
    bounds = {
        resource.RLIMIT_AS: megabytes * 1024 * 1024,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: most_bytes,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in bounds.items():
        resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    confine(*(int(each) for each in sys.argv[1:4]))
    os.execvp(sys.argv[4], sys.argv[4:])  # noqa: S606 - no shell is wanted
