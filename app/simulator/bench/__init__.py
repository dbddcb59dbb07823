"""Measurements of this app on this machine, as ratios within one run: `sms-for-ecommerce bench [name]`.

    intake    webhooks a second, against a route that only checks the HMAC and against a plain insert

A benchmark is a module of this package with `main(arguments) -> exit status`; modules with an underscore in their name
serve them.
"""
