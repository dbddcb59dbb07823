"""Named errors and the one place that turns them into an HTTP status and public words.

    AppError
    ├── Invalid        422  bad input, one sentence per field
    ├── NotFound       404
    ├── Conflict       409
    │   └── Overtaken       what was to be saved has been changed by somebody else meanwhile
    ├── Unauthorized   401
    ├── Refused        403
    └── Unavailable    503  an outside service did not answer; the same call may succeed later

Sentences are written for the merchant who reads them. They never hold a secret, a phone number or a text.
"""


class AppError(Exception):
    status = 500

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def body(self) -> dict[str, object]:
        """The JSON answer: `{"error": sentence}`, or `{"errors": {field: sentence}}` for `Invalid`."""
        return {"error": self.sentence}


class Invalid(AppError):
    status = 422

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors

    def body(self) -> dict[str, object]:
        return {"errors": self.errors}


class NotFound(AppError):
    status = 404


class Conflict(AppError):
    status = 409


class Overtaken(Conflict):
    """*now*: what is stored by now, by the dotted name of each field that was to be saved over it unseen; *more*: what
    a page must know besides to save over it after all."""

    def __init__(self, sentence: str, now: dict[str, object], **more: object) -> None:
        super().__init__(sentence)
        self.now = now
        self.more = more

    def body(self) -> dict[str, object]:
        return {**super().body(), "now": self.now, **self.more}


class Unauthorized(AppError):
    status = 401


class Refused(AppError):
    status = 403


class Unavailable(AppError):
    status = 503
