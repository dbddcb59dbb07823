"""Shopify and RingCentral as strict, stateful HTTP servers on loopback ports, for the trial and the tests.

The application under test only ever talks HTTP to them; tests and the trial's pages also steer them from Python.
Nothing that runs in production imports this folder.
"""
