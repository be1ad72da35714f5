# %% [markdown]
# # Names and TTL
#
# A policy by name sounds like the end of all lists of addresses. It is a list of addresses, too: one that is
# learned from DNS answers, and forgotten again. This lesson finds out when.
#
# The cluster has `api` and `web` in namespace `shop`, CoreDNS, two databases, and a provider that serves two names at
# one address. Cilium enforces the policies, as it has rules by name.

# %%
import nsimlib as ns

lesson = ns.lesson("names-and-ttl")
cluster, ready = lesson.cluster, lesson.policies
orders = "orders.abc123def456.us-east-1.rds.amazonaws.com"
lesson

# %% [markdown]
# ## Hook
#
# An article shows this policy as the better way: the name of the database, and its port. **Broken on purpose.**

# %%
print(ready["orders-without-dns"])

# %% [markdown]
# The name is right, and so is the port.

# %%
named = {"orders-without-dns": ready["orders-without-dns"]}
ns.Map(cluster, "shop/api", "10.20.21.17", "5432/TCP", policies=named, on=named, cni="cilium")

# %% [markdown]
# Denied. To this policy the name has no address at all.

# %% [markdown]
# ## Predict
#
# Four bets. The first two are about seconds.

# %%
ns.predict("names-and-ttl/bet-1")

# %% [markdown]
# The same application, with more patience.

# %%
ns.predict("names-and-ttl/bet-2")

# %% [markdown]
# The third is about two names.

# %%
ns.predict("names-and-ttl/bet-3")

# %% [markdown]
# The last one is about no name.

# %%
ns.predict("names-and-ttl/bet-4")

# %% [markdown]
# ## Try
#
# Every lane is one memory: what the name has, what CoreDNS believes, what the JVM believes, what policy allows, and
# below whether the application gets through. With `sweep_interval` 0 the enforcer keeps to the TTL to the second.
#
# 1. Where do two lanes part at second 5? Pull `seconds` there, and read the last line of the table.
# 2. Turn `jvm_ttl` down. At which value does the outage end? Turn `ttl` up instead: why does 60 not help?
# 3. Choose the scene `stale-pool`, with `sweep_interval` 60 and `pool` 1. Which dial shortens the outage?
#
# With the keyboard: Tab to a dial or the slider, arrow keys to turn it.

# %%
dials = {
    "ttl": [1, 5, 60],
    "jvm_ttl": [0, 5, 30, 60, -1],
    "min_ttl": [0, 60, 3600],
    "sweep_interval": [0, 60],
    "pool": [0, 1],
    "pool_lifetime": [30, 60, 1800],
}
strict = {"sweep_interval": 0, "every": 1, "lasts": 180, "connect_timeout": 1}
begin = {"ttl": 5, "jvm_ttl": 60, "pool_lifetime": 1800, **strict}
scrubber = ns.PlayScrubber("ttl-drop", cni="cilium", dials=dials, **begin)
scrubber

# %% [markdown]
# The same scene as text.

# %%
denied = ns.play("ttl-drop", cni="cilium", ttl=5, jvm_ttl=60, **strict)
print(denied)

# %% [markdown]
# And the moment at which it begins.

# %%
denied.at(5)

# %% [markdown]
# Now the patterns. Write a star in other places, or other names, one on a line.

# %%
account = "abc123def456.us-east-1.rds.amazonaws.com"
tester = ns.PatternTester(f"*.{account}", [f"orders.{account}", f"orders.cluster-{account}"])
tester

# %% [markdown]
# The same as a table, with the names at which dialects part.

# %%
ns.pattern_table("*.payments.example")

# %% [markdown]
# ### Settle your bets
#
# Each cell says "no bet yet" until you have chosen above.

# %%
ns.settle("names-and-ttl/bet-1")

# %% [markdown]
# The second is lost by whoever believes that the TTL is the end.

# %%
ns.settle("names-and-ttl/bet-2")

# %% [markdown]
# The third is lost by whoever sees names in packets.

# %%
ns.settle("names-and-ttl/bet-3")

# %% [markdown]
# And the last one by whoever believes the article.

# %%
ns.settle("names-and-ttl/bet-4")

# %% [markdown]
# ## Explain
#
# ### Learn
#
# Cilium looks no name up. It reads the answers that pass its DNS proxy (F3.24), and only a rule with `rules.dns`
# sends questions there (F3.21). The hook has no rule for DNS at all, so the question itself is denied (E22).

