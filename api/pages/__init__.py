"""The pages: what people see, made on the server and sent whole.

``page`` what a page's route is handed, and how it answers · ``rendering`` templates and the words
they know · ``look`` language, letters and colours of a device · ``sentences`` what is said after a
deed · ``forms`` what a page's form sends, ``labels`` its fields in words · ``faults`` refusals as
pages · ``assets`` style, scripts and pictures by the hash of their content · ``live`` the stream
that tells a screen to look again · ``shell`` what makes it an app on a phone · ``every`` the list
of all pages

Then one folder for each side of the house: ``public`` for everyone, ``member`` for volunteers,
``till`` for cashiers, ``office`` for organisers and whoever else sits at a desk, shop owners too.
A page is one file by its noun there, and a template of the same name under ``api/templates``.
"""
