"""Schemes: the rules of a programme as data.

``parameters`` all that a programme decides, with ``asset_rules``, ``rates``, ``medals`` and their
``bounds`` · ``contradictions`` what cannot hold together · ``scheme`` what was adopted, by version
and day · ``rewards`` and ``caps`` what a service earns and how much of it comes in (pure) ·
``spending`` who may spend · ``welcome`` credits for who joins · ``expiry`` points that expire ·
``files`` rules as TOML · ``explaining`` in ``sentences`` and ``asset_sentences``, ``reference`` as
a table · ``journals`` and ``simulation`` a trial on paper · ``errors`` what can go wrong.
"""
