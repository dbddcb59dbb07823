"""Bulk operations: a query that runs on by itself, and its rows as a file to be fetched elsewhere.

Source: Shopify, "Perform bulk operations with the GraphQL Admin API", "API response codes". The app must be allowed
first (`ACCESS_DENIED`). Five queries at once for an app and a shop. One JSON
object a line; a row of an inner connection names its `__parentId` and stands after its parent, though not beside it.
Counts are strings; no rows, no address. The file lives on another host for seven days and refuses a caller who shows a
token. Here it is kept in memory only.
"""

import asyncio
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    execute_sync,
)

from app.core.clock import Clock
from app.simulator.shopify.bulk_query import Unfit, read_query
from app.simulator.shopify.connections import every_record
from app.simulator.shopify.state import BulkOperation, Shop

MOST_AT_ONCE: Final = 5
RESULTS_LIVE: Final = timedelta(days=7)
CHUNK: Final = 25
"""Root objects that are written before what hangs on them: so a child is seldom beside its parent."""
OPEN: Final = ("CREATED", "RUNNING", "CANCELING")
TOPIC: Final = "bulk_operations/finish"

Row = dict[str, Any]
Send = Callable[[Shop, Mapping[str, Any]], None]


@dataclass
class BulkRuns:
    """All shops' operations: the files, what is running, and the switches for what can go wrong.

    *allowed* False: not enabled in the Partner Dashboard, or not used for 31 days. *limit_reached*: the next start is
    refused so. *errors* are taken by the next operations, one each. *held*: what runs goes no further for now.
    *pause* in seconds after every chunk. *strangers* counts fetches that showed a token of ours. *origin* is where the
    files are fetched: this server by its number instead of a shop's name; without *serves_parts* only whole.
    """

    clock: Clock
    send_later: Send
    origin: str = ""
    allowed: bool = True
    limit_reached: bool = False
    errors: list[str] = field(default_factory=list)
    pause: float = 0
    serves_parts: bool = True
    strangers: int = 0
    fetched: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    _go: asyncio.Event = field(default_factory=asyncio.Event)
    _running: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._go.set()

    @property
    def held(self) -> bool:
        return not self._go.is_set()

    @held.setter
    def held(self, held: bool) -> None:
        if held:
            self._go.clear()
        else:
            self._go.set()

    def start(
        self, shop: Shop, new_id: Callable[[], int], schema: GraphQLSchema, root: Any, query: str, *, grouped: bool
    ) -> Row:
        """The payload of `bulkOperationRunQuery`. Raises GraphQLError while the app is not allowed to."""
        if not self.allowed:
            raise GraphQLError(
                "Access denied for bulkOperationRunQuery field. Bulk queries are not enabled for this app.",
                extensions={"code": "ACCESS_DENIED", "documentation": "https://shopify.dev/api/usage/access-scopes"},
            )
        if sum(each.status in OPEN for each in shop.bulk_operations.values()) >= MOST_AT_ONCE:
            return _refused(
                "OPERATION_IN_PROGRESS", "Five bulk query operations are in progress for this app and shop."
            )
        if self.limit_reached:
            return _refused("LIMIT_REACHED", "Bulk operations limit reached. Please try again later.")
        try:
            document = read_query(schema, query)
        except Unfit as unfit:
            return _refused("INVALID", str(unfit))
        operation = BulkOperation(id=new_id(), created_at=self.clock(), query=query)
        shop.bulk_operations[operation.id] = operation
        data = self._execute(schema, root, document, operation)
        task = asyncio.create_task(self._run(shop, operation, data, chunk=1 if grouped else CHUNK))
        self._running[operation.id] = task
        task.add_done_callback(lambda _: self._running.pop(operation.id, None))
        return {"bulkOperation": self.view(operation), "userErrors": []}

    def cancel(self, shop: Shop, operation_id: int) -> Row:
        operation = shop.bulk_operations.get(operation_id)
        if operation is None:
            raise GraphQLError("Bulk operation does not exist", extensions={"code": "RESOURCE_NOT_FOUND"})
        if operation.status not in ("CREATED", "RUNNING"):
            message = f"A bulk operation cannot be canceled when it is {operation.status.lower()}"
            return {"bulkOperation": self.view(operation), "userErrors": [{"field": None, "message": message}]}
        operation.status = "CANCELING"
        return {"bulkOperation": self.view(operation), "userErrors": []}

    def view(self, operation: BulkOperation) -> Row:
        self._let_expire(operation)
        address = f"{self.origin}/_bulk/{operation.file}.jsonl" if operation.file else None
        return {
            "__typename": "BulkOperation",
            "id": operation.gid,
            "type": "QUERY",
            "status": operation.status,
            "errorCode": operation.error_code,
            "createdAt": operation.created_at,
            "completedAt": operation.completed_at if operation.status in ("COMPLETED", "EXPIRED") else None,
            "objectCount": operation.objects,
            "rootObjectCount": operation.roots,
            "fileSize": operation.size if operation.file else None,
            "url": address if operation.status == "COMPLETED" else None,
            "partialDataUrl": address if operation.status == "FAILED" else None,
            "query": operation.query,
        }

    def file(self, name: str, *, shows_token: bool) -> bytes | None:
        """None when it never was, has expired, or is asked for with somebody's token."""
        self.fetched += 1
        if shows_token:
            self.strangers += 1
            return None
        return self.files.get(name)

    def expire(self, shop: Shop) -> None:
        """Seven days have passed for what is finished."""
        for operation in shop.bulk_operations.values():
            if operation.status not in OPEN and operation.completed_at is not None:
                operation.completed_at -= RESULTS_LIVE
                self._let_expire(operation)

    async def settle(self) -> None:
        """Wait for what runs, unless it is held."""
        while self._running and not self.held:
            await asyncio.gather(*self._running.values())

    async def aclose(self) -> None:
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _let_expire(self, operation: BulkOperation) -> None:
        done = operation.completed_at
        if operation.status in OPEN and operation.id not in self._running:
            # This server was started anew meanwhile.
            operation.status, operation.error_code = "FAILED", "INTERNAL_SERVER_ERROR"
        too_old = done is not None and done + RESULTS_LIVE <= self.clock()
        if operation.file and (too_old or operation.file not in self.files):
            self.files.pop(operation.file, None)
            operation.file = None
            operation.status = "EXPIRED" if operation.status == "COMPLETED" else operation.status

    def _execute(self, schema: GraphQLSchema, root: Any, document: DocumentNode, operation: BulkOperation) -> Row:
        """As the records are now; what changes while the operation runs is not in its file."""
        if self.errors:
            operation.error_code = self.errors.pop(0)
        with every_record():
            result = execute_sync(schema, document, root_value=root)
        for error in result.errors or ():
            if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
                raise error.original_error
            operation.error_code = "ACCESS_DENIED"
        return result.data or {}

    async def _run(self, shop: Shop, operation: BulkOperation, data: Row, *, chunk: int) -> None:
        lines: list[bytes] = []
        await self._step()
        if operation.status == "CREATED":
            operation.status = "RUNNING"
        roots = [edge["node"] for value in data.values() for edge in (value or {}).get("edges") or ()]
        for start in range(0, len(roots), chunk):
            await self._step()
            if operation.status == "CANCELING":
                break
            if operation.error_code is not None and start > 0:
                break  # something was done before it went wrong
            lines += [json.dumps(row).encode() + b"\n" for row in rows_of(roots[start : start + chunk])]
            operation.objects, operation.roots = len(lines), min(start + chunk, len(roots))
        self._end(shop, operation, b"".join(lines))

    async def _step(self) -> None:
        await asyncio.sleep(self.pause)
        await self._go.wait()

    def _end(self, shop: Shop, operation: BulkOperation, content: bytes) -> None:
        operation.completed_at = self.clock()
        canceled = operation.status == "CANCELING"
        operation.status = "CANCELED" if canceled else "FAILED" if operation.error_code is not None else "COMPLETED"
        operation.size = len(content)
        if content and not canceled:
            operation.file = secrets.token_urlsafe(16)
            self.files[operation.file] = content
        self.send_later(shop, {TOPIC: finish_payload(operation)})


def rows_of(roots: list[Row]) -> Iterator[Row]:
    """The objects of one kind, then those of all their connections, each naming its parent."""
    later: list[Row] = []
    for node in roots:
        own = {}
        for name, value in node.items():
            if isinstance(value, dict) and isinstance(value.get("edges"), list):
                later += [{**edge["node"], "__parentId": node["id"]} for edge in value["edges"]]
            else:
                own[name] = value
        yield own
    if later:
        yield from rows_of(later)


def finish_payload(operation: BulkOperation) -> Row:
    moment: datetime | None = operation.completed_at
    return {
        "admin_graphql_api_id": operation.gid,
        "completed_at": moment.isoformat() if moment else None,
        "created_at": operation.created_at.isoformat(),
        "error_code": operation.error_code.lower() if operation.error_code else None,
        "status": operation.status.lower(),
        "type": "query",
    }


def _refused(code: str, message: str) -> Row:
    return {"bulkOperation": None, "userErrors": [{"field": ["query"], "message": message, "code": code}]}
