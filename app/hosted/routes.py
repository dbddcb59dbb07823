"""The addresses of the hosted Connect page, below `/c/{organisation}`. What changes something is a POST."""

from starlette.routing import BaseRoute, Route

from app.hosted import customers, doors, home, number, settings, texts
from app.hosted.guest import Answer
from app.hosted.snippet import send_snippet

ROOT = "/c/{organisation}"


def hosted_routes() -> list[BaseRoute]:
    return [
        Route(ROOT, doors.show_door, methods=["GET"]),
        Route(f"{ROOT}/connect.js", send_snippet, methods=["GET"]),
        _deed("/sign-in", doors.ask_for_code),
        _deed("/code", doors.take_code),
        _deed("/enter", doors.take_link),
        _deed("/join", doors.take_agreement),
        _deed("/decline", doors.take_no),
        _deed("/sign-out", doors.sign_out),
        _page("/home", home.open_home),
        _deed("/home/alerts", home.switch_alerts),
        _page("/number", number.open_number),
        _deed("/number/connect", number.connect_own),
        _deed("/number/choose", number.choose),
        _deed("/number/disconnect", number.disconnect_own),
        _page("/texts", texts.open_texts),
        _deed("/texts/preview", texts.preview_text),
        _deed("/texts/save", texts.save_text),
        _deed("/texts/shared", texts.use_shared),
        _page("/orders", customers.open_orders),
        _page("/customers", customers.open_customers),
        _page("/messages", customers.open_messages),
        _page("/messages/{key}", customers.open_conversation),
        _deed("/messages/{key}/answer", customers.answer),
        _page("/settings", settings.open_settings),
        _deed("/settings/save", settings.save_settings),
        _deed("/leave", doors.take_back),
    ]


def _page(path: str, show: Answer) -> Route:
    """GET is answered with the sign-in page, which brings the token of a visit that goes on."""
    return Route(ROOT + path, show, methods=["GET", "POST"])


def _deed(path: str, do: Answer) -> Route:
    """A GET, such as a reload by hand, begins at the sign-in page."""
    return Route(ROOT + path, do, methods=["POST"])
