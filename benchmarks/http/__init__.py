"""The benchmark by HTTP: the real server in one process, the load generator in another.

`plan` is what is to be asked, written down before the time begins; `load` asks it
(``python -m benchmarks.http.load``), and so does ``wrk -s redeem.lua``; `server` is the product's
own server with two routes more; `children` starts, watches and ends such processes; `runs` puts
one slice together; `cases` are what the table measures, `endurance` is the ten minutes of full
load, and `stand` is a server to be measured by hand.
"""
