"""Measurements of this app on this machine, as ratios within one run: `sms-for-ecommerce bench [name]`.

    drain     how close sending comes to what RingCentral allows, and what a text costs
    growth    claims, log and intake with few and with many rows
    intake    webhooks a second, against a route that only checks the HMAC and against a plain insert
    latency   from an order's webhook to the call at RingCentral
    pages     server time of each page of the admin

A benchmark is a module of this package with `main(arguments) -> exit status`; modules with an underscore in their name
serve them.
"""
