"""Ports for processes that a test starts and kills: below those that the system gives away.

Between looking and listening, and while a process is dead, tests that run beside this one open hundreds of connections,
and one of them could be given the port.
"""

import os

from app.simulator.ports import Ports, PortTaken, check_free

FIRST, OF_EACH_WORKER, WORKERS = 20_000, 1_000, 8


def free_ports() -> Ports:
    """Three in a row that nobody uses, and that no other worker of this run looks at."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    first_of_mine = FIRST + worker * OF_EACH_WORKER
    for first in range(first_of_mine, first_of_mine + OF_EACH_WORKER - 2, 3):
        try:
            for port in range(first, first + 3):
                check_free(port)
        except PortTaken:
            continue
        return Ports.following(first)
    raise AssertionError("no three ports in a row are free")
