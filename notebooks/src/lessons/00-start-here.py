# %% [markdown]
# # Start here: ask why, and get the reason
#
# This kit answers one question about a Kubernetes cluster: **may this pod open that connection, and
# why?** It reads manifests or a dump, and shows every rule it looked at.
#
# After this page you can load a cluster, ask a question, and read the answer line by line.
# You need to know what a pod and a namespace are. It takes 10 minutes.
#
# To run a cell, click into it and press Shift and Enter. Nothing here needs a cluster or the
# internet, and nothing leaves your machine.

# %% [markdown]
# ## A policy with a DNS rule, and no DNS
#
# The shop is an invented company; all lessons use it. Its pod `web` has an egress policy, and the
# policy has a rule for DNS: port 53 of the pods labelled `k8s-app: kube-dns`. Those are the
# `coredns` pods in namespace `kube-system`.
#
# Can `web` resolve names? Decide first, then run the cell.

# %%
import nsimlib as ns

shop = ns.scenario("shop")
ns.why(shop, "shop/web -> kube-system/coredns:53/UDP")

# %% [markdown]
# It cannot. The mistake is one missing field: a `podSelector` alone looks only in the namespace of
# the policy (F1.2), and there is no `coredns` in `shop`. This is the most common mistake in egress
# policies, and the pod says only "timeout".

# %% [markdown]
# ## How to read an answer
#
# - The **first line** is the question and the outcome: allowed, denied or undetermined.
# - **Egress** is judged at the source, **Ingress** at the destination. Both must allow (F1.13).
# - **"is isolated by"** names the policies that restrict this pod in this direction. Without one,
#   everything is allowed (F1.9).
# - Then comes **every rule** with its place in the file. `+` matched, `-` did not, `?` cannot be known
#   from the input. A rule matches if one of its ports and one of its peers match (F1.6).
# - **"nearest miss"** is the rule that fails at one place only. Look there first.
# - **F1.2** is the number of a fact with its source.

# %% [markdown]
# Each fact can be looked up. Here is the one behind the DNS mistake.

# %%
ns.fact("F1.2")

# %% [markdown]
# ## Ask your own questions
#
# Choose two ends, a port and a reading, or type a connection in the field. A *reading* settles what
# the Kubernetes text leaves open; `spec` is the bare text. With the keyboard: Tab moves on, the
# arrow keys choose, Enter confirms what you type.
#
# Try: who may talk to the database `data/db` on 5432/TCP? What does `shop/debug` reach that
# `shop/web` does not?

# %%
tester = ns.ConnectionTester(shop, "shop/web", "kube-system/coredns", "53/UDP")
tester

# %% [markdown]
# `print` gives an answer as text, for a ticket or a chat. Compare it with the one above: `shop/api` has
# the rule that `shop/web` should have, a `namespaceSelector` beside the `podSelector`.

# %%
print(ns.why(shop, "shop/api -> kube-system/coredns:53/UDP"))

# %% [markdown]
# ## Load your own cluster
#
# With read access to a cluster, write a dump. It holds no Secrets and no ConfigMaps, but it holds pods with
# their environment variables: keep it where only you can read it.
#
# ```sh
# kubectl get ns,no,po,svc,endpointslices,netpol,deploy,rs,sts,ds,jobs,cj -A -o json > dump.json
# ```
#
# Then load it: `mine = ns.load("dump.json")`. A folder with manifests works too. If the API server
# would refuse something in it, you get all problems at once, each with file and line;
# `ns.load(path, strict=False)` leaves those objects out and lists them.

# %% [markdown]
# A cluster shows what was found, and what was left out. The shop looks like this.

# %%
shop

# %% [markdown]
# A name that does not exist is no crash but a hint. This one is **broken on purpose**.

# %% tags=["raises-exception"]
ns.why(shop, "shop/wbe -> kube-system/coredns:53/UDP")

# %% [markdown]
# ## Where to go next
#
# | notebook | what you can tell afterwards | minutes |
# |---|---|---|
# | [02 Isolation is a switch](02-isolation-is-a-switch.ipynb) | which pods a policy isolates, in which direction, and what the server fills in | 20 |
# | [Why is it blocked?](../audit/why-is-it-blocked.ipynb) | for your own cluster: which field blocks a connection, and what opens it | 10 |
#
# Lessons have a fixed order of sections. First you bet, then you try. A wrong bet is worth more than
# no bet.

# %% [markdown]
# ## Is everything in place?
#
# The cell shows the versions of what the lessons use. If it runs without an error, everything is in
# place. If the widget above does not show, restart JupyterLab and reload the page.

# %% tags=["nbval-ignore-output"]
ns.environment()

# %% [markdown]
# ## Five words
#
# | word | means |
# |---|---|
# | **isolated** | a policy selects the pod and has this direction in its `policyTypes`; only what a rule allows is allowed |
# | **rule** | one entry under `egress` or `ingress`: ports and peers; it can only allow |
# | **peer** | one entry under `to` or `from`: pods, namespaces or a block of addresses |
# | **match** | a rule matches a connection if a port and a peer of it do |
# | **determining** | the rules that allow a connection, or the policies that isolate and so deny it |

# %% [markdown]
# ## Recap
#
# - A verdict has **two sides**: egress at the source, ingress at the destination.
# - Rules only **allow**. What denies is **isolation** without a matching rule.
# - The **nearest miss** names the field to look at first.
#
# Not covered here: what a real plugin does where the text is silent.
#
# Next: [02 Isolation is a switch](02-isolation-is-a-switch.ipynb).
