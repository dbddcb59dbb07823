"""The simulated Shopify Admin in the browser: the frame around the app, stand-ins for App Bridge and Polaris, a panel.

Only the trial and the tests serve it. `frame_routes` mounts it, `stub_files` gives the stand-ins to browser tests.
"""

from app.simulator.frame.assets import stub_files
from app.simulator.frame.routes import frame_routes

__all__ = ["frame_routes", "stub_files"]
