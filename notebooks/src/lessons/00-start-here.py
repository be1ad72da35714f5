# %% [markdown]
# # Start here: ask why, and get the reason
#
# This kit answers one question about a Kubernetes cluster: **may this pod open that connection, and
# why?** It reads manifests or a dump, and shows every rule it looked at.
#
# To run a cell, click into it and press Shift and Enter. Nothing here needs a cluster or the
# internet, and nothing leaves your machine.

# %%
import nsimlib as ns

lesson = ns.lesson("start-here")
shop = lesson.cluster
lesson

# %% [markdown]
# ## Hook
#
# The shop is an invented company; most lessons use it. Here is its cluster. May the forgotten pod `debug`
# call the payment provider, outside the cluster? No policy says that it may.

# %%
ns.Map(shop, "shop/debug", "api.payments.example", "443/TCP")

# %% [markdown]
# The packet arrives. A pod has two doors, **Ingress** at its left and **Egress** at its right. A door is
# open until a policy shuts it (F1.9), and nobody wrote a policy for `debug`. Behind "Why" stands every
# reason. A number such as F1.9 is that of a fact; you will look one up further down.

# %% [markdown]
# ## Predict
#
# Every lesson begins with bets. Choose before you go on: a lost bet teaches more than none. Your
# choices stay in a file of your own folder. With the keyboard: Tab to an answer, arrow keys to change it,
# Space to choose.

# %%
ns.predict("start-here/bet-1")

# %% [markdown]
# The second is about a policy with a rule for DNS.

# %%
ns.predict("start-here/bet-2")

# %% [markdown]
# The third is about the pod `debug` again.

# %%
ns.predict("start-here/bet-3")

# %% [markdown]
# ## Try
#
# Click a pod, then another: the packet sets out, and stops where it is decided. With the keyboard: Tab
# to the map, move with the arrow keys, choose with Enter; Escape takes a choice back.
#
# 1. Which workloads may talk to the database `db` on 5432/TCP? At which door do the others fail?
# 2. Switch `shop/web-egress` off. Which door opens, and what may `web` do now that it could not?

# %%
map_of_shop = ns.Map(shop, "shop/web", "kube-system/coredns", "53/UDP")
map_of_shop

# %% [markdown]
# The same without a widget, for a few connections and the policies in force.

# %%
connections = [
    "shop/api -> data/db:5432/TCP",
    "shop/debug -> data/db:5432/TCP",
    "data/reporting -> data/db:5432/TCP",
    "shop/debug -> kube-system/coredns:53/UDP",
    "shop/web -> kube-system/coredns:53/UDP",
]
ns.positions(shop, {}, [[]], connections)

# %% [markdown]
# ### Settle your bets
#
# Each cell says "no bet yet" until you have chosen above.

# %%
ns.settle("start-here/bet-1")

# %% [markdown]
# Whoever wrote the DNS rule lost the second bet, too.

# %%
ns.settle("start-here/bet-2")

# %% [markdown]
# The third is lost by whoever looks at one end only.

# %%
ns.settle("start-here/bet-3")

# %% [markdown]
# ## Explain
#
# Here is the answer behind the second bet, in full.

# %%
ns.why(shop, "shop/web -> kube-system/coredns:53/UDP")

# %% [markdown]
# - The **first line** is the question and the outcome: allowed, denied or undetermined.
# - **Egress** is judged at the source, **Ingress** at the destination. Both must allow (F1.13).
# - **"is isolated by"** names the policies that restrict this pod in this direction. Without one,
#   everything is allowed (F1.9).
# - Then comes **every rule** with its place in the file. `+` matched, `-` did not, `?` cannot be known
#   from the input. A rule matches if one of its ports and one of its peers match (F1.6).
# - **"nearest miss"** is the rule that fails at one place only. Look there first.
# - **F1.2** is the number of a fact with its source.

# %% [markdown]
# Each fact can be looked up. This one is behind the DNS mistake.

# %%
ns.fact("F1.2")

# %% [markdown]
# `print` gives an answer as text, for a ticket or a chat. `shop/api` has the rule that `shop/web` should
# have: a `namespaceSelector` beside the `podSelector`.

