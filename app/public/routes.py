"""The public addresses, below `/c/{organisation}`; the organisation is the shop's handle at Shopify."""

from starlette.routing import BaseRoute, Route

from app.public.opt_out import answer_form, show_form


def public_routes() -> list[BaseRoute]:
    return [
        Route("/c/{organisation}/opt-out", show_form, methods=["GET"]),
        Route("/c/{organisation}/opt-out", answer_form, methods=["POST"]),
    ]
