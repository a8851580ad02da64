"""The rules of customer attribution (判客): pure, on the standard library and msgspec's value types.

One module for one section of docs/rules/procedure.md. A fact comes in (`facts`), the records that it touches are in the
slice (`state`), `decide` answers with domain events (`events`), and `evolve` applies them. No clock, no
database and no framework is known here; `panke judge`, the live consumer and replays call the same functions.
"""
