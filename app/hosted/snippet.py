"""The script that an organisation puts on its own site: a button that opens the Connect page, and news from it.

It runs on other people's pages, so it holds nothing: no data, no token, no cookie. It may be kept for a few minutes.
"""

from starlette.requests import Request
from starlette.responses import Response

from app.core.static_files import static_files
from app.hosted.guest import find_guest

SCRIPT = "js/connect_snippet.js"
HEADERS = {
    "Cache-Control": "public, max-age=300",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
}


async def send_snippet(request: Request) -> Response:
    if await find_guest(request) is None:
        return Response("// There is no such organisation.\n", 404, media_type="text/javascript")
    return Response(static_files().files[SCRIPT].content, headers=HEADERS, media_type="text/javascript; charset=utf-8")
