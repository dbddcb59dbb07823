"""The shop whose pages are measured: a long log, replies, opt-outs, and affiliates with their orders.

Rows like those of a real shop, written by PostgreSQL itself. The largest affiliate has a fifth of all Connect orders.
"""

from datetime import datetime, timedelta
from typing import Final

from app.deps import Deps
from app.messages.days import keep_finished_days
from app.shops.queries import get_shop

SHOP: Final = "bench.myshopify.com"
PHONE: Final = "+12125550123"
ACCOUNTS, ORDERS, OPT_OUTS = 500, 100_000, 50_000
SHOP_ROW = """
INSERT INTO shops (domain, name, timezone, installed_at, facts_read_at, created_at, access_token_encrypted,
                   access_expires_at, scopes, attributes_orders)
VALUES ($1, 'Bench', 'America/New_York', $2::timestamptz, $2, $2, $3, $2::timestamptz + interval '150 days',
        'read_orders,write_customers', true)
"""
SENDER = """
INSERT INTO senders (shop_id, account_id, phone_number, state, created_at)
SELECT 1, nullif(n, 0), '+1650' || 5550100 + n, 'ready', $1 FROM generate_series(0, 50) n
"""
MESSAGES = """
INSERT INTO messages (shop_id, sender_id, kind, subject, state, reason_code, reason, order_id, order_name,
                      phone_encrypted, phone_hash, text_encrypted, locale, segments, event_at, created_at, due_at,
                      sent_at, delivered_at, updated_at)
SELECT 1, CASE WHEN n % 100 = 0 THEN 2 ELSE 1 END,
       CASE WHEN n % 3 = 0 THEN 'order_fulfilled' ELSE 'order_confirmed' END, n::text,
       CASE WHEN n % 97 = 0 THEN 'failed' WHEN n % 31 = 0 THEN 'skipped' WHEN n > $2::bigint - 300 THEN 'accepted'
            ELSE 'delivered' END,
       CASE WHEN n % 97 = 0 THEN 'SMS-CAR-411' END, CASE WHEN n % 97 = 0 THEN 'The phone could not be reached.' END,
       n::text, '#' || n, $3, decode(md5((n % 50000)::text), 'hex'), $4, CASE WHEN n % 6 = 0 THEN 'es' ELSE 'en' END,
       1 + n % 2, t, t, t, t, t, t
FROM (SELECT n, $1::timestamptz - ($2::bigint - n) * (interval '90 days' / $2::bigint) AS t
      FROM generate_series(1, $2::bigint) AS n) AS made
"""
REPLIES = """
INSERT INTO inbound_messages (shop_id, sender_id, provider_message_id, phone_encrypted, phone_hash, text_encrypted,
                              meaning, rule, received_at, handled_at, read_at)
SELECT 1, 1 + n % 2, n::text, $2, decode(md5((n % 3000)::text), 'hex'), $3, 'other', '', t, t,
       CASE WHEN n % 50 > 0 THEN t END
FROM (SELECT n, $1::timestamptz - (8640 - n) * interval '15 minutes' AS t FROM generate_series(1, 8640) AS n) m
"""
OPTED_OUT = """
INSERT INTO suppressions (shop_id, phone_hash, phone_encrypted, since, held, lifted_at)
SELECT 1, decode(md5('out-' || n), 'hex'), $2, $1::timestamptz - n * interval '2 minutes', n % 2500 = 0,
       CASE WHEN n % 10 = 1 THEN $1::timestamptz END
FROM generate_series(1, $3::int) n
"""
CONSENT_EVENTS = """
INSERT INTO consent_events (shop_id, seq, phone_hash, phone_encrypted, at, recorded_at, change, source, actor,
                            previous_hash, hash)
SELECT 1, n, decode(md5('out-' || n), 'hex'), $2, t, t, 'opt_out', 'sms', 'customer', '', decode(md5(n::text), 'hex')
FROM (SELECT n, $1::timestamptz - ($3::int - n) * interval '2 minutes' AS t FROM generate_series(1, $3::int) n) made
"""
OPT_OUT_DAYS = """
INSERT INTO opt_out_days (shop_id, day, opt_outs)
SELECT shop_id, date(at AT TIME ZONE 'America/New_York'), count(*) FROM consent_events GROUP BY 1, 2
"""
ACCOUNT_ROWS = """
INSERT INTO connect_accounts (shop_id, connect_id, name_encrypted, phone_encrypted, phone_hash, email_encrypted,
                              email_hash, alerts_enabled, invited_at, granted_at, joined_at, created_at, updated_at)
SELECT 1, 'person-' || n, $2, $3, decode(md5('p' || n), 'hex'), $4, decode(md5('e' || n), 'hex'), n % 3 > 0, $1, $1,
       CASE WHEN n % 5 > 0 THEN $1::timestamptz END, $1, $1
FROM generate_series(1, $5::int) n
"""
PROFILES = """
INSERT INTO connect_profiles (shop_id, phone_hash, consent_state, created_at)
SELECT 1, decode(md5(n::text), 'hex'), 'subscribed', $1 FROM generate_series(1, $2::int / 5) n
"""
CONNECT_ORDERS = """
INSERT INTO connect_orders (shop_id, account_id, profile_id, reference_id, created_at, recorded_at, updated_at,
                            paid_at, shipped_at, total_cents, total_currency, profile_name_encrypted,
                            profile_phone_encrypted, phone_hash)
SELECT 1, CASE WHEN n % 5 = 0 THEN 1 ELSE 1 + n % $5::int END, 1 + n % ($4::int / 5), 'ref-' || n, t, t, t, t,
       CASE WHEN n % 2 = 0 THEN t END, 1000 + n % 9000, 'USD', $2, $3, decode(md5((1 + n % ($4::int / 5))::text), 'hex')
FROM (SELECT n, $1::timestamptz - ($4::int - n) * interval '1 minute' AS t FROM generate_series(1, $4::int) n) made
"""
LINES = """
INSERT INTO connect_order_lines (order_id, position, name, quantity, each_price_cents, each_price_currency,
                                 price_cents, price_currency)
SELECT id, 0, 'Candle', 1, total_cents, 'USD', total_cents, 'USD' FROM connect_orders
"""
ATTRIBUTIONS = """
INSERT INTO connect_attributions (shop_id, shopify_order_id, account_id, rule, order_name, at)
SELECT 1, n::text, CASE WHEN n % 2 = 0 THEN 1 + n % $3::int END, 'discount code', '#' || n,
       $1::timestamptz - n * interval '1 minute'
FROM generate_series(1, $2::int) n
"""
RULES = """
INSERT INTO connect_rules (shop_id, position, field, pattern, account_id, created_at)
SELECT 1, n, 'discount_code', 'CODE' || n, n, $1 FROM generate_series(1, 40) n
"""
KEYS = """
INSERT INTO api_keys (shop_id, name, hint, key_hash, scopes, created_at, created_by)
SELECT 1, 'Key ' || n, 'abcd', decode(md5(n::text), 'hex'), '["orders:read"]', $1, 'staff' FROM generate_series(1, 8) n
"""
REQUESTS = """
INSERT INTO api_requests (shop_id, api_key_id, request_id, at, method, route, status, duration_ms)
SELECT 1, 1 + n % 8, n::text, $1::timestamptz - ($2::int - n) * interval '1 minute', 'POST', '/api/v1/orders', 201, 12
FROM generate_series(1, $2::int) n
"""
ENDPOINTS = """
INSERT INTO connect_webhook_endpoints (shop_id, url, events, secret_encrypted, created_at)
SELECT 1, 'https://organisation.example/' || n, '["api_client_granted_user_created"]', $2, $1
FROM generate_series(1, 3) n
"""
CALLS = """
INSERT INTO connect_webhook_calls (shop_id, endpoint_id, event_id, event, body_encrypted, state, due_at, created_at)
SELECT 1, 1 + n % 3, n::text, 'api_client_granted_user_created', $2, 'delivered', $1, $1
FROM generate_series(1, $3::int) n
"""
IMPORTS = """
INSERT INTO connect_imports (shop_id, dry_run, state, total, counts, created_at, created_by, updated_at, finished_at)
SELECT 1, n % 2 = 0, 'done', 5000, '{}', $1, 'staff', $1, $1 FROM generate_series(1, 20) n
"""
VISIT = "INSERT INTO connect_visits (shop_id, account_id, created_at) VALUES (1, 1, $1) RETURNING id"


