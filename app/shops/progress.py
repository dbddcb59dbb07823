"""What a long check tells while it runs, so that a person sees each step happen instead of a page that waits.

A step is told as RUNNING when it starts and once more under the same code when its outcome is known.
"""

from collections.abc import Awaitable, Callable
from typing import Final

Tell = Callable[[str, str, str], Awaitable[None]]
"""Code, level (RUNNING or one of `Level`), one sentence."""
RUNNING: Final = "running"


async def tell_nobody(code: str, level: str, sentence: str) -> None:
    pass
