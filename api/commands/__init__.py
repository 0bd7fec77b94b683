"""The commands, one file per noun; each file adds its commands to the app in ``register``.

Whatever is slow to import is imported inside a command, so that ``--help`` answers at once.
"""
