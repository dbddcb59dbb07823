"""The merchant's wording: Liquid, its variables, its length in segments, its defaults and its linter."""
