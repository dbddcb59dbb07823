"""What every feature stands on and that knows no business word."""
