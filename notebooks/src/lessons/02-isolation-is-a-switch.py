# %% [markdown]
# # Isolation is a switch, and `policyTypes` moves it
#
# A pod is open in a direction until a policy isolates it. This lesson shows what throws that switch.
#
# The lesson has its own small cluster: `web`, `api` and `db` in namespace `shop`, and `prometheus` in
# namespace `monitoring`. No policy is in force. Six are ready to be switched on.

# %%
import nsimlib as ns

lesson = ns.lesson("isolation-is-a-switch")
shop, ready = lesson.cluster, lesson.policies
lesson

# %% [markdown]
# ## Hook
#
# Somebody wants to restrict `web` and adds an egress rule: to `api`, and to nobody else. **Broken on
# purpose**, as you will see. May `web` still call an address outside, which the rule does not name?

# %%
print(ready["ingress-type-with-egress-rules"])

# %% [markdown]
# On the map a door is shut by a policy, and open without one. Which door of `web` does this one shut?

# %%
only = {"ingress-type-with-egress-rules": ready["ingress-type-with-egress-rules"]}
ns.Map(shop, "shop/web", "203.0.113.10", "443/TCP", policies=only, on=only)

# %% [markdown]
# The packet leaves: the Egress door is open, and it is the Ingress door that the policy shut. The egress
# rule is accepted, stored, and without effect. So the rules are not the switch. What is?

# %% [markdown]
# ## Predict
#
# Three bets, each about one connection. Read the policies, choose, and do not look ahead.

# %%
ns.predict("isolation-is-a-switch/bet-1")

# %% [markdown]
# The second policy leaves a field out.

# %%
ns.predict("isolation-is-a-switch/bet-2")

# %% [markdown]
# The third one looks like a default deny.

# %%
ns.predict("isolation-is-a-switch/bet-3")

# %% [markdown]
# ## Try
#
# Tick and untick policies. The table shows which pods are isolated, the map who may open a connection
# to whom on the port; `elsewhere` is the world outside. The boxes that are ticked now are those of
# bet 1.
#
# With the keyboard: Tab moves to the next box, Space ticks it.
#
# 1. Untick `default-deny-egress`. The rows of `api` and `db` change, the row of `web` does not. Why?
# 2. Find two policies that turn the whole column of `api` to denied. Which of them was meant to?

# %%
switch = ns.PolicySwitch(
    shop, ready, on=["default-deny-egress", "web-egress-allow-api"], port="8080/TCP"
)
switch

# %% [markdown]
# The same as a table, for two positions of the switches and for none. Read the last column from top
# to bottom: only what a rule allows is left to the pods of `shop`. What comes in is open as before.

# %%
positions = [[], ["default-deny-egress"], ["default-deny-egress", "web-egress-allow-api"]]
connections = [
    "shop/web -> shop/api:8080/TCP",
    "shop/api -> shop/db:5432/TCP",
    "monitoring/prometheus -> shop/api:8080/TCP",
]
ns.positions(shop, ready, positions, connections)

# %% [markdown]
# ### Settle your bets
#
# Each cell says "no bet yet" until you have chosen above.

# %%
ns.settle("isolation-is-a-switch/bet-1")

# %% [markdown]
# Many people lose the second bet. Whoever wrote this policy thought of egress only.

# %%
ns.settle("isolation-is-a-switch/bet-2")

# %% [markdown]
# Whoever wrote the third policy took `egress: []` for "no egress".

# %%
ns.settle("isolation-is-a-switch/bet-3")

# %% [markdown]
# ## Explain
#
# ### Policies only add up
#
# The Kubernetes documentation says: "By default, a pod is non-isolated for egress; all outbound
# connections are allowed."
# ([Network Policies](https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation))
# A policy that selects the pod and has `Egress` in its `policyTypes` isolates it (F1.9). Then only
# what some rule allows is left.

# %%
both = shop.with_policies(ready["default-deny-egress"], ready["web-egress-allow-api"])
ns.why(both, "shop/web -> shop/api:8080/TCP")

