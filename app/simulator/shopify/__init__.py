"""Shopify as a local server: strict, with a memory, and with switches for what can go wrong.

    state         what it remembers               credentials   the app's client id and secrets
    shops         installing, proving, faults     verbs         what can be made to happen in a shop
    tokens        ID tokens, offline tokens       call          one call of the Admin API
    graphql       one Admin API request           resolvers     its operations (consent, subscriptions, views, search)
    cost          points and the leaky bucket     connections   pages and cursors
    bulk          queries run in bulk             bulk_query    what they must be (bulk_files: their rows)
    webhooks      signing, delivering, retrying   payloads      their bodies (shop_payloads, orders)
    admin_http    what the app calls              control       what the trial's panel calls (panel)
    faults        what goes wrong next            server        all of it behind one port

Sources are named in each module. Where nothing was recorded of the real service's wording, the text is ours: match on
codes and status, as with the real one. One exception is deliberate: where Shopify demands https, loopback addresses
over http are taken too.
"""

from app.simulator.shopify.server import ShopifySimulator
from app.simulator.shopify.shops import RecordedRequest
from app.simulator.shopify.state import Address, Customer, Delivery, Fulfillment, LineItem, Order, Shop

__all__ = [
    "Address",
    "Customer",
    "Delivery",
    "Fulfillment",
    "LineItem",
    "Order",
    "RecordedRequest",
    "Shop",
    "ShopifySimulator",
]
