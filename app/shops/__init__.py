"""Merchants: their installation, tokens, settings and RingCentral connection."""
