"""What a long check tells while it runs, so that a person sees each step happen instead of a page that waits.

A step is told as RUNNING when it starts and once more under the same code when its outcome is known.
"""

from collections.abc import Awaitable, Callable
from typing import Final

Tell = Callable[[str, str, str], Awaitable[None]]
"""Code, level (RUNNING or one of `Level`), one sentence."""
RUNNING: Final = "running"
ABOUT: Final = "info"
"""The level of a line that only says what the steps after it are about."""


async def tell_nobody(code: str, level: str, sentence: str) -> None:
    pass


def tell_under(tell: Tell, name: object) -> Tell:
    """*tell* with codes of their own, where the same steps run for several things."""

    async def tell_one(code: str, level: str, sentence: str) -> None:
        await tell(f"{name}.{code}", level, sentence)

    return tell_one