# %%
without = cluster.with_policies(ready["orders-without-dns"])
ns.why(without, "shop/api -> kube-system/coredns:53/UDP", cni="cilium")

# %% [markdown]
# With a plain rule for port 53 the name is looked up, and nobody learns from it: another symptom, the same outage
# (F3.22).

# %%
plain = cluster.with_policies(ready["orders-with-plain-dns"])
ns.why(plain, f"shop/api -> {orders}:5432/TCP", cni="cilium")

# %% [markdown]
# ### Allow
#
# What is learned is an address, and the address is allowed, on the port of the rule, for whatever name (F3.28).

# %%
payments = cluster.with_policies(ready["payments-by-name"])
ns.why(payments, "shop/api -> files.elsewhere.example:443/TCP", cni="cilium")

# %% [markdown]
# So "you name the host, and not a block" is half of the truth (E23).

# %%
ns.fact("E23")

# %% [markdown]
# ### Forget
#
# What is wanted of implementations: when the TTL ends, new connections end, and open ones live on (F1.65). Cilium
# compares every packet (F3.41), so it keeps the address itself while somebody is connected, and collects once a
# minute (F3.31).

# %%
ns.fact("E24")

# %% [markdown]
# So a JVM that keeps names for ever is well for ten minutes, and then denied, though nothing has changed. A longer
# TTL does not help: CoreDNS gives no answer more than 30 s here (F5.18).

# %%
ns.cures("ttl-drop", cni="cilium")

# %% [markdown]
# A minimum for the TTL prevents it as well. In a failover it has a price: *exposed* is for how long the old address is
# allowed, whoever has it by then.

# %%
print(ns.play("aurora-failover", cni="cilium", min_ttl=3600))

# %% [markdown]
# ### What no TTL helps
#
# A connection that is open never looks a name up (F5.21). Of all changes only those to the pool shorten this outage.

# %%
ns.cures("stale-pool", cni="cilium")

# %% [markdown]
# ### Stars, and who has names at all
#
# The article says that rules by name need Cilium (E27). Five dialects have them, and differ in what a star is.

# %%
ns.fact("E27")

# %% [markdown]
# One pattern covers all four shapes of Aurora's names in Cilium (F5.29), and those of all databases of the account.

# %%
aurora = [
    f"orders.cluster-{account}",
    f"orders.cluster-ro-{account}",
    f"reports.cluster-custom-{account}",
    f"orders-1.{account}",
]
ns.pattern_table(f"*.*{account}", aurora)

# %% [markdown]
# ## Exercise
#
# One to read, one to complete, one to tune. `first.hint()` gives a hint, and another each time you run it.

# %% [markdown]
# ### Does it name it?

# %%
first = ns.exercise("names-and-ttl/1")
first

# %% [markdown]
# Put `"yes"` or `"no"` in the place of each `None`.

# %%
attempt = {
    "cilium: *.corp.example, db.eu.corp.example": None,
    "kubernetes: *.corp.example, db.eu.corp.example": None,
    "antrea: *.corp.example, corp.example": None,
    "cilium: *.abc123.example, orders.cluster-abc123.example": None,
    "cilium: *corp.example, evilcorp.example": None,
}
first.check(attempt)

# %% tags=["solution"]
first.check(first.answer())

# %% [markdown]
# ### Complete the policy

# %%
second = ns.exercise("names-and-ttl/2")
second

# %% [markdown]
# The editor shows at every key which connections end as wanted.

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
# ### Nothing dropped in ten minutes

# %%
third = ns.exercise("names-and-ttl/3")
third

# %% [markdown]
# Change the numbers and run the cell. Every second of the three scenes counts.

# %%
attempt = {"ttl": 5, "jvm_ttl": 60, "min_ttl": 0, "pool_lifetime": 1800}
third.check(attempt)

# %% tags=["solution"]
third.check(third.answer())

# %% [markdown]
# `third.play("failover", attempt)` in a cell of your own shows a scene with your settings.

# %% [markdown]
# ## Recap
#
# - A policy by name **learns** from answers that pass its proxy, **allows** addresses, and **forgets** them.
# - Whoever **keeps an answer for longer** than the policy is denied, though nothing has failed. A **pool** keeps its
#   connection whatever the TTL.
# - A **star** is a label, several labels, or text: it depends on the dialect.
#
# Not covered here: controllers that chase names for policies without them, and chains of CNAMEs.
#
# Next: [08 The controller that chases](08-controller-that-chases.ipynb), or all nine scenes in [Names and
# time](../audit/names-and-time.ipynb)
