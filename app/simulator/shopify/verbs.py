"""What can be made to happen in a simulated shop, for tests and for the trial: customers, consent, orders, compliance.

Every verb changes the state that the HTTP side serves, and those that Shopify would tell of deliver their webhooks
before they return.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.simulator.shopify import consent, orders, shop_payloads
from app.simulator.shopify.shops import SimulatedShops
from app.simulator.shopify.state import Address, Customer, Delivery, Fulfillment, Order

CONSENT_STATES = ("SUBSCRIBED", "UNSUBSCRIBED", "NEVER_SUBSCRIBED", "PENDING", "REDACTED")


class CustomersOwn:
    """Stands for the address that the customer has anyway."""


CUSTOMERS_OWN: Final = CustomersOwn()


class SimulatedShopify(SimulatedShops):
    # Customers

    def add_customer(
        self,
        domain: str,
        *,
        first_name: str | None = "Ada",
        last_name: str | None = "Lovelace",
        phone: str | None = "+12125550123",
        consent: str = "SUBSCRIBED",
        locale: str = "en",
        email: str | None = None,
        tags: Sequence[str] = (),
        default_address: Address | Mapping[str, str] | None = None,
    ) -> Customer:
        asked = consent != "NEVER_SUBSCRIBED"
        customer = Customer(
            id=self.store.new_id(),
            created_at=self.clock(),
            updated_at=self.clock(),
            first_name=first_name,
            last_name=last_name,
            email=email,
            phone=phone,
            locale=locale,
            tags=list(tags),
            default_address=_address(default_address),
            consent=_known_state(consent),
            opt_in_level="SINGLE_OPT_IN" if asked else None,
            consent_updated_at=self.clock() if asked else None,
            consent_collected_from="SHOPIFY" if asked else None,
        )
        self.shops[domain].customers[customer.id] = customer
        self.store.save()
        return customer

    async def set_consent(self, domain: str, customer: Customer, state: str) -> list[Delivery]:
        """The customer or the merchant changes the consent in Shopify."""
        shop = self.shops[domain]
        level = "CONFIRMED_OPT_IN" if state == "PENDING" else "SINGLE_OPT_IN" if state == "SUBSCRIBED" else None
        consent.record_consent(
            customer, _known_state(state), self.clock(), opt_in_level=level, collected_from="SHOPIFY"
        )
        customer.updated_at = self.clock()
        return await self.webhooks.send(shop, {consent.TOPIC: shop_payloads.consent_payload(shop, customer)})

    async def change_customer(self, domain: str, customer: Customer, **fields: Any) -> list[Delivery]:
        """Sets attributes of a customer and tells of it by `customers/update`."""
        for name, value in fields.items():
            if name not in Customer.__struct_fields__:
                raise TypeError(f"A customer has no {name}.")
            setattr(customer, name, value)
        customer.updated_at = self.clock()
        shop = self.shops[domain]
        return await self.webhooks.send(shop, {"customers/update": shop_payloads.customer_payload(shop, customer)})

    # Orders

    async def place_order(
        self,
        domain: str,
        customer: Customer | None,
        *,
        phone: str | None = None,
        shipping: Address | Mapping[str, str] | CustomersOwn | None = CUSTOMERS_OWN,
        items: Sequence[Mapping[str, Any]] | None = None,
        test: bool = False,
        **fields: Any,
    ) -> Order:
        """A new order, told to who subscribed. *shipping* None is an order without address; *fields* set the rest."""
        shop = self.shops[domain]
        order = orders.new_order(
            shop,
            customer,
            self.clock(),
            self.store.new_id,
            phone=phone,
            shipping=orders.address_of(customer, phone) if isinstance(shipping, CustomersOwn) else _address(shipping),
            items=items,
            test=test,
            fields=fields,
        )
        await self.webhooks.send(shop, orders.placed(shop, order))
        return order

    async def fulfil_order(
        self,
        domain: str,
        order: Order,
        *,
        tracking_company: str | None = "UPS",
        tracking_number: str | None = "1Z999AA10123456784",
        tracking_url: str | None = None,
        partial: bool = False,
    ) -> Order:
        """Sends all that is left of the order, or one piece of it. Known carriers' pages are filled in."""
        shop = self.shops[domain]
        topics = orders.fulfil(
            shop,
            order,
            self.clock(),
            self.store.new_id,
            tracking_company=tracking_company,
            tracking_number=tracking_number,
            tracking_url=tracking_url,
            partial=partial,
        )
        await self.webhooks.send(shop, topics)
        return order

    async def change_tracking(
        self,
        domain: str,
        order: Order,
        parcel: Fulfillment,
        *,
        company: str | None = "UPS",
        number: str | None = None,
        url: str | None = None,
    ) -> Order:
        shop = self.shops[domain]
        topics = orders.change_tracking(shop, order, parcel, self.clock(), company=company, number=number, url=url)
        await self.webhooks.send(shop, topics)
        return order

    async def pay_order(self, domain: str, order: Order) -> Order:
        shop = self.shops[domain]
        await self.webhooks.send(shop, orders.pay(shop, order, self.clock()))
        return order

    async def report_parcel(self, domain: str, order: Order, parcel: Fulfillment, status: str) -> Order:
        """The carrier says what has become of a parcel: `out_for_delivery`, `delivered`, …"""
        shop = self.shops[domain]
        topics = orders.report(shop, order, parcel, self.clock(), self.store.new_id(), status)
        await self.webhooks.send(shop, topics)
        return order

    async def refund_order(self, domain: str, order: Order, *, cents: int | None = None) -> Order:
        """All that is left, or *cents* of it."""
        shop = self.shops[domain]
        await self.webhooks.send(shop, orders.refund(shop, order, self.clock(), self.store.new_id, cents))
        return order

    async def cancel_order(self, domain: str, order: Order, *, reason: str = "customer") -> Order:
        shop = self.shops[domain]
        await self.webhooks.send(shop, orders.cancel(shop, order, self.clock(), reason))
        return order

    # Compliance

    async def send_shop_redact(self, domain: str) -> list[Delivery]:
        """Comes 48 hours after the uninstall."""
        shop = self.shops[domain]
        return await self.webhooks.send(shop, {"shop/redact": shop_payloads.shop_redact_payload(shop)})

    async def send_customers_redact(self, domain: str, customer: Customer) -> list[Delivery]:
        shop = self.shops[domain]
        payload = shop_payloads.customers_redact_payload(shop, customer)
        return await self.webhooks.send(shop, {"customers/redact": payload})

    async def send_data_request(self, domain: str, customer: Customer) -> list[Delivery]:
        shop = self.shops[domain]
        payload = shop_payloads.data_request_payload(shop, customer, self.store.new_id())
        return await self.webhooks.send(shop, {"customers/data_request": payload})


def _address(given: Address | Mapping[str, str] | None) -> Address | None:
    return given if given is None or isinstance(given, Address) else Address(**given)


def _known_state(state: str) -> str:
    if state not in CONSENT_STATES:
        raise ValueError(f"There is no consent state {state}.")
    return state
