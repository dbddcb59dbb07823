"""Why a text was not sent, in a code for machines and one plain sentence for the merchant."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    code: str
    sentence: str


NOT_CONNECTED = Reason("not_connected", "No RingCentral number was connected. Connect one under Settings.")
SWITCHED_OFF = Reason("switched_off", "This kind of text is switched off.")
ORDER_NOT_FOUND = Reason("order_not_found", "Shopify no longer has this order.")
TEST_ORDER = Reason("test_order", "This is a test order.")
ORDER_CANCELLED = Reason("order_cancelled", "The order was canceled.")
NO_CUSTOMER = Reason("no_customer", "The order has no customer, so nobody agreed to texts.")
NO_PHONE = Reason("no_phone", "The customer has no phone number that can receive texts.")
NEVER_SUBSCRIBED = Reason("not_subscribed", "The customer has not agreed to text messages.")
PENDING = Reason("consent_pending", "The customer has not confirmed the sign-up for text messages yet.")
UNSUBSCRIBED = Reason("unsubscribed", "The customer has unsubscribed from text messages in Shopify.")
OPTED_OUT = Reason("opted_out", "The customer opted out of texts with this number.")
COUNTRY_CLOSED = Reason("country_not_allowed", "The customer's country is not among those you send to.")
BAD_TEMPLATE = Reason("template_broken", "The text could not be put together. Check the template.")
EMPTY_TEXT = Reason("text_empty", "The template gives an empty text.")
TOO_LATE = Reason("too_late", "It would have arrived too late to be useful.")
OUTCOME_UNKNOWN = Reason(
    "outcome_unknown", "RingCentral did not answer and does not list the text, twice. It may not have arrived."
)
CANCELLED_BY_STAFF = Reason("cancelled_by_staff", "Canceled by a member of your staff.")
SHOP_GONE = Reason("app_uninstalled", "The app was uninstalled.")
HELD_FOR_DECISION = Reason(
    "held_for_decision", "The customer's last reply may mean STOP. Texts wait until you decide under Consent."
)
CONFIRMATION_TOO_LATE = Reason(
    "confirmation_too_late", "STOP was read more than five minutes after it was sent, too late for a confirmation."
)
ANSWER_TOO_LATE = Reason("answer_too_late", "The customer's text was read too late for an automatic answer.")
NOT_CANCELLED = Reason("order_not_cancelled", "The order is not canceled.")
TRACKING_TOLD = Reason("tracking_told", "Another text about this order already gives this tracking.")
MERGED = Reason("merged", "It was held by quiet hours, and a later text about the same order says it too.")
NUMBER_UNUSABLE = Reason(
    "number_unusable",
    "The last text to this number could not be delivered. Ask the customer for another number, then send again.",
)
