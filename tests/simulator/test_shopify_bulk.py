"""The simulated Shopify runs queries in bulk as the real one does, over real HTTP."""

import json
from typing import Any

from tests.world import SHOP, World

RUN = """mutation($query: String!) { bulkOperationRunQuery(query: $query, groupObjects: false) {
  bulkOperation { id status } userErrors { code field message } } }"""
POLL = """query($id: ID!) { bulkOperation(id: $id) {
  status errorCode objectCount rootObjectCount fileSize url partialDataUrl completedAt } }"""
CANCEL = """mutation($id: ID!) { bulkOperationCancel(id: $id) {
  bulkOperation { id status } userErrors { field message } } }"""
LIST = '{ bulkOperations(first: 10, query: "operation_type:query status:running") { nodes { id status objectCount } } }'
ORDERS = """{ orders(sortKey: CREATED_AT) { edges { node { id name fulfillments { id }
  lineItems { edges { node { id name quantity } } } } } } }"""


async def ask(world: World, document: str, /, **variables: Any) -> dict[str, Any]:
    access = await world.deps.tokens.admin_access(1)
    answer = await world.http.post(
        f"{world.deps.settings.shopify_simulator_origin}/admin/api/2026-10/graphql.json",
        headers={"Host": SHOP, "X-Shopify-Access-Token": access.token},
        json={"query": document, "variables": variables},
    )
    return dict(answer.json())


async def start(world: World, query: str = ORDERS) -> str:
    answer = await ask(world, RUN, query=query)
    assert answer["data"]["bulkOperationRunQuery"]["userErrors"] == [], answer
    assert answer["data"]["bulkOperationRunQuery"]["bulkOperation"]["status"] == "CREATED"
    return str(answer["data"]["bulkOperationRunQuery"]["bulkOperation"]["id"])


async def poll(world: World, operation: str) -> dict[str, Any]:
    return dict((await ask(world, POLL, id=operation))["data"]["bulkOperation"])


async def test_the_rows_of_a_query_are_fetched_elsewhere_and_without_a_token(world: World) -> None:
    await world.install()
    items = [{"title": "Mug", "quantity": 2}, {"title": "Cup"}]
    for _ in range(30):
        await world.order(items=items)
    world.shopify.bulk.held = True
    operation = await start(world)
    assert (await poll(world, operation))["status"] == "CREATED"
    assert (await poll(world, operation))["url"] is None
    world.shopify.bulk.held = False
    await world.shopify.settle()
    done = await poll(world, operation)
    assert (done["status"], done["objectCount"], done["rootObjectCount"]) == ("COMPLETED", "90", "30")
    assert not done["url"].startswith("https://demo-store")
    fetched = await world.http.get(done["url"])
    rows = [json.loads(line) for line in fetched.content.splitlines()]
    assert done["fileSize"] == str(len(fetched.content))
    parents = [row["id"] for row in rows if "__parentId" not in row]
    assert all("lineItems" not in row for row in rows)
    # A child stands after its parent, and not beside it.
    assert rows[1]["id"] == parents[1]
    assert [row["__parentId"] for row in rows if "__parentId" in row] == [each for each in parents for _ in items]
    part = await world.http.get(done["url"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, fetched.content[10:20])
    assert (await world.http.get(done["url"], headers={"X-Shopify-Access-Token": "secret"})).status_code == 400
    await world.advance(days=7)
    late = await poll(world, operation)
    assert (late["status"], late["url"]) == ("EXPIRED", None)
    assert (await world.http.get(done["url"])).status_code == 403


async def test_what_finds_nothing_has_no_address(world: World) -> None:
    await world.install()
    operation = await start(world)
    await world.shopify.settle()
    done = await poll(world, operation)
    assert (done["status"], done["url"], done["objectCount"]) == ("COMPLETED", None, "0")


UNFIT = [
    ("{ orders { nodes { id } } }", "edges"),
    ("{ orders { edges { node { name } } } }", "'id'"),
    (
        "{ orders { edges { node { id fulfillments { id fulfillmentLineItems { edges { node { id } } } } } } } }",
        "list",
    ),
    ("{ shop { name } }", "connection"),
    ("{ orders { edges { node { id } } } customers { edges { node { id } } } }", "single"),
    ("query($q: String) { orders(query: $q) { edges { node { id } } } }", "variables"),
    ("{ orders { edges { node { id nonsense } } } }", "nonsense"),
    ("mutation { bulkOperationCancel(id: 1) { userErrors { message } } }", "one query"),
    ("{ orders {", "Syntax"),
]


async def test_what_no_bulk_query_may_be(world: World) -> None:
    await world.install()
    for query, why in UNFIT:
        [error] = (await ask(world, RUN, query=query))["data"]["bulkOperationRunQuery"]["userErrors"]
        assert error["code"] == "INVALID", query
        assert why in error["message"], query


async def test_what_can_be_in_the_way(world: World) -> None:
    await world.install()
    await world.order()
    bulk = world.shopify.bulk
    bulk.allowed = False
    refused = await ask(world, RUN, query=ORDERS)
    assert refused["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert refused["data"]["bulkOperationRunQuery"] is None
    bulk.allowed, bulk.held = True, True
    operations = [await start(world) for _ in range(5)]
    [error] = (await ask(world, RUN, query=ORDERS))["data"]["bulkOperationRunQuery"]["userErrors"]
    assert error["code"] == "OPERATION_IN_PROGRESS"
    cancelled = (await ask(world, CANCEL, id=operations[0]))["data"]["bulkOperationCancel"]
    assert cancelled["bulkOperation"]["status"] == "CANCELING"
    bulk.held = False
    await world.shopify.settle()
    assert (await poll(world, operations[0]))["status"] == "CANCELED"
    again = (await ask(world, CANCEL, id=operations[1]))["data"]["bulkOperationCancel"]
    assert "completed" in again["userErrors"][0]["message"]
    assert (await ask(world, LIST))["data"]["bulkOperations"]["nodes"] == []
    bulk.limit_reached = True
    [error] = (await ask(world, RUN, query=ORDERS))["data"]["bulkOperationRunQuery"]["userErrors"]
    assert error["code"] == "LIMIT_REACHED"
    bulk.limit_reached, bulk.errors = False, ["TIMEOUT"]
    operation = await start(world)
    await world.shopify.settle()
    failed = await poll(world, operation)
    assert (failed["status"], failed["errorCode"], failed["url"]) == ("FAILED", "TIMEOUT", None)
    assert (await world.http.get(failed["partialDataUrl"])).status_code == 200