async def furnish(deps: Deps, now: datetime, messages: int) -> int:
    """Answers the id of a visit of the largest account to its hosted page."""
    seal = deps.vault.encrypt
    text = "Hi Ada Lovelace, your Demo Store order #1001 has been confirmed. Details: [order status link] Reply STOP"
    phone, name, email = seal(PHONE), seal("Ada Lovelace"), seal("ada@example.com")
    async with deps.db.pool.acquire() as connection:
        await connection.execute(SHOP_ROW, SHOP, now - timedelta(days=120), seal("token"))
        await connection.execute(SENDER, now)
        await connection.execute(MESSAGES, now, messages, phone, seal(text), timeout=1200)
        await connection.execute(REPLIES, now, phone, seal("Can you leave it with the neighbour?"))
        await connection.execute(OPTED_OUT, now, phone, OPT_OUTS, timeout=120)
        await connection.execute(CONSENT_EVENTS, now, phone, OPT_OUTS, timeout=120)
        await connection.execute(OPT_OUT_DAYS, timeout=120)
        await connection.execute(ACCOUNT_ROWS, now, name, phone, email, ACCOUNTS)
        await connection.execute(PROFILES, now, ORDERS)
        await connection.execute(CONNECT_ORDERS, now, name, phone, ORDERS, ACCOUNTS, timeout=300)
        await connection.execute(LINES, timeout=120)
        await connection.execute(ATTRIBUTIONS, now, ORDERS, ACCOUNTS, timeout=120)
        await connection.execute(RULES, now)
        await connection.execute(KEYS, now)
        await connection.execute(REQUESTS, now, 20_000)
        await connection.execute(ENDPOINTS, now, seal("secret"))
        await connection.execute(CALLS, now, seal("{}"), 10_000)
        await connection.execute(IMPORTS, now)
        visit = int(await connection.fetchval(VISIT, now))
        await connection.execute("ANALYZE", timeout=300)
    async with deps.db.transaction() as session:
        await keep_finished_days(deps, session, await get_shop(session, 1))
    return visit
