"""Privacy over all tables: what each column holds, whose it is, its export and its end.

``registry`` classifies every column of every table, a test sees to it that none is missing; the
tables stand in ``of_people``, ``of_sign_in``, ``of_service``, ``of_points``, ``of_leaving``, in
the words of ``kept`` ·
``exports`` everything that is known of a member · ``papers`` the same as a page to read or print ·
``holders`` under which ids it all lies · ``wipes`` what an erasure does to the tables.
"""
