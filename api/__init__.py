"""The web and the commands: the only place that wires everything together.

Three rooms that all the others use: ``edge`` what every request passes · ``words`` sentences made
when they are read · ``papers`` files and pictures in and out. What is asked for: ``routes`` for
programs, ``pages`` for people (with ``templates`` and ``static``), one file per noun each ·
``index`` the address of the server itself · ``docs`` the description of the routes.

What both need: ``tokens``, ``issued_tokens``, ``till_tokens`` what programs, people and tills carry
· ``seats`` of people in office · ``shown_once`` secrets at their first sight · ``pin_checks`` a PIN
typed for one request · ``phone_changes`` · ``filling`` of places given back · ``demonstration`` a
way in · ``privacy`` exports, and whose each column is · ``senders``, ``notice_sending`` text
messages · ``proofs`` every proof there is · ``errors`` what can go wrong.

Running it: ``settings`` what a deployment may set · ``listening`` addresses and TLS · ``app`` the
web app, ``serving`` it · ``scheduler`` wakes the jobs · ``installation`` which servers run ·
``schema``, ``migrations`` tables and versions, ``distribution`` over machines · ``vaults`` where
the keys lie · ``backups`` · ``commands`` one file per noun, ``cli`` the command line.

For programs in other houses: ``client``.
"""
