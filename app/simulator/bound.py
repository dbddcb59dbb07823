"""Becomes another program that ends when its parent does, also after a kill -9.

`python -m app.simulator.bound PARENT COMMAND…`. Linux tells a process of its parent's death when asked to (prctl(2),
PR_SET_PDEATHSIG), and the wish outlives exec. Other systems have nothing like it: there the next start of the trial
ends what is left.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def become(parent: int, command: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the wish was made
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606  # the trial's own commands, no shell


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2:])
