"""All SQL of Connect, by subject. The shop always comes first."""
