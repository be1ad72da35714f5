# %% [markdown]
# # Default egress: what stays open, and who hands out credentials
#
# A namespace is closed for egress, something breaks, and somebody adds a rule "to be safe". This lesson
# counts what such a rule opens.
#
# The cluster has three pods in namespace `shop` and the cluster's DNS. Outside are a database, the metadata
# service of the node, and the agent that hands pods credentials of their own.

# %%
import nsimlib as ns

lesson = ns.lesson("default-egress")
cluster, ready = lesson.cluster, lesson.policies
lesson

# %% [markdown]
# ## Hook
#
# No policy is in force. Whoever gets into `web` asks 169.254.169.254, and holds the credentials of the
# **node**, with all its rights (F6.3).

# %%
ns.Map(cluster, "shop/web", "169.254.169.254", "80/TCP", policies=ready)

# %% [markdown]
# It takes one connection, and no password. Every pod is a way to the role of its node, until a policy
# closes it.

# %% [markdown]
# ## Predict
#
# Three bets. This is the policy of the first one, **broken on purpose**.

# %%
print(ready["open-to-be-safe"])

# %% [markdown]
# It stands beside a default deny.

# %%
ns.predict("default-egress/bet-1")

# %% [markdown]
# The second is about an exception.

# %%
ns.predict("default-egress/bet-2")

# %% [markdown]
# The third is about the test that everybody tries first.

# %%
ns.predict("default-egress/bet-3")

# %% [markdown]
# ## Try
#
# The board shows which workloads reach what. Tick policies, and watch the first column.
#
# 1. `default-deny` alone: what does `shop` lose besides the metadata service?
# 2. Add `open-to-be-safe`. Which cell of `shop` is still denied?
# 3. Find the boxes with which `shop` resolves names, `api` has its own credentials, and nothing else is
#    open.

# %%
endpoints = {
    "node credentials": "169.254.169.254:80/TCP",
    "pod credentials": "169.254.170.23:80/TCP",
    "DNS": "kube-system/coredns:53/UDP",
    "database": "10.20.21.17:5432/TCP",
    "internet": "198.51.100.10:443/TCP",
}
shop = ["shop/web", "shop/api", "shop/batch"]
board = ns.ExposureBoard(cluster, endpoints, ready, on=["default-deny"], workloads=shop)
board

# %% [markdown]
# The same as a table, with the rule that was to be safe. Rows are workloads.

# %%
opened = cluster.with_policies(ready["default-deny"], ready["open-to-be-safe"])
ns.exposure_board(opened, endpoints, shop).to_table()

# %% [markdown]
# ### Settle your bets
#
# Each cell says "no bet yet" until you have chosen above.

# %%
ns.settle("default-egress/bet-1")

# %% [markdown]
# The second is lost by whoever reads `except` as "never".

# %%
ns.settle("default-egress/bet-2")

# %% [markdown]
# The third has cost many people an afternoon.

# %%
ns.settle("default-egress/bet-3")

# %% [markdown]
# ## Explain
#
# ### One rule undoes all others
#
# Rules add up (F1.12). A block of all addresses without ports allows every port of every address, and what
# isolated the pod denies nothing any more.

# %%
ns.why(opened, "shop/batch -> 10.20.21.17:5432/TCP")

# %% [markdown]
# A well-read article recommends this very rule, "to be safe" (E43).

# %%
ns.fact("E43")

# %% [markdown]
# ### An exception belongs to its rule
#
# `except` takes addresses out of the block it stands in (F1.19). Another rule may have them.

# %%
both = cluster.with_policies(ready["all-but-metadata"], ready["api-metadata"])
ns.why(both, "shop/api -> 169.254.169.254:80/TCP")

# %% [markdown]
# The article calls the exception "block" (E44). And `fd00:ec2::254`, the same service over IPv6, is in no
# block of IPv4.

# %%
ns.fact("E44")

# %% [markdown]
# ### Credentials of the pod, not of the node
#
# The article's first advice is to allow the metadata service (E61). That hands the pod its node's role.

# %%
ns.fact("E61")

# %% [markdown]
# With Pod Identity a pod asks an agent on its node, at an address of its own, and an isolated pod needs a
# rule for it (F6.4). Nothing has to be denied: what no rule names is closed.

# %%
names = ready["default-deny"], ready["dns"], ready["api-pod-identity"]
tight = cluster.with_policies(*names)
ns.exposure_board(tight, endpoints, shop)

# %% [markdown]
# ### Ping, and messages about packets that are too large
#
# What policies do to ICMP is not defined (F1.22), and NetworkPolicy cannot name it: the API server refuses
# the article's rule for it (E59). **Broken on purpose.**

# %%
ns.article_version("icmp-in-networkpolicy").table

# %% [markdown]
# It is not needed either. The message "too large" belongs to an allowed connection, and plugins that track
# connections let it through (E58).

# %%
ns.fact("E58")

# %% [markdown]
# ## Exercise
#
# One to count, one to repair, one to write. `first.hint()` gives a hint, and another each time you run it.

# %% [markdown]
# ### How many reach the metadata service?

# %%
first = ns.exercise("default-egress/1")
first

# %% [markdown]
# Put a number, in quotes, in place of each `None`.

# %%
attempt = {
    "with default-deny": None,
    "with all-but-metadata": None,
    "with all-but-metadata and api-metadata": None,
    "with default-deny and open-to-be-safe": None,
}
first.check(attempt)

# %% tags=["solution"]
first.check(first.answer())

# %% [markdown]
# ### Less than everything
#
# Nobody knows any more what the rule was for, so it may not simply go.

# %%
second = ns.exercise("default-egress/2")
second

# %% [markdown]
# Change the text between the quotes and run the cell.

# %%
attempt = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: open-to-be-safe, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
  - to: [{ipBlock: {cidr: 0.0.0.0/0}}]
"""
second.check(attempt)

# %% tags=["solution"]
second.check(second.answer())

# %% [markdown]
# ### What is needed, and nothing else

# %%
third = ns.exercise("default-egress/3")
third

# %% [markdown]
# `---` stands between two policies.

# %%
attempt = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
"""
third.check(attempt)

# %% tags=["solution"]
third.check(third.answer())

# %% [markdown]
# Look at the board again with what you wrote: `ns.exposure_board(cluster.with_policies(attempt), endpoints)`
# in a cell of your own.

# %% [markdown]
# ## Recap
#
# - **One rule** to everywhere undoes all others, and an **exception** narrows only the rule it stands in.
# - What no rule names is closed. So name DNS and the **pod's own credentials**, and leave the node's out.
# - **ICMP** is not defined for policies: a ping proves nothing.
#
# Not covered here: plugins that do not let `ipBlock` match the node, where Pod Identity needs another rule.
#
# Next: see every enforcer beside the others in [Compare enforcers](../audit/compare-enforcers.ipynb)
