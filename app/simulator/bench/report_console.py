"""Where benchmarks print: wide enough for their tables also in a file or a pipe, where no terminal tells a width."""

import os
import sys

from rich.console import Console

WIDTH_OF_TABLES = 180


def report_console() -> Console:
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console() if known else Console(width=WIDTH_OF_TABLES)
