"""What enforcers write into the kernel, as data: printed, read back, walked, and asked who dropped.

Read in this order: `ruleset`, `saving` and `parsing` are about any rules; `calico` writes those of
one node; `walk` takes a connection through them; `entry` is the door to all of it. `weave` and
`kube_router` write theirs. Cilium and the AWS agent have maps and no rules: `lookups` walks those.
"""

from nsimlib.datapath.entry import datapath

__all__ = ["datapath"]
