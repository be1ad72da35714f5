# %% [markdown]
# # Below the API: the lines behind a policy
#
# A NetworkPolicy is a text that the API server stores. What stops a packet is something else: rules on
# a node, or entries of a map in its kernel. This lesson reads them.
#
# It starts with the shop, an invented cluster, and its policies.

# %%
import nsimlib as ns

lesson = ns.lesson("below-the-api")
cluster = lesson.cluster
lesson

# %% [markdown]
# ## Hook
#
# Texts about NetworkPolicy like to print rules such as these. **Wrong on purpose**: no plugin writes them.

# %%
print(ns.invented_chain(5432))

# %% [markdown]
# On a node nobody finds that name, that ACCEPT, or that REJECT. What is there instead?

# %% [markdown]
# ## Predict
#
# Three bets. They are about this policy. It is **broken on purpose**: its DNS rule looks for kube-dns in
# namespace `shop`, where there is none.

# %%
cluster.policy("shop/web-egress")

# %% [markdown]
# The first bet is about the place of the drop.

# %%
ns.predict("below-the-api/bet-1")

# %% [markdown]
# The second is about a Service.

# %%
ns.predict("below-the-api/bet-2")

# %% [markdown]
# The third is about another cluster.

# %%
ns.predict("below-the-api/bet-3")

# %% [markdown]
# ## Try
#
# One set of policies in six renderings: the walk of a packet, then all that the enforcer wrote for the pod.
# Choose another enforcer with the mouse, or with the arrow keys.
#
# 1. Which one lets the packet through, and how many of its lines name a policy?
# 2. Which ones have no chains at all?

# %%
asked = "shop/web -> data/db:5432/TCP"
ns.Renderings(cluster, "shop/web", asked)

# %% [markdown]
# Now one rendering, line by line, for the lookup. Press *next*, or *deciding*. `+` means that all
# conditions of a line hold.

# %%
lookup = "shop/web -> 10.96.0.10:53/UDP"
calico = ns.datapath("calico", cluster, "shop/web")
ns.PacketStepper(calico, lookup)

# %% [markdown]
# The whole walk. At the right is the mark, which is how one line tells the next what it found (F2.21).

# %%
calico.walk(lookup)

# %% [markdown]
# ### Settle your bets
#
# Each cell says "no bet yet" until you have chosen above.

# %%
ns.settle("below-the-api/bet-1")

# %% [markdown]
# A Service is gone before the first of these lines.

# %%
ns.settle("below-the-api/bet-2")

# %% [markdown]
# The third is lost by whoever trusts that what is stored is enforced.

# %%
ns.settle("below-the-api/bet-3")

# %% [markdown]
# ## Explain
#
# ### Names and marks
#
# `cali-fw-` is the chain for what leaves a pod, `cali-po-` that of a policy (F2.22). A line that allows
# accepts nothing: it sets the mark `0x10000` (F2.23). What no policy marked ends in the pod's chain (F2.24).
#
# Here each policy stands beside its lines.

# %%
calico

# %% [markdown]
# ### The invented chain beside the true lines
#
# In the shop without `db-ingress`, *batch* may send to the database, and the database lets nobody in.

# %%
shop = cluster.without("data/db-ingress")
batch = "data/batch-58c6d9f7b4-x5dwv"
real = ns.datapath("calico", shop, batch)
ns.beside_the_true_lines(real, f"{batch} -> data/db:5432/TCP")

# %% [markdown]
# The invented ACCEPT would let the packet through: it skips the database's own policy.

# %%
ns.fact("E33")

# %% [markdown]
# The REJECT is wrong as well: Calico drops in silence, unless the whole node is set otherwise.

# %%
ns.fact("E35")

# %% [markdown]
# ### Maps instead of chains
#
# Cilium has a map for every pod. A key is a direction, the number of an identity, and a port (F3.14). Where
# no entry is found, an isolated direction drops (F3.39).

# %%
ns.policy_map(cluster, "shop/web")

# %% [markdown]
# ### Enforced in part
#
# Weave drops the packet to the database at the database's end. Of `web-egress` it has no line: a rule with a
# port name makes it refuse the whole policy. So under Weave the lookup of bet 1 goes through.

# %%
ns.datapath("weave", cluster, "shop/web").walk(lookup).outcome

# %% [markdown]
# ### Where to look
#
# The rules are on the node. A pod that was started to look for them sees none.

# %%
ns.fact("E67")

# %% [markdown]
# ## Exercise
#
# Two to read. `first.hint()` gives a hint, and another each time you run it.

# %% [markdown]
# ### From a line to its rule
#
# Four lines of the node of `web`, each broken in two or three for reading:
#
# ```text
# A  -A cali-po-knp/shop/web-egress -d 203.0.113.0/24 -p tcp
#       -m multiport --dports 443 -j MARK --set-xmark 0x10000/0x10000
# B  -A cali-po-knp/shop/web-egress -p tcp
#       -m set --match-set cali40n:4ZMLAN4IgNxsXTyQUJIE1yP dst,dst
#       -j MARK --set-xmark 0x10000/0x10000
# C  -A cali-fw-cali47a8819679e
#       -m mark --mark 0x0/0x20000 -j DROP
# D  -A cali-po-knp/shop/web-egress -p udp
#       -m set --match-set cali40s:_kSGeDJN9lxffxtPUh9rlyP dst
#       -m multiport --dports 53 -j MARK --set-xmark 0x10000/0x10000
# ```

# %%
first = ns.exercise("below-the-api/1")
first

# %% [markdown]
# The policy is printed under *Predict*. Put one of the choices in place of each `None`.

# %%
attempt = {"line A": None, "line B": None, "line C": None, "line D": None}
first.check(attempt)

# %% tags=["solution"]
first.check(first.answer())

# %% [markdown]
# ### Who ignores the YAML?

# %%
second = ns.exercise("below-the-api/2")
second

# %% [markdown]
# The first widget can show you each of them.

# %%
attempt = {
    "calico": None,
    "weave": None,
    "kube-router": None,
    "cilium": None,
    "flannel": None,
}
second.check(attempt)

# %% tags=["solution"]
second.check(second.answer())

# %% [markdown]
# ## Recap
#
# - With Calico **policies mark, the pod's chain drops**, and the node accepts at the end.
# - A **Service's address** is replaced before Calico's rules are asked.
# - What is **stored** need not be enforced. Look for an enforcer first.
#
# Not covered here: what nftables and eBPF make of Calico's policies, and rules for the hosts themselves.
#
# Next: [10 Default egress](10-default-egress.ipynb), or your own cluster in
# [Below the API](../audit/below-the-api.ipynb).
