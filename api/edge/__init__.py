"""The edge: what every request passes, and what a route is handed.

Around the app: ``proxies`` who really asks · ``headers`` · ``bodies`` · ``limits`` · ``logs`` ·
``metrics`` · ``problems`` refusals in one shape · ``finding`` which route is meant. Who asks:
``cookies`` and their doors · ``csrf`` · ``callers`` · ``lookups`` shared by who asks together ·
``anonymous`` · ``insiders`` who may read the description. For routes: ``routes`` of one noun ·
``wiring`` the caller and the two ways into the database · ``forms`` strict values · ``lean`` the
till's usual request · ``etags`` · ``openapi`` · ``bells`` screens that wait.
"""
