"""Names and time: what DNS says, through whom, and for how long it is believed.

Read in this order: `records` (an answer, and whoever can be asked), `zones` and `zone_files` (what
is true, and when), `caches` (for how long it is believed), `resolvconf`, `exchanges`, `lookups`,
`glibc`, `musl` and `resolver` (what one call of `getaddrinfo` does), `upstream`, `layout` and
`path` (the way through a cluster, under policy). Then what acts on the clock: `clock`, `learning`
and `agents` (who forgets when), `enforcement`, `asking`, `applications` and `controller`, all put
together by `simulation`; `lanes` and `timeline` are what is left of a run. `plays`, `settings` and
`cures` play what ships; `live`, `recordings` and `drift` have to do with real answers.
"""
