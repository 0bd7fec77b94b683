"""The ground floor: what every other room stands on.

``errors`` what can go wrong, typed · ``clock`` instants and days · ``ids`` server-made ids ·
``values`` Asset, Amount, Posting · ``tables`` column types and the idiom of our tables ·
``banks`` the tenants · ``units`` Unit and View · ``database`` the Writer, ``reader`` the Reader,
``engines`` what tells databases apart · ``bulk`` many rows at once · ``counters`` how much of
something is used up · ``keys`` one key, one effect · ``states`` tables of allowed steps · ``texts``
lines that people type, ``check_digits``, ``tags`` · ``vault`` a key for each person, ``key_files``
where they lie.
"""
