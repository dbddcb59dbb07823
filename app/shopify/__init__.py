"""OUT: Shopify's Admin API, and the proofs by which its calls to us are believed."""
