# %% [markdown]
# # Static CIDR: whom a block of addresses lets in
#
# A database outside the cluster has no labels, so a NetworkPolicy names it by a block of addresses. Most blocks
# are chosen by looking at one address. This lesson looks at who else is in them.
#
# The cluster has `web`, `api` and `batch` in namespace `shop`, on three nodes. The nodes are in a VPC,
# 10.20.0.0/16, with the database `orders` and what other teams have there. Calico enforces the policies, unless it
# says otherwise.

# %%
import nsimlib as ns

lesson = ns.lesson("static-cidr")
cluster, ready = lesson.cluster, lesson.policies
lesson

# %% [markdown]
# ## Hook
#
# `api` may connect to `orders`, and to nobody else: that was the wish. RDS lives in the VPC, so the policy has the
# block of the VPC. **Broken on purpose.** May `api` connect to `billing`, a database of another team?

# %%
vpc = {"whole-vpc": ready["whole-vpc"]}
ns.Map(cluster, "shop/api", "10.20.23.40", "5432/TCP", policies=vpc, on=vpc, cni="calico")

# %% [markdown]
# The packet arrives. Nothing in the policy speaks of billing.

# %% [markdown]
# ## Predict
#
# Three bets, all of them on what a well-read article says.

# %%
ns.predict("static-cidr/bet-1")

# %% [markdown]
# The second is about the night of a failover.

# %%
ns.predict("static-cidr/bet-2")

# %% [markdown]
# The third is about what else is in the VPC.

# %%
ns.predict("static-cidr/bet-3")

# %% [markdown]
# ## Try
#
# The slider says how many bits of 10.20.21.17 count; the others may be anything, and are drawn as `*`. A tick is
# whom the rule is for, an exclamation mark whom it reaches besides.
#
# 1. From /32 to the left: at which length is the standby reached, and who has come in by then?
# 2. At /23 somebody comes in, and the standby does not. Which subnet is it?
# 3. At /16 take the nodes out. Then take away the port, and read the second column.
#
# With the keyboard: Tab to the slider, arrow keys to move it.

# %%
slider = ns.PrefixSlider(
    cluster,
    "shop/api",
    "10.20.21.17",
    ["5432/TCP", "22/TCP"],
    wanted=["orders-db", "orders-standby"],
    exceptions={"nodes": "10.20.0.0/20", "pods": "10.244.0.0/16", "billing": "10.20.23.0/24"},
    prefix=16,
)
slider

# %% [markdown]
# The same as a table, for the block of the VPC.

# %%
whole = cluster.with_policies(ready["whole-vpc"])
ns.host_reach(whole, "shop/api", ["5432/TCP", "22/TCP"], cni="calico")

# %% [markdown]
# And for /22, the smallest block around both subnets: it begins at 10.20.20.0, where the build machines are.

# %%
around = cluster.with_policies(ready["around-both"])
ns.host_reach(around, "shop/api", ["5432/TCP", "22/TCP"], cni="calico")

# %% [markdown]
# ### Settle your bets
#
# Each cell says "no bet yet" until you have chosen above.

# %%
ns.settle("static-cidr/bet-1")

# %% [markdown]
# The second is lost by whoever believes the article.

# %%
ns.settle("static-cidr/bet-2")

# %% [markdown]
# And so is the third.

# %%
ns.settle("static-cidr/bet-3")

# %% [markdown]
# ## Explain
#
# ### A block is addresses, and whoever has them
#
# The evaluator finds the rule, and its block has the address of the node in it.

# %%
ns.why(whole, "shop/api -> node/worker-1:5432/TCP", cni="calico")

# %% [markdown]
# With Cilium the same YAML keeps the nodes out: there a block never means a node or a pod of the cluster (F3.14).

# %%
ns.why(whole, "shop/api -> node/worker-1:5432/TCP", cni="cilium")

# %% [markdown]
# So the sentence "why this works" has more than one meaning (E21).

# %%
ns.fact("E21")

