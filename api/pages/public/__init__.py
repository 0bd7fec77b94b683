"""Pages for everyone: what the society is, its needs, shops and figures, and the ways in."""
