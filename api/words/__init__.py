"""Words: sentences made when they are read, in both languages, from ids and figures.

``notices`` · ``statements`` lines of a member's account · ``offers`` what a shop takes ·
``proofs`` what an audit proved · ``sign_in`` the text with a code · ``groups`` texts to copy into a
group of neighbours.
"""
