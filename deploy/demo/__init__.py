"""The demonstration: an invented office lives some days on the real services, which it reaches as anyone does.

It knows the services by their HTTP addresses and the `panke` command alone, so nothing that it shows is a short cut.
Every person, phone and flat in it is invented and marked as such.
"""
