"""Names and time: what DNS says, through whom, and for how long it is believed.

Read in this order: `records` (an answer, and whoever can be asked), `zones` and `zone_files` (what
is true, and when), `caches` (for how long it is believed), `resolvconf`, `exchanges`, `lookups`,
`glibc`, `musl` and `resolver` (what one call of `getaddrinfo` does), `upstream`, `layout` and
`path` (the way through a cluster, under policy).
"""
