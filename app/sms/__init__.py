"""Providers of text messages: `contract.py` says what features may rely on, `providers/` fulfils it."""
