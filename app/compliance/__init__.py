"""The three privacy webhooks that Shopify demands, answered for uninstalled shops too."""
