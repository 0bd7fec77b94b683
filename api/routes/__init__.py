"""The routes, one file per noun; each route authenticates, calls one function and answers.

Slow work is never done here: writing goes through ``caller.write`` and reading through
``caller.read``, both in threads of their own.
"""
