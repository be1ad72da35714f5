# %% [markdown]
# # Two doors: egress and ingress must both let it through
#
# A connection leaves one pod and comes to another, and each has a door of its own. This lesson opens
# and shuts them one at a time.
#
# The cluster is small: `web` and `api` in namespace `shop`, `db` and `report` in namespace `data`. No
# policy is in force. Six are ready to be switched on.

# %%
import nsimlib as ns

lesson = ns.lesson("two-doors")
cluster, ready = lesson.cluster, lesson.policies
lesson

# %% [markdown]
# ## Hook
#
# The team of `api` writes an egress policy: `api` may open connections to the database, and nothing else.
# The team of the database has a policy of its own, which lets in pods labelled `api` or `report`. The
# application still says "timeout".

# %%
on = ["api-egress", "db-ingress"]
ns.Map(cluster, "shop/api", "data/db", "5432/TCP", policies=ready, on=on)

# %% [markdown]
# The packet gets out, and not in. Whoever looks at the policies of `api` alone finds no mistake,
# since there is none.

# %% [markdown]
# ## Predict
#
# Three bets. Read the policies in question first; each is **one** door.

# %%
print(ready["db-ingress"])

# %% [markdown]
# The first bet is about the connection above, and why.

# %%
ns.predict("two-doors/bet-1")

# %% [markdown]
# The second is about a pod that no policy speaks of.

# %%
ns.predict("two-doors/bet-2")

# %% [markdown]
# The third is about the way back.

# %%
ns.predict("two-doors/bet-3")

# %% [markdown]
# ## Try
#
# Three heat maps: who gets **out** by the egress policies alone, who gets **in** by the ingress policies
# alone, and who gets through **both**. A cell has a ring if one door alone keeps the two apart.
#
# With the keyboard: Tab moves to the next box, Space ticks it.
#
# 1. The ring of `shop/api` to `data/db` shows a one-sided repair. Which one box takes it away?
# 2. Tick `db-silent`. Which row turns dark, in which of the maps? And does `shop/api` to `data/db` change?

# %%
switch = ns.DoorSwitch(cluster, ready, on=on, port="5432/TCP")
switch

# %% [markdown]
# The pairs with a ring as a table, in the position of the switches that the lesson starts with.

# %%
start = cluster.with_policies(ready["api-egress"], ready["db-ingress"])
ns.two_doors(start, "5432/TCP").to_table()

# %% [markdown]
# ### Settle your bets
#
# Each cell says "no bet yet" until you have chosen above.

# %%
ns.settle("two-doors/bet-1")

# %% [markdown]
# No rule speaks of `report`, and it needs none.

# %%
ns.settle("two-doors/bet-2")

# %% [markdown]
# The third is lost by whoever judges packets, and not connections.

# %%
ns.settle("two-doors/bet-3")

# %% [markdown]
# ## Explain
#
# ### Both must allow
#
# A connection passes if the egress of its source **and** the ingress of its destination allow it, each
# only if isolated (F1.13). A verdict always shows both, even if the first says no.

# %%
ns.why(start, "shop/api -> data/db:5432/TCP")

# %% [markdown]
# - **Egress: allowed**, by the rule of `api-egress`. Nothing is to be repaired here.
# - **Ingress: denied**. The nearest miss is `from[0]`: a `podSelector` alone means namespace `data` (F1.2).
#
# So look for the part that says denied before you change anything. A second egress rule would do nothing.

# %% [markdown]
# ### A door without a policy is open
#
# `report` is isolated in no direction. Its egress door is open without any rule (F1.9).

# %%
ns.why(start, "data/report -> data/db:5432/TCP")

# %% [markdown]
# ### Both doors shut: two repairs
#
# `web` may send to `api` alone, and the database lets `api` alone in. From `web` to `db` both doors are shut.
# To open one of them changes nothing that can be seen, so people undo it and look elsewhere.

# %%
shut = cluster.with_policies(ready["web-egress"], ready["db-lets-api-in"])
ns.why(shut, "shop/web -> data/db:5432/TCP")

# %% [markdown]
# ### Answers belong to the connection
#
# `db-silent` isolates the database for egress and has no rule. The query of `api` works all the same: its
# answers are packets of a connection that was allowed (F1.14).

# %%
api = ready["api-egress"], ready["db-lets-api-in"]
silent = cluster.with_policies(*api, ready["db-silent"])
ns.why(silent, "shop/api -> data/db:5432/TCP")

# %% [markdown]
# What `db-silent` forbids is a connection that the database opens itself.

# %%
ns.why(silent, "data/db -> shop/api:8080/TCP")

# %% [markdown]
# ### What an article says about it
#
# It names the two places and does not draw the conclusion (E15).

# %%
ns.fact("E15")

# %% [markdown]
# It also calls egress the harder of the two, because one has to foresee where traffic goes (E16).

# %%
ns.fact("E16")

# %% [markdown]
# ## Exercise
#
# One to read, one to repair, one to write. `first.hint()` gives a hint, and another each time you run it.

# %% [markdown]
# ### Which door?

# %%
first = ns.exercise("two-doors/1")
first

# %% [markdown]
# The widget above can show you the four policies. Put one of the words in place of each `None`.

# %%
attempt = {
    "shop/web to shop/api on 8080": None,
    "shop/api to data/db on 5432": None,
    "shop/web to data/report on 8080": None,
    "shop/web to data/db on 5432": None,
}
first.check(attempt)

# %% tags=["solution"]
first.check(first.answer())

# %% [markdown]
# ### Repair one side

# %%
second = ns.exercise("two-doors/2")
second

# %% [markdown]
# Change the text between the quotes and run the cell.

# %%
attempt = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db-ingress, namespace: data}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
  - from:
    - podSelector: {matchExpressions: [{key: app, operator: In, values: [api, report]}]}
    ports: [{port: 5432, protocol: TCP}]
"""
second.check(attempt)

# %% tags=["solution"]
second.check(second.answer())

# %% [markdown]
# ### Both doors in one policy

# %%
third = ns.exercise("two-doors/3")
third

# %% [markdown]
# Two rules are missing, one for each door.

# %%
attempt = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress, Egress]
"""
third.check(attempt)

# %% tags=["solution"]
third.check(third.answer())

# %% [markdown]
# ## Recap
#
# - A connection goes through **two doors**: egress at its source, ingress at its destination. Both must
#   allow it.
# - A door that **no policy shuts** is open. Repair the side that the verdict calls denied.
# - **Answers** need no rule. What is judged is who opens the connection.
#
# Not covered here: Services, nodes, and pods on their node's network.
#
# Next: [10 Default egress](10-default-egress.ipynb), or look up a connection of your own in
# [Why is it blocked?](../audit/why-is-it-blocked.ipynb)
