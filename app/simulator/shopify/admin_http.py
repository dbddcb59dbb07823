"""The addresses at `{shop}.myshopify.com` that the app calls: the OAuth endpoints and the Admin GraphQL API.

Source: Shopify, "Authorization code grant", "Token exchange", "GraphQL Admin API reference". The merchant of the
simulated consent screen agrees at once.
"""

import json
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app.simulator.shopify import tokens
from app.simulator.shopify.call import AdminCall
from app.simulator.shopify.cost import Bucket
from app.simulator.shopify.faults import Fault
from app.simulator.shopify.graphql import Answer, answer_question, read_question, served_version
from app.simulator.shopify.shops import DEFAULT_SCOPES, RecordedRequest, SimulatedShops
from app.simulator.shopify.state import Shop

BAD_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"


class AdminEndpoints:
    def __init__(self, simulator: SimulatedShops) -> None:
        self._simulator = simulator
        self._buckets: dict[str, Bucket] = {}

    def routes(self) -> list[Route]:
        return [
            Route("/admin/oauth/access_token", self.access_token, methods=["POST"]),
            Route("/admin/oauth/authorize", self.authorize, methods=["GET"]),
            Route("/admin/api/{version}/graphql.json", self.graphql, methods=["POST"]),
        ]

    async def access_token(self, request: Request) -> Response:
        shop = self._shop(request)
        if shop is None:
            return self._recorded(request, "", _not_found())
        fault = await self._simulator.faults.next("token")
        spoilt = fault.response() if fault is not None else None
        form = await _read_form(request)
        operation = form.get("grant_type") or "authorization_code"
        if spoilt is not None and fault is not None and not fault.after:
            return self._recorded(request, operation, spoilt)
        status, answer = tokens.answer_token_request(shop, form, self._simulator.credentials, self._simulator.clock())
        self._simulator.store.save()
        return self._recorded(request, operation, spoilt or JSONResponse(answer, status_code=status))

    async def authorize(self, request: Request) -> Response:
        """The consent screen: the merchant agrees, the app is installed and its callback is called."""
        shop, simulator = self._shop(request), self._simulator
        query = request.query_params
        callback = query.get("redirect_uri", "")
        if shop is None or query.get("client_id") != simulator.credentials.api_key:
            return _not_found()
        if urlsplit(callback)[:2] != urlsplit(simulator.app_url)[:2]:
            return JSONResponse({"error": "invalid_request", "error_description": "redirect_uri"}, status_code=400)
        simulator.install(shop.domain, scopes=shop.scopes or DEFAULT_SCOPES)
        pairs = {
            "code": tokens.new_authorization_code(shop, simulator.clock()),
            "host": tokens.host_parameter(shop),
            "shop": shop.domain,
            "state": query.get("state", ""),
            "timestamp": str(int(simulator.clock().timestamp())),
        }
        simulator.store.save()
        return RedirectResponse(f"{callback}?{tokens.signed_query(pairs, simulator.credentials.newest)}", 302)

    async def graphql(self, request: Request) -> Response:
        shop = self._shop(request)
        version = served_version(request.path_params["version"])
        if shop is None or version is None:
            return self._recorded(request, "", _not_found())
        fault = await self._simulator.faults.next("graphql")
        spoilt = fault.response() if fault is not None else None
        if spoilt is not None and fault is not None and not fault.after:
            return self._recorded(request, "", spoilt)
        operation, (status, answer) = await self._answer(request, shop, version, fault)
        response = spoilt or JSONResponse(answer, status_code=status)
        response.headers["X-Shopify-API-Version"] = version
        return self._recorded(request, operation, response)

    async def _answer(self, request: Request, shop: Shop, version: str, fault: Fault | None) -> tuple[str, Answer]:
        simulator = self._simulator
        now = simulator.clock()
        if not tokens.is_valid_access_token(shop, request.headers.get("X-Shopify-Access-Token", ""), now):
            return "", (401, {"errors": BAD_TOKEN})
        question = read_question(await request.body())
        if question is None:
            return "", (400, {"errors": {"query": "Required parameter missing or invalid"}})
        host, port = request.scope["server"]
        simulator.bulk.origin = f"http://{host}:{port}"
        call = AdminCall(shop, simulator.credentials.api_key, version, now, simulator.store.new_id, simulator.bulk)
        bucket = self._buckets.setdefault(shop.domain, Bucket.full(shop.plan, now))
        answer = answer_question(question, call, bucket, throttle=fault is not None and fault.throttle)
        simulator.store.save()
        for event in call.events:
            simulator.webhooks.send_later(shop, event)
        return question.name, answer

    def _shop(self, request: Request) -> Shop | None:
        return self._simulator.shops.get(_domain(request))

    def _recorded(self, request: Request, operation: str, response: Response) -> Response:
        record = RecordedRequest(
            shop=_domain(request),
            method=request.method,
            path=request.url.path,
            operation=operation,
            status=response.status_code,
            at=self._simulator.clock(),
        )
        self._simulator.requests.append(record)
        return response


def _domain(request: Request) -> str:
    return request.headers.get("host", "").partition(":")[0].lower()


async def _read_form(request: Request) -> dict[str, str]:
    """A form or JSON, as Shopify takes either; numbers are read as their digits."""
    if "json" in request.headers.get("content-type", ""):
        try:
            given = json.loads(await request.body())
        except ValueError:
            return {}
        return {str(key): str(value) for key, value in given.items()} if isinstance(given, dict) else {}
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))


def _not_found() -> Response:
    return JSONResponse({"errors": "Not Found"}, status_code=404)
