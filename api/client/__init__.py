"""A small typed client of the API, for programs in other houses; it knows nothing of the engine.

``line`` one bank, one token: get, post, problems as exceptions · ``till`` a till with manners:
the request id is written down before it is sent, a lost answer is asked for, the unclear is
cancelled, and whatever it says in the end is what the books say.
"""
