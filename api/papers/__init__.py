"""Papers: files and pictures that come in or go out.

``spreadsheets`` XLSX and CSV, in and out · ``member_files`` and ``member_cells`` lists of members,
row by row · ``arriving`` such a list is taken in · ``uploads`` journals · ``chains`` numbered names
of a group (接龙) · ``photos`` drawn anew without what they tell · ``slips`` for a printer ·
``statistics`` a year's figures, ``charts`` drawn from them.
"""
