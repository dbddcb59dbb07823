"""One folder for each provider; only `wiring.py` imports from here."""
