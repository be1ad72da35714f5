"""The helper process of the lab: it owns the network namespaces, the notebook only asks it.

Nothing here imports anything but the standard library and its neighbours, so that the process
starts at once. Read in this order: `syscalls`, `netlink` (what the kernel speaks), `rtnetlink`
(links, addresses, routes), `plan`, `netns` and `building` (a plan → namespaces), `nft` (rules),
`packets`, `setdump` and `probing` (packets out, verdicts in), `commands` (programs in a namespace),
`channel` and `serving` (requests), `process` (birth, privileges, death).
"""
