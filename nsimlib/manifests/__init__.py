"""Manifests → the model: YAML and JSON with the API server's own defaults and error words.

Read in this order: `reading` (the way of a file), `files`, `yaml_text` and `json_text` (text →
located `nodes`), `scalars`, `shapes` and `decoding` (nodes → API objects), `dumps` (the fast way),
`faults`, `names`, `cidrs` and `validation` (what the server refuses), `kinds`, one module per API
group (`core`, `apps`, `networking`, `places`) and their `registry`, `drafting` (all objects → the
cluster), `writing` (the cluster → YAML). `shipped` finds the data that comes with nsimlib.
"""

from nsimlib.manifests.reading import Progress, load, loads, read_policies
from nsimlib.manifests.writing import dump

__all__ = ["Progress", "dump", "load", "loads", "read_policies"]
