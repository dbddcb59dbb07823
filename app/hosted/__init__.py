"""The pages for connected accounts at `/c/{organisation}`: outside Shopify Admin, without cookies."""
