"""SMS for Ecommerce: order texts for Shopify shops from their own RingCentral number.

The folders stand in ranks; imports point downward only, and `make check` holds them to it. Highest first:

    cli.py  processes.py           operators' commands; starting the two processes with little around them
    main.py  worker.py             the web process, the worker process
    simulator/                     Shopify and RingCentral as local servers for trial and tests; never in production
    wiring.py                      composition root: builds everything once
    webhooks/  admin/  public/     IN: Shopify's and RingCentral's calls; pages inside Shopify Admin; the opt-out page
    compliance/                    privacy webhooks: data request, redaction
    notifications/  connect/       kinds of text and the events they answer to; connected accounts
    messages/                      the outbox: queue, gate, send, settle, receive, pace
    consent/  message_templates/   who may be texted; the merchant's wording
    shops/                         merchants: install, tokens, settings, RingCentral connection
    deps.py                        what routes and jobs are given
    shopify/  sms/                 OUT: Admin API and its proofs; text message providers
    config.py                      settings from the environment
    core/                          no business words: database, jobs, clock, crypto, log, errors
"""

__version__ = "0.1.0"
