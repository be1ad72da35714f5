# %% [markdown]
# # DNS is traffic
#
# An application knows a name, a packet needs an address. Between the two is a question that leaves the pod,
# and policies judge it like everything else.
#
# The lesson has a small cluster: `web` and `api` in namespace `shop`, CoreDNS in `kube-system`, a database
# outside. No policy is in force. The same cluster comes with three other resolvers as well.

# %%
import nsimlib as ns

lesson = ns.lesson("dns-is-traffic")
cluster, ready, layouts = lesson.cluster, lesson.policies, lesson.layouts
lesson

# %% [markdown]
# ## Hook
#
# `web` gets its first egress policy: to the database, on its port, and to nobody else. **Broken on
# purpose.**

# %%
print(ready["db-only"])

# %% [markdown]
# The connection it was written for is allowed.

# %%
first_policy = cluster.with_policies(ready["db-only"])
ns.why(first_policy, "shop/web -> 10.20.21.17:5432/TCP").outcome

# %% [markdown]
# And yet the application is down from this minute on. The database never sees a packet.

# %% [markdown]
# ## Predict
#
# Three bets. All of them are about what the pod meets, with Calico on the nodes.

# %%
ns.predict("dns-is-traffic/bet-1")

# %% [markdown]
# The second is about an address.

# %%
ns.predict("dns-is-traffic/bet-2")

# %% [markdown]
# The third is about time.

# %%
ns.predict("dns-is-traffic/bet-3")

# %% [markdown]
# ## Try
#
# Choose on top, and read two pictures. The boxes are the way of the question: the pod, the nameserver in its
# `resolv.conf`, and who answers in the end. If a door stops it, its reasons are open. The bars are what the
# resolver in the pod does meanwhile.
#
# The resolver is part of the C library: glibc in most images, musl in Alpine's. `A+AAAA` are two questions
# for one name: its IPv4 addresses and its IPv6 addresses. A name with fewer than five dots is tried with each
# suffix of the search list first, such as `shop.svc.cluster.local`.

# %% [markdown]
# 1. The policy is right with `kube-dns`. Choose the other resolvers: with how many does it still work?
# 2. For each one, read the third box. What would a rule have to name?
# 3. Back to `kube-dns`, with `dns-udp-only` and the name `fleet.shop.example`. Which line costs two minutes?
#
# With the keyboard: Tab to a control, arrow keys to choose.

# %%
database = "orders.abc123def456.us-east-1.rds.amazonaws.com"
names = ["db.corp.example", database, "fleet.shop.example"]
picker = ns.DnsPathPicker(layouts, ready, "shop/web", names, policy="dns-to-pods")
picker

# %% [markdown]
# The same as text, for one position: the rule of every guide, and a cache on the node.

# %%
cached = layouts["node-cache"].with_policies(ready["dns-to-pods"])
print(ns.dns_path(cached, "shop/web", database, cni="calico"))

# %% [markdown]
# ### Settle your bets
#
# Each cell says "no bet yet" until you have chosen above.

# %%
ns.settle("dns-is-traffic/bet-1")

# %% [markdown]
# The second is lost by whoever believes `resolv.conf`.

# %%
ns.settle("dns-is-traffic/bet-2")

# %% [markdown]
# The third is lost by whoever believes that DNS is UDP.

# %%
ns.settle("dns-is-traffic/bet-3")

# %% [markdown]
# ## Explain
#
# ### First the name, then the connection
#
# The C library looks the name up inside the process, before the application opens any connection (E6, E7).
# `db-only` isolates the pod for egress, and no rule allows port 53 (F1.9).

# %%
ns.dns_path(first_policy, "shop/web", database, cni="calico")

# %% [markdown]
# Twice five seconds for the name as it stands, twice five for its first suffix: 20 seconds with glibc
# (F5.10). Then an error that says "temporary", and says nothing of policy.
#
# An article says of this moment that the application hangs (E38).

# %%
ns.fact("E38")

