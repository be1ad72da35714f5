# %% [markdown]
# # The controller that chases
#
# A NetworkPolicy knows addresses, and an application knows names. Where the CNI has no rules by name, people write a
# controller: it looks names up and rewrites a policy. This lesson finds out how late it is, and what it must never do.
#
# The cluster has `api` and `web` in namespace `shop`, and CoreDNS. Outside are two databases. The orders database has
# just failed over, from 10.20.21.17 to 10.20.22.18.

# %%
import nsimlib as ns

lesson = ns.lesson("controller-that-chases")
cluster, ready = lesson.cluster, lesson.policies
orders = "orders.abc123def456.us-east-1.rds.amazonaws.com"
lesson

# %% [markdown]
# ## Hook
#
# An article says: a controller updates the policy when addresses change, so that "the policy self-heals". This is
# what it wrote when it asked last.

# %%
print(ready["before-the-move"])

# %% [markdown]
# And this is what it is good for now.

# %%
written = {"before-the-move": ready["before-the-move"]}
ns.Map(cluster, "shop/api", orders, "5432/TCP", policies=written, on=written, cni="calico")

# %% [markdown]
# Denied, until the controller comes by again.

# %% [markdown]
# ## Predict
#
# Four bets. The first two are about seconds.

# %%
ns.predict("controller-that-chases/bet-1")

# %% [markdown]
# The same with more diligence.

# %%
ns.predict("controller-that-chases/bet-2")

# %% [markdown]
# The third is about a controller that writes all that it hears.

# %%
ns.predict("controller-that-chases/bet-3")

# %% [markdown]
# The last one is about where it runs.

# %%
ns.predict("controller-that-chases/bet-4")

# %% [markdown]
# ## Try
#
# The name moves from A to B once, at the line, and both answer all the time: whoever is denied is denied by policy.
# Each lane is somebody's memory of the name; *gap* and *exposure* are the two windows in which policy differs from it.
#
# 1. Turn `interval` down. Which window shrinks, and where does it stop shrinking? Turn `TTL` up, and look again.
# 2. Set `JVM keeps` to 60 s and `interval` to 5 s. Who is denied now, and which address? Which dial helps?
# 3. What does that dial cost?
#
# With the keyboard: Tab to a dial, arrow keys to turn it.

# %%
dials = ns.ChaseDials(60, 5)
dials

# %% [markdown]
# Some of it as a table, in seconds. *missing* is the gap, *stale* the exposure, and *out* is for how long an application
# is denied the address that it was told. Nothing is computed from the settings: every row is a move that was played at
# the second that is worst for the new address.

# %%
ns.chase_table([1, 5, 60], [5, 30])

# %% [markdown]
# And the first picture of the dials, for where no kernel runs.

# %%
ns.chase(60, 5)

# %% [markdown]
# ### Settle your bets
#
# Each cell says "no bet yet" until you have chosen above.

# %%
ns.settle("controller-that-chases/bet-1")

# %% [markdown]
# The second is lost by whoever believes that asking often is enough.

# %%
ns.settle("controller-that-chases/bet-2")

# %% [markdown]
# The third is lost by whoever reads an empty list as nobody.

# %%
ns.settle("controller-that-chases/bet-3")

# %% [markdown]
# And the last one by whoever believes that a name is the same everywhere.

# %%
ns.settle("controller-that-chases/bet-4")

# %% [markdown]
# ## Explain
#
# ### Missing
#
# The article's sentence leaves out a delay (E28).

# %%
ns.fact("E28")

# %% [markdown]
# The new address waits for three things: the cache that the controller asks, its next poll, and enforcement, of which
# no field of the API says when it is done (F1.28). A poll that comes just before the TTL ends is told the old answer once
# more. So at worst all three add up, but for a second: 60, 5 and 2 s make 66 s.

# %%
ns.chase_table([60], [5, 15, 30])

# %% [markdown]
# An application that keeps no answer is *out* for less than that: it is told the old address itself while CoreDNS has
# it. What is left is the interval, and the time until a policy is enforced.

# %% [markdown]
# ### Stale
#
# The old address stays allowed until a poll leaves it out. Without a grace, that is too soon for whoever believes in it
# still: here a JVM, which keeps answers for 30 s by default (F5.20). It is denied the old address, not the new one.

# %%
print(ns.chase(5, 5, jvm_ttl=30))

# %% [markdown]
# A grace keeps the old address for them. This is what a controller with one has written after the next poll.

# %%
print(ready["after-the-move"])

# %% [markdown]
# Its price is exposure: whoever has the address next is allowed. The lines above, with a grace of 30 s:

# %%
ns.chase_table([5], [5], grace=30, jvm_ttl=30)

# %% [markdown]
# ### Never from nothing
#
# DNS fails now and then. A controller that writes what it hears then writes a rule without peers, which is any peer
# (F1.6). **Broken on purpose.**

# %%
empty = cluster.with_policies(ready["from-an-empty-answer"])
ns.why(empty, "shop/api -> 203.0.113.99:5432/TCP", cni="calico")

# %% [markdown]
# And if it leaves the rule out instead, the policy denies everything (F1.16). An answer without an address says nothing
# about the database: keep what was heard before.

# %% [markdown]
# ### From where the pods ask
#
# The reports database has another address inside its VPC than outside (F5.32). A controller in an office writes the one
# that no pod is told. **Broken on purpose.**

# %%
reports = "reports.abc123def456.us-east-1.rds.amazonaws.com"
outside = cluster.with_policies(ready["asked-from-outside"])
ns.why(outside, f"shop/api -> {reports}:5432/TCP", cni="calico")

# %% [markdown]
# ## Exercise
#
# One to tune, one to write. `first.hint()` gives a hint, and another each time you run it.

# %% [markdown]
# ### Both windows within limits

# %%
first = ns.exercise("controller-that-chases/1")
first

# %% [markdown]
# Change the numbers and run the cell.

# %%
attempt = {"interval": 60, "grace": 0}
first.check(attempt)

# %% tags=["solution"]
first.check(first.answer())

# %% [markdown]
# `first.play("a move", attempt)` in a cell of your own shows the move with your settings.

# %% [markdown]
# ### Write the function

# %%
second = ns.exercise("controller-that-chases/2")
second


# %% [markdown]
# Write it here, and run the cell. Five lines are enough.


# %% tags=["attempt"]
def reconcile(old, answers, now):
    return ...


# %% [markdown]
# The check runs it poll by poll, and shows the first poll at which it has something else open than it should.

# %%
second.check(reconcile)

# %% tags=["solution"]
second.check(second.answer())

# %% [markdown]
# ## Recap
#
# - A controller is **late**: by its interval, by the cache that it asks, and by enforcement.
# - Each move opens **two windows**: the new address is *missing*, the old one is *stale*. A shorter interval closes the
#   first, a **grace** opens the second for those who need it.
# - An answer **without an address** takes nothing away, and an empty list of peers is everybody.
#
# The library's own function is `ns.reconcile`, and `ns.follow` runs it.
#
# Not covered here: names with more addresses than a policy has room for, and sets of addresses that a controller
# updates in place of a policy.
#
# Next: [09 Below the API](09-below-the-api.ipynb), where the policy becomes lines in the kernel
