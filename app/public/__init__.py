"""Pages for anybody, without a sign-in: how a customer ends the texts of a shop."""
