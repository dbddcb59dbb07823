"""Texts of Connect that are not about an order: what the organisation tells its accounts, and what these answer."""

from datetime import timedelta

from app.messages.kinds import Kind, kinds

NOTICE = kinds.add(
    Kind(
        "connect_notice",
        "Connect: notification",
        "From your organization to a connected account.",
        max_age=timedelta(hours=12),
        about_order=False,
        needs_consent=False,
        priority=6,
    )
)

ANSWER = kinds.add(
    Kind(
        "connect_reply",
        "Connect: reply",
        "What a connected account answered to a customer's text.",
        max_age=timedelta(hours=24),
        about_order=False,
        # The customer wrote first; an opt-out still stops it, and the sending hours were kept when it was queued.
        needs_consent=False,
        heeds_quiet_hours=False,
        priority=1,
    )
)
