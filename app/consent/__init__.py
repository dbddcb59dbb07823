"""Who may be texted: keywords, opt-outs, quiet hours, and writing a change back to Shopify."""
