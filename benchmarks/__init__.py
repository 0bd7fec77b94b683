"""Speed, as ratios within one run; absolute figures of a shared machine mean little.

A run: `running` puts it together, `folders` holds its files, `places` its databases with a
`society` in each, `postgres` a server; `durability` refuses what forgets, `audits` looks at what
is left. What is measured: `cases` is the shape, `core`, `service`, `http` and `growth` the ways
in, `anchors` what they are divided by, `driving` the closed loop, `rounds` the order. What comes
of it: `floors` the verdicts, `results` the figures, `machine` where, and `terminal`, `chart` and
`page` how they are shown.
"""
