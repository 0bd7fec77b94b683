"""The ground floor: what every other room stands on.

``errors`` what can go wrong, typed · ``clock`` instants and days · ``ids`` server-made ids ·
``values`` Asset, Amount, Posting · ``states`` tables of allowed steps · ``tags`` what a reader has
seen · ``texts`` lines that people type, ``encodings`` their files, ``check_digits``.

The way into the database: ``database`` opens it · ``units`` Unit and View, ``asks`` what is done
for many at once · ``writer`` runs units, ``waiting`` its queue · ``reader`` runs views ·
``engines`` what tells databases apart.

What is said to it: ``tables`` column types and the idiom of our tables, ``indexes``
of some rows · ``prepared`` statements
written once, ``cursors`` that send them · ``bulk`` many rows at once, ``pace`` how many ·
``counters`` how much of something is used up · ``keys`` one key, one effect · ``banks`` the
tenants · ``vault`` a key for each person, ``key_files`` where they lie.
"""
