"""Schemes: the rules of a programme as data.

``scheme`` the parameters, their bounds and defaults, kept by version and day · ``rewards`` what
a service earns and until when it is valid (pure).
"""
