"""`python -m app`, and the console script `sms-for-ecommerce`.

The two processes that run for months are started without the libraries of the command line, which would stay in their
memory: with them a web process is twelve megabytes larger.
"""

import sys

SERVES = sys.argv[1:] in (["web"], ["worker"])
if SERVES:
    # structlog would load rich for coloured tracebacks, and rich its highlighter. A server prints neither.
    sys.modules["rich"] = None  # type: ignore[assignment]


def main() -> None:
    if SERVES:
        from app.processes import start

        start(sys.argv[1])
    else:
        from app.cli import main as command_line

        command_line()


if __name__ == "__main__":
    main()
