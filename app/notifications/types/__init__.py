"""One file for each kind; `app.wiring` finds them all."""
