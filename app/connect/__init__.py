"""Connected accounts: affiliates and distributors whose customers get order texts from the affiliate's own number.

accounts.py       who they are, invited, set up, granted, revoked         numbers.py   the number they text from
order_form.py     an order as an organisation's software sends it         orders.py    stored, changed, deleted
order_answer.py   the same order as it is answered                        alerts.py    the kinds of text and their facts
consent.py        the evidence that an order carries                      notices.py   from the organisation to accounts
rules.py          whose an order of Shopify is                          attribution.py   decided once, saved, tried out
ownership.py      the affiliate's number and words for such orders      history.py       backfill from Shopify
keys.py           API keys      outgoing.py   webhooks to the organisation      request_log.py   what was called
"""
