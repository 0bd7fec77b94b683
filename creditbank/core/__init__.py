"""The ground floor: what every other room stands on.

``errors`` what can go wrong, typed · ``clock`` instants and days · ``ids`` server-made ids ·
``values`` Asset, Amount, Posting · ``tables`` column types and the idiom of our tables ·
``banks`` the tenants · ``units`` Unit and View · ``database`` engines, Writer, Reader ·
``keys`` one key, one effect.
"""