# %% [markdown]
# ### The address in the packet when policy looks
#
# `web` sends to 10.96.0.10. On its node kube-proxy puts a CoreDNS pod in the place of the Service, and only
# then Calico looks (F2.19).

# %%
by_address = cluster.with_policies(ready["dns-to-cluster-ip"])
ns.why(by_address, "shop/web -> 10.96.0.10:53/UDP", cni="calico")

# %% [markdown]
# The same article allows "the DNS service IP" (E36). On another cluster that is not even the address.

# %%
ns.fact("E36")

# %% [markdown]
# So a rule names the pods that answer, by two selectors in **one** entry, and port 53 twice (F5.4):

# %%
print(ready["dns-to-pods"])

# %% [markdown]
# The article selects the namespace by a label `name`, which no namespace has (E39). **Broken on purpose**:
# the API server takes it, and nothing is resolved.

# %%
by_label = cluster.with_policies(ready["dns-by-name-label"])
ns.dns_path(by_label, "shop/web", database, cni="calico").cut

# %% [markdown]
# ### When an answer is too large
#
# An answer that does not fit into a datagram comes back truncated, and the client asks again over TCP
# (F5.16). Without TCP 53 it waits for a connection that nobody answers (F5.15).

# %%
udp_only = cluster.with_policies(ready["dns-udp-only"])
ns.dns_path(udp_only, "shop/web", "fleet.shop.example", cni="calico").lookup

# %% [markdown]
# You saw the three suffixes first: a name with fewer than five dots is tried with each of them before it
# is tried as it stands (F5.1, F5.7).
#
# ### Four resolvers, four answers
#
# The rule for the pods of kube-dns, tried in all four. A row says where the packet really goes.

# %%
ns.resolver_table(layouts, ready["dns-to-pods"], "shop/web", cni="calico")

# %% [markdown]
# - **node-cache**: NodeLocal DNSCache holds the address on every node, so the question never leaves the
#   node, and a node is no pod (F5.5). Here it is the address from `resolv.conf` that a rule must name.
# - **openshift**: other namespace, other labels, and pods that listen on 5353. Calico compares the port of
#   the pod, and not that of the Service (F2.19).
# - **own-resolver**: the pod's `dnsConfig` names a server outside the cluster.
#
# With Cilium the block for the node would not help: there a block never means a node (F3.14, F5.5).

# %% [markdown]
# ### Not to everybody
#
# The quick repair is port 53 without a `to`. It works, and data can leave the pod in the names it asks for
# (E17).

# %%
ns.fact("E17")

# %% [markdown]
# ## Exercise
#
# One to read, one to write. `first.hint()` gives a hint, and another each time you run it.

# %% [markdown]
# ### What the resolver does

# %%
first = ns.exercise("dns-is-traffic/1")
first

# %% [markdown]
# The name of the database is the long one. Put one of the choices, in quotes, in place of each `None`.

# %%
attempt = {
    "seconds for db.corp.example with db-only, glibc": None,
    "seconds for db.corp.example with db-only, musl": None,
    "questions for db.corp.example with dns-to-pods": None,
    "questions for the name of the database with dns-to-pods": None,
}
first.check(attempt)

# %% tags=["solution"]
first.check(first.answer())

# %% [markdown]
# ### One policy for four resolvers

# %%
second = ns.exercise("dns-is-traffic/2")
second

# %% [markdown]
# The editor starts with the rule for the first resolver, and shows at every key which ways are open.

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
# - A lookup is a **connection of the pod**, and comes first. Without a rule for it: 20 seconds of silence,
#   and an error that says nothing of policy.
# - A rule names **who has the packet when policy looks**: pods, node or address, and their port.
# - **UDP and TCP**, to those who answer, and to nobody else.
#
# Not covered here: rules by domain name, which learn addresses from these very answers, and TTLs.
#
# Next: [07 Names and TTL](07-names-and-ttl.ipynb), or nine scenes on one clock in
# [Names and time](../audit/names-and-time.ipynb).
