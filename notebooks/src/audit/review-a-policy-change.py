# %% [markdown]
# # Review a policy change: does it do what it says, and nothing else?
#
# Ten lines of YAML wait for your approval. Their text says little: a policy that allows one thing can
# take everything else away (F1.9). This page shows which connections come and go.
#
# It takes the three steps of a safe change: what is to be opened is closed now, it is open afterwards,
# and nothing else changes. Nothing is changed in the cluster, and nothing leaves your machine.

# %% [markdown]
# ## The change
#
# It starts with the shop, an invented cluster, and a change that was meant to repair its DNS. For your
# own, name a dump, the policies as they will be, and the connections that the change is for. `None`
# means: take the shop's.

# %% tags=["parameters"]
dump = "shop"  # or "dump.json", or a folder
candidate = None  # the policies as they will be: "web-egress.yaml", or their text
added = None  # ["shop/web -> kube-system/coredns:53/UDP"]
removed = None  # what the change is to take away, if anything
enforcer = None  # "calico", "cilium", ...: whoever enforces
repaired = None  # the second attempt, after this page has spoken

# %% [markdown]
# The ticket says: *shop/web cannot resolve names; let it ask the DNS pods, over UDP and TCP.*
#
# The attempt repairs the DNS rule of `web-egress`, and leaves the two other rules as they were. Broken
# on purpose: can you see what else it does?

# %%
first_attempt = """
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: web-egress, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
    to:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
    - podSelector: {matchLabels: {k8s-app: kube-dns}}
  - {ports: [{port: 443}], to: [{ipBlock: {cidr: 203.0.113.0/24}}]}
  - {ports: [{port: http}], to: [{podSelector: {matchLabels: {app: api}}}]}"""

# %% [markdown]
# A copy of the cluster gets the policy, as `kubectl apply` would put it there.

# %%
import nsimlib as ns

dns = ["shop/web -> kube-system/coredns:53/UDP", "shop/web -> kube-system/coredns:53/TCP"]
wanted = added or dns
before = ns.load_input(dump)
after = before.with_policies(candidate or first_attempt)
after

# %% [markdown]
# ## Step 1: it is not allowed now
#
# If it were, the change would repair the wrong thing. "met" means: denied, as it should be before.

# %%
ns.expect(before, deny=wanted)

# %% [markdown]
# ## Step 2: it is allowed afterwards
#
# Many reviews end here: the tests are green, and the ticket can be closed.

# %%
ns.expect(after, allow=wanted)

# %% [markdown]
# ## Step 3: nothing else changes
#
# It does not hold. Under "not intended" stands what the ticket did not ask for: web may now send to
# the metrics server too. One dash too many made two peers of what should be one, and peers are
# alternatives (F1.2). Only kube-proxy is spared: it is on its node's network, where no selector
# finds it (F1.27).

# %% tags=["raises-exception"]
ns.assert_only(before, after, added=wanted, removed=removed or [])

# %% [markdown]
# ## Look at the difference
#
# Every row is a set of connections with the same change: `before` and `after` hold the ports. `?` stands
# before ports that a missing fact decides. A pod and its own node are told apart, for that is a
# case of its own (F1.24).

# %%
ns.difference(before, after)

# %% [markdown]
# Each row names a connection to ask about. The explanation leads to the line that lets it through, and
# everything else in its row: the `+` before `to[0]`, which asks for a namespace and for no label of
# the pod.

# %%
found = ns.difference(before, after)
ns.why(after, found.rows[0].witness)

# %% [markdown]
# ## Repair
#
# The same rule without the second dash: one peer with two selectors, and both must hold.

# %%
second_attempt = first_attempt.replace(
    "    - podSelector: {matchLabels: {k8s", "      podSelector: {matchLabels: {k8s"
)
print(second_attempt)

# %% [markdown]
# ## Steps 1 to 3 again
#
# Step 1 still holds, for the cluster is as it was. Step 2 is done again: a repair can lose what the
# first attempt had.

# %%
better = before.with_policies(repaired or candidate or second_attempt)
ns.expect(better, allow=wanted)

# %% [markdown]
# Step 3 raises nothing this time, and returns the whole difference: what was intended, and no more.

# %%
ns.assert_only(before, better, added=wanted, removed=removed or [])

# %% [markdown]
# ## For the pull request
#
# The same as Markdown. On the command line it is `nsim diff before/ after/ --format markdown`; it
# exits with 1 where connections change, so a pipeline can ask for a second reviewer.

# %%
print(ns.difference(before, better).to_markdown())

# %% [markdown]
# ## Findings that come and go
#
# Connections say what changes now. Findings say what is wrong or weak, also for pods to come. What the first
# attempt brings (`+`) and takes away (`-`); findings are the same ones wherever their line has moved to.

# %%
cni = enforcer or "auto"
earlier = ns.audit(before, cni=cni)
ns.audit(after, cni=cni).since(earlier)

# %% [markdown]
# The repair takes all three findings about DNS away. Two low ones come with it: the dump had the protocol of
# each port, and the attempt leaves it out.

# %%
review = ns.audit(better, cni=cni).since(earlier)
review

# %% [markdown]
# Of the first attempt the audit knew the dash too many, and had tried the patch on a copy.

# %%
print(ns.audit(after, cni=cni, only=["and-or-split-peer"]).to_markdown())

# %% [markdown]
# In a pipeline a baseline does the same. The findings of now are accepted, and whatever fails is new:
# `nsim audit before/ --write-baseline known.yaml --reason "known before"`, then
# `nsim audit after/ --baseline known.yaml --format markdown`.

# %%
baseline = earlier.to_baseline("known before this change")
print(ns.audit(after, cni=cni, baseline=baseline).to_markdown())

# %% [markdown]
# ## So that it stays so
#
# What a change was for is worth a test. A file such as this one, next to the policies, is checked by
# `nsim check manifests/ expectations.yaml --junit report.xml`, or in pytest by
# `ns.expect(cluster, "expectations.yaml").assert_met()`.

# %%
expectations = """
apiVersion: nsimlib.io/v1
kind: Expectations
allow: ['shop/web -> kube-system/coredns:53/UDP', 'shop/web -> kube-system/coredns:53/TCP']
deny: ['shop/web -> kube-system/metrics-server:53/TCP', 'shop/web -> 169.254.169.254:80/TCP']
"""
ns.expect(ns.scenario("shop").with_policies(second_attempt), expectations)

# %% [markdown]
# ## Recap
#
# - **Green tests are step 2.** What a change does besides shows only in the **difference**.
# - **Two dashes are two peers**, and peers are alternatives; one peer with two selectors needs both.
# - **A policy replaces** the one of its name and adds to all others; the pods it selects are isolated.
#
# Not covered here: changes that only show over time, such as names that get other addresses.
