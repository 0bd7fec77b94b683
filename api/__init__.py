"""The web and the commands: the only place that wires everything together.

Who calls: ``callers`` behind a token or a cookie · ``tokens``, ``issued_tokens``, ``till_tokens``
what programs, people and tills carry · ``cookies`` of a sitting · ``anonymous``, ``seats`` callers
not yet known, and staff · ``pin_checks`` a PIN typed for one request · ``wiring`` what a route is
handed.

What comes in and goes out: ``bodies``, ``forms`` strict requests · ``limits``, ``proxies`` how
often, from where · ``headers``, ``etags``, ``problems`` answers · ``openapi``, ``docs`` the
description of it all · ``routes`` one file per noun · ``slips``, ``privacy`` papers, exports, and
whose each column is · ``senders``, ``notice_sending``, ``notice_sentences`` text messages.

Running it: ``settings`` what a deployment may set · ``listening`` addresses and TLS · ``insiders``
what production shows to whom · ``logs``, ``metrics`` · ``app`` the web app · ``scheduler`` wakes
the jobs · ``installation`` which servers run · ``schema``, ``migrations`` tables and versions ·
``vaults`` where the keys lie · ``backups``, ``uploads`` · ``proofs`` every proof there is ·
``commands`` one file per noun · ``cli`` the command line.

For programs in other houses: ``client``.
"""
