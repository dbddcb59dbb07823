"""`GET /_bulk/{name}.jsonl`: the rows of a finished bulk operation, on another host than the shop's.

As a signed address of a file store behaves: whoever has it may read it, in parts too (`Range`), and a call that shows
an access token besides is refused.
"""

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.simulator.shopify.bulk import BulkRuns

RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class BulkFiles:
    def __init__(self, runs: BulkRuns) -> None:
        self._runs = runs

    def routes(self) -> list[Route]:
        return [Route("/_bulk/{name}.jsonl", self.fetch, methods=["GET"])]

    async def fetch(self, request: Request) -> Response:
        shows_token = "x-shopify-access-token" in request.headers or "authorization" in request.headers
        content = self._runs.file(request.path_params["name"], shows_token=shows_token)
        if content is None:
            return Response(status_code=400 if shows_token else 403)
        wanted = RANGE.fullmatch(request.headers.get("range", "")) if self._runs.serves_parts else None
        if wanted is None:
            return Response(content, media_type="application/jsonl")
        start, end = int(wanted[1]), min(int(wanted[2] or len(content) - 1), len(content) - 1)
        if start >= len(content):
            return Response(status_code=416, headers={"Content-Range": f"bytes */{len(content)}"})
        headers = {"Content-Range": f"bytes {start}-{end}/{len(content)}"}
        return Response(content[start : end + 1], status_code=206, headers=headers, media_type="application/jsonl")
