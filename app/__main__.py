"""`python -m app` is the console script `sms-for-ecommerce`."""

from app.cli import main

main()
