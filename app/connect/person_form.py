"""What is given of a person who is invited, joins or is changed, and by what they are found again."""

from dataclasses import dataclass
from typing import Final

from app.core.errors import Invalid
from app.core.phone import to_e164
from app.deps import Deps

LONGEST_NAME: Final = 100
LONGEST_CONNECT_ID: Final = 255
SWITCHES: Final = ("alerts_enabled", "notify_by_sms", "notify_by_email")


@dataclass
class PersonForm:
    """What was given of a person; *given* names the fields, so that a change touches only those."""

    given: set[str]
    name: str | None
    connect_id: str | None
    phone: str | None
    email: str | None


def read_person(form: object, country: str | None, *, new: bool) -> PersonForm:
    """Raises `Invalid`. A *new* person needs a name, and an e-mail address or a phone to be reached by."""
    if not isinstance(form, dict):
        raise Invalid({"name": "Send a JSON object."})
    wrong: dict[str, str] = {}
    text: dict[str, str | None] = {}
    given = {field for field in ("name", "connect_id", "phone", "email") if field in form}
    for field in ("name", "connect_id", "phone", "email"):
        value = form.get(field)
        if isinstance(value, int) and not isinstance(value, bool) and field == "connect_id":
            value = str(value)
        if value is not None and not isinstance(value, str):
            wrong[field] = "This must be text."
            value = None
        text[field] = value.strip() or None if isinstance(value, str) else None
    name, connect_id = text["name"], text["connect_id"]
    if (new or "name" in given) and (not name or len(name) > LONGEST_NAME):
        wrong.setdefault("name", f"Give the person's name, in at most {LONGEST_NAME} characters.")
    if connect_id is not None and (len(connect_id) > LONGEST_CONNECT_ID or not connect_id.isprintable()):
        wrong["connect_id"] = f"Give your own id of this person, in at most {LONGEST_CONNECT_ID} characters."
    phone = to_e164(text["phone"], country or "US") if text["phone"] else None
    if text["phone"] and phone is None:
        wrong["phone"] = "Give a mobile number with its area code, for example +1 415 555 0123."
    email = text["email"]
    if email is not None and not is_email(email):
        wrong["email"] = "Give an e-mail address, for example jane@example.com."
    if new and not wrong and phone is None and email is None:
        wrong["email"] = "Give an e-mail address or a phone, so that the person can sign in."
    if wrong:
        raise Invalid(wrong)
    return PersonForm(given, name, connect_id, phone, email)


def read_switches(form: object) -> dict[str, bool]:
    """Raises `Invalid`."""
    given = {name: form[name] for name in SWITCHES if name in form} if isinstance(form, dict) else {}
    wrong = {name: "This must be true or false." for name, value in given.items() if not isinstance(value, bool)}
    if wrong:
        raise Invalid(wrong)
    return given


def is_email(text: str) -> bool:
    local, at, host = text.rpartition("@")
    return bool(at and local and "." in host) and len(text) <= 320 and not any(char.isspace() for char in text)


def email_hash_of(deps: Deps, email: str) -> bytes:
    return deps.vault.fingerprint("email:" + email.strip().lower())
