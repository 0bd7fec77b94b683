"""The web and the commands: the only place that wires everything together.

``settings`` what a deployment may set · ``schema``, ``migrations`` tables and versions ·
``installation`` which servers run · ``tokens`` who may call · ``auth`` what each role may do ·
``wiring`` what a route is handed · ``problems`` errors as problem details · ``forms`` strict
values of requests · ``openapi`` the description of it all · ``routes`` one file per noun ·
``app`` the web app · ``scheduler`` wakes the jobs · ``backups`` copies and their proof ·
``proofs`` every proof there is · ``commands`` one file per noun · ``cli`` the command line.
"""
