"""What became of a shop's texts in a period: four numbers, and the same by day and by kind."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.days import opt_outs_by_day
from app.deps import Deps
from app.messages.days import DayCount, count_by_day, today_in
from app.messages.models import MessageState as S
from app.shops.models import Shop

ON_THE_WAY: Final = frozenset({S.ACCEPTED, S.SENT, S.UNKNOWN})
WAITING: Final = frozenset({S.QUEUED, S.SENDING})
FAILED: Final = frozenset({S.FAILED, S.EXPIRED})
NOT_SENT: Final = frozenset({S.SKIPPED, S.CANCELLED})


@dataclass(frozen=True, slots=True)
class Tally:
    delivered: int
    on_the_way: int
    waiting: int
    failed: int
    not_sent: int

    @property
    def sent(self) -> int:
        """Handed to RingCentral or tried to: what has left the queue for a phone."""
        return self.delivered + self.on_the_way + self.failed

    @property
    def delivery_rate(self) -> float | None:
        """Of the texts whose end is known; None while none is."""
        known = self.delivered + self.failed
        return self.delivered / known if known else None


@dataclass(frozen=True, slots=True)
class Analytics:
    first: date
    last: date
    whole: Tally
    by_day: list[tuple[date, Tally]]
    by_kind: list[tuple[str, Tally]]
    opt_outs: list[tuple[date, int]]
    segments: int

    @property
    def opted_out(self) -> int:
        return sum(count for _, count in self.opt_outs)


async def analyse(deps: Deps, session: AsyncSession, shop: Shop, *, days: int) -> Analytics:
    """The last *days* days of the shop's calendar, today among them."""
    last = today_in(deps, shop)
    first = last - timedelta(days=days - 1)
    counts = await count_by_day(deps, session, shop, since=first)
    calendar = [first + timedelta(days=ahead) for ahead in range(days)]
    opt_outs = await opt_outs_by_day(session, shop.id, since=first)
    kinds = sorted({each.kind for each in counts})
    by_kind = [(kind, tally([each for each in counts if each.kind == kind])) for kind in kinds]
    grouped: dict[date, list[DayCount]] = {day: [] for day in calendar}
    for each in counts:
        grouped.setdefault(each.day, []).append(each)
    return Analytics(
        first=first,
        last=last,
        whole=tally(counts),
        by_day=[(day, tally(grouped[day])) for day in calendar],
        by_kind=sorted(by_kind, key=lambda row: -row[1].sent),
        opt_outs=[(day, opt_outs[day]) for day in calendar],
        segments=sum(each.segments for each in counts),
    )


async def week_by_kind(deps: Deps, session: AsyncSession, shop: Shop) -> dict[str, Tally]:
    """The last seven days of every kind that sent anything."""
    counts = await count_by_day(deps, session, shop, since=today_in(deps, shop) - timedelta(days=6))
    return {kind: tally([each for each in counts if each.kind == kind]) for kind in {each.kind for each in counts}}


def tally(counts: list[DayCount]) -> Tally:
    by_state: Counter[str] = Counter()
    for each in counts:
        by_state[each.state] += each.messages
    return Tally(
        delivered=by_state[S.DELIVERED],
        on_the_way=sum(by_state[state] for state in ON_THE_WAY),
        waiting=sum(by_state[state] for state in WAITING),
        failed=sum(by_state[state] for state in FAILED),
        not_sent=sum(by_state[state] for state in NOT_SENT),
    )
