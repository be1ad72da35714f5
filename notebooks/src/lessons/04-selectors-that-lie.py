# %% [markdown]
# # Selectors that lie
#
# A selector reads like a sentence, and often means another one. This lesson shows which pods a peer really matches.
#
# The cluster has `web` and `cache` in namespace `shop`, `db` and a `cache` of its own in `data`, and four pods in
# `kube-system`, two of which answer DNS. No policy is in force. Five are ready.

# %%
import nsimlib as ns

lesson = ns.lesson("selectors-that-lie")
shop, ready = lesson.cluster, lesson.policies
lesson

# %% [markdown]
# ## Hook
#
# `web` may ask the pods that answer DNS, and nobody else: that was the wish. **Broken on purpose.** May it call
# the dashboard?

# %%
only = {"two-entries": ready["two-entries"]}
ns.Map(shop, "shop/web", "kube-system/dashboard", "8443/TCP", policies=only, on=only)

# %% [markdown]
# The packet arrives. Nothing in the policy speaks of the dashboard.

# %% [markdown]
# ## Predict
#
# Four bets. Read the policies, choose, and do not look ahead.

# %%
ns.predict("selectors-that-lie/bet-1")

# %% [markdown]
# The next one has a `podSelector` alone.

# %%
ns.predict("selectors-that-lie/bet-2")

# %% [markdown]
# This one was copied from the web.

# %%
ns.predict("selectors-that-lie/bet-3")

# %% [markdown]
# And the last one has a selector with nothing in it.

# %%
ns.predict("selectors-that-lie/bet-4")

# %% [markdown]
# ## Try
#
# Choose a policy. Its YAML is on one side, and whom `web` reaches with it on the other. With the keyboard: Tab to the
# choices, then the arrow keys.
#
# 1. Go from `two-entries` to `one-entry`. Which character makes the difference?
# 2. Two of the policies reach nobody. Which line of each is the reason?

# %%
toggle = ns.DashToggle(shop, ready, "shop/web", "53/UDP", on="two-entries")
toggle

# %% [markdown]
# The same as a table, for the policy with two entries.

# %%
two = shop.with_policies(ready["two-entries"])
ns.matched_pods(two, "shop/web", "53/UDP")

# %% [markdown]
# And for the one that lacks the dash.

# %%
one = shop.with_policies(ready["one-entry"])
ns.matched_pods(one, "shop/web", "53/UDP")

# %% [markdown]
# ### Settle your bets
#
# Each cell says "no bet yet" until you have chosen above.

# %%
ns.settle("selectors-that-lie/bet-1")

# %% [markdown]
# Where does a `podSelector` look?

# %%
ns.settle("selectors-that-lie/bet-2")

# %% [markdown]
# Which label does a namespace have?

# %%
ns.settle("selectors-that-lie/bet-3")

# %% [markdown]
# And what does an empty selector take?

# %%
ns.settle("selectors-that-lie/bet-4")

# %% [markdown]
# ## Explain
#
# ### A dash begins another entry
#
# In one entry both selectors must match. Two entries are two ways in, and one is enough (F1.2). So the first entry of
# `two-entries` lets `web` reach every pod of `kube-system`.

# %%
ns.why(two, "shop/web -> kube-system/dashboard:8443/TCP")

# %% [markdown]
# Without the dash the dashboard matches the namespace and not the label.

# %%
ns.why(one, "shop/web -> kube-system/dashboard:8443/TCP")

# %% [markdown]
# ### A podSelector alone looks at home
#
# It looks in the namespace of the policy (F1.2). The database is in another one.

# %%
alone = shop.with_policies(ready["no-namespace"])
ns.why(alone, "shop/web -> data/db:5432/TCP")

# %% [markdown]
# ### A name is no label
#
# Kubernetes sets the label `kubernetes.io/metadata.name` on each namespace, and no label `name` (F1.36).

# %%
named = shop.with_policies(ready["name-label"])
ns.why(named, "shop/web -> kube-system/coredns-1:53/UDP")

# %% [markdown]
# ### Empty takes everything
#
# A selector without a label in it asks for nothing, so everything matches (F1.3). `namespaceSelector: {}` is every
# namespace. That is not the same as no namespaceSelector at all (F1.32).

# %%
empty = shop.with_policies(ready["empty-selector"])
ns.matched_pods(empty, "shop/web", "6379/TCP")

# %% [markdown]
# ### What an article says about it
#
# A well-read article selects `kube-system` by a label `name`, and that is the third bet (E39).

# %%
ns.fact("E39")

# %% [markdown]
# ## Exercise
#
# One peer to mend, and then four. `first.hint()` gives a hint, and another each time you run it.

# %% [markdown]
# ### A dash too many

# %%
first = ns.exercise("selectors-that-lie/1")
first

# %% [markdown]
# Change the text between the quotes and run the cell.

# %%
attempt = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web-egress, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
    - podSelector: {matchLabels: {k8s-app: kube-dns}}
"""
first.check(attempt)

# %% tags=["solution"]
first.check(first.answer())

# %% [markdown]
# ### Four peers

# %%
second = ns.exercise("selectors-that-lie/2")
second

# %% [markdown]
# The editor shows at every key what the API server would refuse, or how the connections end.

# %%
editor = second.editor()
editor

# %% [markdown]
# The check takes what the editor holds.

# %%
second.check(editor.value)

# %% tags=["solution"]
second.check(second.answer())

# %% [markdown]
# ## Recap
#
# - **One entry with two selectors**: both must match. **Two entries**: one is enough.
# - **A `podSelector` alone** looks in the namespace of the policy.
# - **Select a namespace by `kubernetes.io/metadata.name`**, which is always there.
# - **An empty selector** takes everything of its kind.
#
# Not covered here: addresses outside the cluster, and `matchExpressions`.
#
# Next: [05 Static CIDR](05-static-cidr.ipynb), or with a cluster of your own
# [Why is it blocked?](../audit/why-is-it-blocked.ipynb)
