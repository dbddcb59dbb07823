"""What the trial's world is furnished with on its first start: a shop, three customers, a RingCentral user and number.

The telephone numbers lie in ranges that are kept free for stories and examples.
"""

from app.simulator.ringcentral import RingCentralSimulator
from app.simulator.shopify import ShopifySimulator

SHOP = "demo-store.myshopify.com"
SENDER = "+16505550100"
ADA = "+12125550123"
LUCIA = "+13055550142"
NOAH = "+14155550167"
JANE = "+14155550133"
"""The mobile of an affiliate, who texts from `JANES_OWN`, a number of her own at RingCentral, and sells to `JANET`."""
JANES_OWN = "+16505550177"
JANET = "+18015556788"


def furnish_shopify(shopify: ShopifySimulator) -> None:
    """Add what is missing; customers are told apart by their telephone number."""
    shop = shopify.add_shop(SHOP)
    known = {customer.phone for customer in shop.customers.values()}
    if ADA not in known:
        shopify.add_customer(SHOP, first_name="Ada", last_name="Lovelace", phone=ADA, consent="SUBSCRIBED")
    if LUCIA not in known:
        shopify.add_customer(
            SHOP, first_name="Lucía", last_name="Moreno", phone=LUCIA, consent="SUBSCRIBED", locale="es"
        )
    if NOAH not in known:
        shopify.add_customer(SHOP, first_name="Noah", last_name="Webster", phone=NOAH, consent="NEVER_SUBSCRIBED")


def furnish_ringcentral(ringcentral: RingCentralSimulator) -> str:
    """Add the merchant's user and number, and return a JWT credential as the merchant would copy it."""
    user = ringcentral.add_user(name="Demo Store")
    ringcentral.add_number(user, SENDER)
    return ringcentral.issue_jwt(user)


def furnish_affiliate(ringcentral: RingCentralSimulator) -> None:
    """Jane's own RingCentral user, where it is missing; her JWT stands with the others among the keys."""
    if JANES_OWN not in {number.phone for number in ringcentral.state.numbers.values()}:
        ringcentral.add_number(ringcentral.add_user(name="Jane Doe"), JANES_OWN)