# %%
print(ns.why(shop, "shop/api -> kube-system/coredns:53/UDP"))

# %% [markdown]
# ### Ask in words
#
# A connection can be typed, too: any address, any port. A *reading* settles what the Kubernetes text
# leaves open; `spec` is the bare text.

# %%
tester = ns.ConnectionTester(shop, "shop/api", "data/db", "5432/TCP")
tester

# %% [markdown]
# A name that does not exist is no crash but a hint. This one is **broken on purpose**.

# %% tags=["raises-exception"]
ns.why(shop, "shop/wbe -> kube-system/coredns:53/UDP")

# %% [markdown]
# ### Your own cluster
#
# With read access to a cluster, write a dump. It holds no Secrets and no ConfigMaps, but it holds pods with
# their environment variables: keep it where only you can read it.
#
# ```sh
# kubectl get ns,no,po,svc,endpointslices,netpol,deploy,rs,sts,ds,jobs,cj -A -o json > dump.json
# ```
#
# Then `mine = ns.load("dump.json")`. A folder with manifests works too. If the API server would refuse
# something in it, you get all problems at once, each with file and line; `ns.load(path, strict=False)`
# leaves those objects out and lists them. The shop looks like this.

# %%
shop

# %% [markdown]
# ### Five words
#
# | word | means |
# |---|---|
# | **isolated** | a policy selects the pod and has this direction in its `policyTypes`; only what a rule allows is allowed |
# | **rule** | one entry under `egress` or `ingress`: ports and peers; it can only allow |
# | **peer** | one entry under `to` or `from`: pods, namespaces or a block of addresses |
# | **match** | a rule matches a connection if a port and a peer of it do |
# | **determining** | the rules that allow a connection, or the policies that isolate and so deny it |

# %% [markdown]
# ## Exercise
#
# Two exercises, both checked by what happens and never by how it is written. When stuck, run
# `first.hint()` in a cell of its own: the first hint nudges, the second points, the third almost tells.

# %%
first = ns.exercise("start-here/1")
first

# %% [markdown]
# Ask the question in a cell of your own, or with the widget above. Then put your answers here, each in
# quotes, and run the cell.

# %%
attempt = {
    "egress": None,
    "ingress": None,
    "policies that isolate data/db for ingress": None,
    "the rule to look at first": None,
}
first.check(attempt)

# %% tags=["solution"]
first.check(first.answer())

# %% [markdown]
# ### Repair the DNS rule

# %%
second = ns.exercise("start-here/2")
second

# %% [markdown]
# Change the text between the quotes and run the cell. `print(second.reset())` gives you the text as it
# was, and `print(second.latest())` what you tried last.

# %%
attempt = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web-egress, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - ports: [{port: 53, protocol: UDP}]
    to: [{podSelector: {matchLabels: {k8s-app: kube-dns}}}]
  - {ports: [{port: 443, protocol: TCP}], to: [{ipBlock: {cidr: 203.0.113.0/24}}]}
  - {ports: [{port: http, protocol: TCP}], to: [{podSelector: {matchLabels: {app: api}}}]}
"""
second.check(attempt)

# %% tags=["solution"]
second.check(second.answer())

# %% [markdown]
# ### Is everything in place?
#
# If this cell runs without an error, everything is. If a widget above does not show, restart JupyterLab
# and reload the page.

# %% tags=["nbval-ignore-output"]
ns.environment()

# %% [markdown]
# What you have done so far; `ns.reset("start-here")` forgets it.

# %% tags=["nbval-ignore-output"]
ns.progress("start-here")

# %% [markdown]
# ## Recap
#
# - A verdict has **two sides**: egress at the source, ingress at the destination.
# - Rules only **allow**. What denies is **isolation** without a matching rule.
# - The **nearest miss** names the field to look at first.
#
# Not covered here: what a real plugin does where the text is silent.
#
# Next: [01 One packet](01-one-packet.ipynb), [02 Isolation is a switch](02-isolation-is-a-switch.ipynb), or with a cluster of your own
# [Why is it blocked?](../audit/why-is-it-blocked.ipynb)
