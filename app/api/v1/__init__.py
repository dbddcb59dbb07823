"""Version 1: one module per resource; `call.py` is what every endpoint stands on."""
