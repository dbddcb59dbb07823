"""The credentials a newcomer pastes into the app's connection page, made by the simulated RingCentral."""

from typing import Any

from app.simulator.ringcentral import RingCentralSimulator, User


class Keys:
    """Issues one JWT for each user, when first asked, and shows the same one for as long as the process lives."""

    def __init__(self, ringcentral: RingCentralSimulator) -> None:
        self._ringcentral = ringcentral
        self._jwts: dict[str, str] = {}

    def view(self) -> dict[str, Any]:
        return {
            "users": [self._user(user) for user in self._ringcentral.state.users.values()],
            "client_id": self._ringcentral.client_id,
            "client_secret": self._ringcentral.client_secret,
        }

    def _user(self, user: User) -> dict[str, Any]:
        if user.owner_id not in self._jwts:
            self._jwts[user.owner_id] = self._ringcentral.issue_jwt(user)
        phones = [number.phone for number in self._ringcentral.numbers_of(user)]
        return {"name": user.name, "jwt": self._jwts[user.owner_id], "phones": phones}
