"""Serves `web/static` under an address that changes with its content, so that browsers may keep a file for ever.

All files share one hash, because ES modules import each other by relative address. They are read once, compressed once
and served from memory; a name that is not among them does not exist, so no path can lead out of the folder.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from app.core.minified import minify

WEB = Path(__file__).parents[2] / "web"
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    content: bytes
    compressed: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class StaticFiles:
    build: str
    files: dict[str, StaticFile]

    @property
    def prefix(self) -> str:
        return f"/static/{self.build}"


@cache
def static_files() -> StaticFiles:
    folder = WEB / "static"
    paths = {each.relative_to(folder).as_posix(): each for each in sorted(folder.rglob("*")) if each.suffix in TYPES}
    scripts = minify({name: path.read_text() for name, path in paths.items() if path.suffix == ".js"})
    files = {}
    digest = hashlib.sha256()
    for name, path in paths.items():
        content = scripts[name].encode() if name in scripts else path.read_bytes()
        digest.update(name.encode() + b"\0" + content + b"\0")
        files[name] = StaticFile(content, gzip.compress(content, mtime=0), TYPES[path.suffix])
    return StaticFiles(digest.hexdigest()[:16], files)


async def serve_static_file(request: Request) -> Response:
    static = static_files()
    file = static.files.get(request.path_params["path"])
    if file is None:
        return Response("Not found", 404, media_type="text/plain")
    # A page of the build before this one still gets its modules, but nobody may keep them under the old address.
    current = request.path_params["build"] == static.build
    headers = {
        "Cache-Control": FOR_EVER if current else "no-cache",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.compressed, headers=headers | {"Content-Encoding": "gzip"}, media_type=file.media_type)
    return Response(file.content, headers=headers, media_type=file.media_type)