# %% [markdown]
# ### The database is in its subnet group
#
# A DB subnet group has subnets in two availability zones at least. RDS picks one, and an address in it (F5.25). The
# standby is in another zone (F5.24).

# %%
ns.fact("E19")

# %% [markdown]
# So the narrowest rule that stays true names all subnets of the group, and no more. Two blocks in one rule:

# %%
both = cluster.with_policies(ready["both-subnets"])
ns.host_reach(both, "shop/api", ["5432/TCP"], cni="calico")

# %% [markdown]
# Two databases of other teams are still in it: their subnets are the same. An address of its own would part them,
# until the failover. The article says that this cannot be written (E20).

# %%
ns.fact("E20")

# %% [markdown]
# ### Peer and port
#
# Inside a rule both must match (F1.6). With a port, the block opens nothing else. Without one it opens all of them,
# and the article is right about the file share (E18).

# %%
without_ports = cluster.with_policies(ready["whole-vpc-without-ports"])
ns.why(without_ports, "shop/api -> 10.20.30.5:2049/TCP")

# %% [markdown]
# ### What an exception takes out
#
# `except` takes addresses out of its own block (F1.19). A second policy with the whole block brings them back.

# %%
again = cluster.with_policies(ready["vpc-but-nodes"], ready["whole-vpc"])
ns.why(again, "shop/api -> node/worker-1:5432/TCP", cni="calico")

# %% [markdown]
# An exception must lie inside the block and be smaller, or the API server refuses the policy (F1.43). Try it in the
# widget: the pods, at /16.
#
# ### Written for you
#
# The library writes the policies for such a database, and tries them before it gives them. Here for the cluster of
# the whole shop, which has a DNS Service: an isolated pod needs a rule for names as well.

# %%
shop, api = ns.scenario("shop"), {"app": "api"}
ns.pattern("rds", dialect="networkpolicy", cluster=shop, app=api, namespace="shop")

# %% [markdown]
# Its last lines say what was tried, and what is open besides. Of a block there nearly always is something.

# %% [markdown]
# ## Exercise
#
# One to count, two to write. `first.hint()` gives a hint, and another each time you run it.

# %% [markdown]
# ### Who else?

# %%
first = ns.exercise("static-cidr/1")
first

# %% [markdown]
# Put a number, in quotes, in place of each `None`.

# %%
attempt = {
    "on 5432/TCP with one-subnet": None,
    "on 5432/TCP with around-both": None,
    "on 5432/TCP with whole-vpc": None,
    "on 5432/TCP with whole-vpc and Cilium": None,
    "on 22/TCP with whole-vpc-without-ports": None,
}
first.check(attempt)

# %% tags=["solution"]
first.check(first.answer())

# %% [markdown]
# ### Ten others at most

# %%
second = ns.exercise("static-cidr/2")
second

# %% [markdown]
# The editor shows at every key which connections end as wanted.

# %%
editor = second.editor()
editor

# %% [markdown]
# The check takes what the editor holds, and counts.

# %%
second.check(editor.value)

# %% tags=["solution"]
second.check(second.answer())

# %% [markdown]
# ### All databases but one

# %%
third = ns.exercise("static-cidr/3")
third

# %% [markdown]
# Change the text between the quotes and run the cell.

# %%
attempt = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api-to-databases, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Egress]
  egress:
  - to:
    - ipBlock:
        cidr: 10.20.0.0/16
    ports:
    - {port: 5432, protocol: TCP}
"""
third.check(attempt)

# %% tags=["solution"]
third.check(third.answer())

# %% [markdown]
# ## Recap
#
# - A block is **whoever has an address in it**. Take it from the inventory, and count who else is inside.
# - A database is in **all subnets of its subnet group**. One of them, or one address, holds until the failover.
# - **Ports** narrow a rule, and so does **except**: this rule, and no other.
#
# Not covered here: Services, whose addresses are replaced before most enforcers look, and IPv6.
#
# Next: [06 DNS is traffic](06-dns-is-traffic.ipynb)
