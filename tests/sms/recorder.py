"""An ASGI app in front of another that writes every call down as it went over the wire, with its answer."""

from typing import Any

from tests.openapi import Exchange


class Recorder:
    def __init__(self, app: Any) -> None:
        self._app = app
        self.exchanges: list[Exchange] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        tap = _Tap(receive, send)
        try:
            await self._app(scope, tap.receive, tap.send)
        finally:
            headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
            self.exchanges.append(
                Exchange(
                    method=scope["method"],
                    path=scope["path"],
                    query=scope["query_string"].decode(),
                    content_type=headers.get("content-type", ""),
                    content=tap.content,
                    status=tap.status,
                    answer_type=tap.answer_type,
                    answer=tap.answer,
                )
            )


class _Tap:
    """*transport* stays reachable: whoever is behind may want to cut the line. *status* 0: no answer came."""

    def __init__(self, receive: Any, send: Any) -> None:
        self._receive, self._send = receive, send
        self.transport = getattr(getattr(send, "__self__", None), "transport", None)
        self.content, self.answer, self.answer_type, self.status = b"", b"", "", 0

    async def receive(self) -> Any:
        message = await self._receive()
        self.content += message.get("body", b"")
        return message

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            self.answer_type = headers.get("content-type", "")
        self.answer += message.get("body", b"")
        await self._send(message)