# %% [markdown]
# Line by line:
#
# 1. `web` **is isolated for egress** by two policies. From here on only rules count.
# 2. `default-deny-egress` has no rules, so it **allows nothing** (F1.16). It does not deny either: there
#    is no deny rule (F1.15).
# 3. `web-egress-allow-api` has a rule that **matches**, port and peer. One is enough (F1.12).
# 4. `api` is **not isolated for ingress**, so its side is open.
#
# Order and age of the policies appear nowhere.

# %% [markdown]
# ### Isolated and no rule: nothing is allowed
#
# `default-deny-egress` alone. The word deny is only in its name (F1.16).

# %%
denied = shop.with_policies(ready["default-deny-egress"])
ns.why(denied, "shop/web -> shop/api:8080/TCP")

# %% [markdown]
# ### One direction at a time
#
# The two directions are counted apart (F1.9). `default-deny-egress` isolates the three pods of `shop`
# for egress. For ingress nobody is isolated, so `prometheus` may call them. They may not call it.

# %%
ns.isolation(denied)

# %% [markdown]
# ### What the server fills in
#
# If `policyTypes` is left out, the API server fills it in. The API text says: "If you want to write an
# egress-only policy, you must explicitly specify policyTypes [ "Egress" ]."
# ([types.go](https://github.com/kubernetes/api/blob/master/networking/v1/types.go))
#
# Without the field, `Ingress` is always put in. `Egress` is added only if there is at least one egress
# rule (F1.10). This policy was written for egress, and it closes ingress as well.

# %%
filled = shop.with_policies(ready["egress-rules-without-types"])
filled.policy("shop/egress-rules-without-types")

# %% [markdown]
# So nobody may call `api` any more, although no line of the file speaks of ingress.

# %%
ns.why(filled, "shop/web -> shop/api:8080/TCP")

# %% [markdown]
# ### An empty list is no rule
#
# `egress: []` looks like "no egress". But there is no egress rule in it, so `Egress` is not filled in
# (F1.10). **Broken on purpose**: the pod that should not open connections may open all of them, and
# nobody may call it.

# %%
emptied = shop.with_policies(ready["empty-egress-without-types"])
ns.isolation(emptied)

# %% [markdown]
# ### What an article says about it
#
# A well-read article claims that egress is denied by default as soon as you add an egress rule. The
# hook above is that case, and it is not so (E11).

# %%
ns.fact("E11")

# %% [markdown]
# The article also passes over what happens when `policyTypes` is left out (E12).

# %%
ns.fact("E12")

# %% [markdown]
# All six policies in one table. "filled in" marks a `policyTypes` that the server wrote. "no effect"
# marks rules for a direction that is not among the `policyTypes` (F1.11).

# %%
ns.policy_table(shop.with_policies(*ready.values()))

# %% [markdown]
# ## Exercise
#
# Three policies to write or repair. The evaluator tries your policy on the connections listed, and
# shows the first one that ends in another way than wanted. `first.hint()` gives a hint, and another each
# time you run it.

# %% [markdown]
# ### All silent but one

# %%
first = ns.exercise("isolation-is-a-switch/1")
first

# %% [markdown]
# Change the text between the quotes and run the cell.

# %%
attempt = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny-egress, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
"""
first.check(attempt)

# %% tags=["solution"]
first.check(first.answer())

# %% [markdown]
# ### An egress policy that closed ingress

# %%
second = ns.exercise("isolation-is-a-switch/2")
second

# %% [markdown]
# Which field is missing? This time type in an editor. It shows at every key what the API server would refuse, or
# how the connections end.

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
# ### A database that must stay silent

# %%
third = ns.exercise("isolation-is-a-switch/3")
third

# %% [markdown]
# One line is enough.

# %%
attempt = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db-no-egress, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  egress: []
"""
third.check(attempt)

# %% tags=["solution"]
third.check(third.answer())

# %% [markdown]
# ## Recap
#
# - **`policyTypes` is the switch**: a pod is isolated for a direction if some policy selects it and
#   names that direction there.
# - **Rules only allow**, and policies **add up**: no order, no deny rule.
# - **Left out, the field is filled in**: always `Ingress`, and `Egress` only with an egress rule. So write
#   it out.
#
# Not covered here: that both ends must allow a connection, and plugins that do not follow the text.
#
# Next: [03 Two doors](03-two-doors.ipynb), or with a cluster of your own
# [Why is it blocked?](../audit/why-is-it-blocked.ipynb)
