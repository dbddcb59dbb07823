"""Kinds of text that a merchant switches and words, and the Shopify events they answer to."""
