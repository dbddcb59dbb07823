"""What the merchant types to connect RingCentral, over the operator's own RingCentral application."""

from app.config import RINGCENTRAL_SERVER
from app.core.errors import Invalid
from app.core.phone import to_e164
from app.deps import Deps
from app.sms.contract import Credentials

PARTNER_SERVERS = (RINGCENTRAL_SERVER, "https://platform.ringcentral.biz")


def read_credentials(deps: Deps, form: object) -> Credentials:
    """The form over the operator's own RingCentral application. Raises `Invalid`."""
    if not isinstance(form, dict):
        raise Invalid({"jwt": "Send a JSON object with the JWT."})
    values = {name: form.get(name) for name in ("jwt", "client_id", "client_secret", "server")}
    wrong = {
        name: "This must be text." for name, value in values.items() if value is not None and not isinstance(value, str)
    }
    text = {name: value.strip() if isinstance(value, str) else "" for name, value in values.items()}
    if not text["jwt"] and "jwt" not in wrong:
        wrong["jwt"] = "Paste the JWT from RingCentral's developer console."
    if bool(text["client_id"]) != bool(text["client_secret"]):
        missing = "client_secret" if text["client_id"] else "client_id"
        wrong[missing] = "Client ID and client secret belong together: give both or neither."
    settings = deps.settings
    server = text["server"].rstrip("/") or settings.ringcentral_server_url
    if server not in {*PARTNER_SERVERS, settings.ringcentral_server_url}:
        # Our client secret is sent there, so this is a choice between known servers, never free text.
        wrong["server"] = "Choose one of RingCentral's servers."
    client_id = text["client_id"] or settings.ringcentral_client_id
    if not client_id and "client_id" not in wrong:
        wrong["client_id"] = "This installation has no RingCentral application of its own: give a client ID and secret."
    if wrong:
        raise Invalid(wrong)
    secret = text["client_secret"] or settings.ringcentral_client_secret.get_secret_value()
    return Credentials(client_id=client_id, client_secret=secret, jwt=text["jwt"], server=server)


def phone_of(form: object) -> str:
    given = form.get("phone_number") if isinstance(form, dict) else None
    phone = to_e164(given, "US") if isinstance(given, str) else None
    if phone is None:
        raise Invalid({"phone_number": "Choose one of the numbers in the list."})
    return phone
