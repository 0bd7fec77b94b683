"""Leaving: how a membership ends, and what becomes of what it leaves.

``closings`` what ends with a membership · ``merges`` two rows that are one person ·
``departures`` who moved away or died · ``visitors`` who has long been idle · ``erasures`` who
wants to be forgotten · ``forgetting`` carries that out · ``holders`` under which ids somebody's
data lies · ``errors`` what can be wrong. Stands above all other wings of the engine, because it
ends what they keep.
"""
