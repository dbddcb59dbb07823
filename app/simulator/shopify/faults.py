"""What the simulated Shopify is told to do wrong next, in the order in which it was told."""

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

from starlette.responses import JSONResponse, Response

Kind = Literal["graphql", "token"]


@dataclass
class Fault:
    """*after* lets the request take effect before the answer is spoilt, as when a connection breaks on the way back."""

    kind: Kind
    times: int = 1
    status: int | None = None
    body: Any = None
    retry_after: int | None = None
    throttle: bool = False
    hang_seconds: float = 0
    after: bool = False

    def response(self) -> Response | None:
        if self.status is None:
            return None
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if isinstance(self.body, (str, bytes)):
            return Response(self.body, status_code=self.status, headers=headers)
        body = {"errors": f"Simulated HTTP {self.status}"} if self.body is None else self.body
        return JSONResponse(body, status_code=self.status, headers=headers)


class Faults:
    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def clear(self) -> None:
        self._waiting.clear()

    async def next(self, kind: Kind) -> Fault | None:
        """The fault for this request, used up once more; a hang has passed when this returns."""
        fault = next((one for one in self._waiting if one.kind == kind), None)
        if fault is None:
            return None
        fault.times -= 1
        if fault.times <= 0:
            self._waiting.remove(fault)
        if fault.hang_seconds:
            await asyncio.sleep(fault.hang_seconds)
        return fault
