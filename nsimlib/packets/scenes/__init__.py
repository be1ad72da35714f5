"""Scenes: what a client lives through, with real packets, a real resolver, and a real database.

Each is a function that plays it from its beginning to its end and returns what happened. The events
are the same each time; times are measured, kept apart, and where a setting of the kernel or of the
resolver shortened one, how long it truly takes stands beside it.

Read in this order: `played` (what is returned), `stage` (where it happens), `clients` and `names`
(who does what), then the scenes.
"""
