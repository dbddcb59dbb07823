"""IN: Shopify's and RingCentral's webhook calls: prove, store once, answer; the work is done by jobs."""
