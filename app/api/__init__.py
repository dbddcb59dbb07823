"""The public HTTP API for organisations' own software."""
