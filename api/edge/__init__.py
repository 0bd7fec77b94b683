"""The edge: what every request passes, and what a route is handed.

Around the app: ``proxies`` who really asks · ``headers`` · ``bodies`` · ``limits`` · ``logs`` ·
``metrics`` · ``problems`` refusals in one shape. Who asks: ``cookies`` and their doors · ``csrf`` ·
``callers`` · ``anonymous`` · ``insiders`` who may read the description. For routes: ``wiring`` the
caller and the two ways into the database · ``forms`` strict values · ``etags`` · ``openapi`` ·
``bells`` screens that wait.
"""
