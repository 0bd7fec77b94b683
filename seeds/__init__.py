"""An invented society, its shops and their offers: data files, and a loader that builds a year.

The loader uses public functions only, so whatever it can do, a programme can do. The same seed
number makes the same society.
"""
