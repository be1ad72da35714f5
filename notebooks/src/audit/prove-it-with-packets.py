# %% [markdown]
# # Prove it with packets
#
# So far a model said what a policy does. Here the kernel says it. The pods of a cluster become network
# namespaces of this machine, the policies become nftables rules, packets are sent, and the kernel's verdict
# stands beside the model's. No cluster, no root, and no packet leaves the namespaces.
#
# It starts with the shop. For your own, write a dump and name it in the next cell, or set `NSIM_DUMP`
# before you start JupyterLab.

# %% [markdown]
# ## The question
#
# `None` means the shop.

# %% tags=["parameters"]
dump = None  # "dump.json", a folder, or the name of a scenario
ports = ["53/UDP", "5432/TCP", "8080/TCP"]

# %%
import nsimlib as ns

cluster = ns.load_input(dump)
cluster

# %% [markdown]
# ## What this machine allows
#
# The lab needs Linux, user namespaces and `nft`. Where a step fails, the line says what to try. The rest of
# this page then says the same and shows nothing more.

# %% tags=["nbval-ignore-output"]
machine = ns.lab_check()
machine

# %% [markdown]
# ## Kernel against model
#
# Every pod asks every other pod, the nodes, and addresses outside: those at the edges of each block that
# a rule names, on both sides of the edge. A packet that a rule lets through is in two sets of the kernel, one
# before and one after the policy; a packet that is dropped is in the first alone. Nothing waits for a
# timeout.

# %% tags=["nbval-ignore-output"]
proof = ns.verify(cluster, ports=ports)
proof

# %% [markdown]
# No row may differ. What the model leaves open, because a fact is missing in the Kubernetes text, the
# kernel decides somehow; such rows are counted apart.

# %%
assert not proof.differences

# %% [markdown]
# ## The same with Calico's rules
#
# The rules above were written for this kit. Calico writes others: chains for each pod and each policy, and
# ipsets for selectors. `engine="calico"` loads those, as its agent Felix does, by `ipset restore` and
# `iptables-restore`; the model is asked under the profile `calico`. Calico's own kinds, with tiers, order,
# `Pass` and `Deny`, are enforced here and nowhere else on this page.

# %% tags=["nbval-ignore-output"]
calico = ns.verify(cluster, ports=ports, engine="calico")
calico

# %% [markdown]
# Calico settles what the text leaves open, so no row is left open.

# %%
assert not calico.differences

# %% [markdown]
# ## Would a difference show?
#
# A comparison that always agrees proves nothing. So the model is asked the wrong question: what Cilium would do,
# while the kernel has the rules of the Kubernetes text. To Cilium a block of addresses never means a pod or a
# node (F3.14), and a pod needs a rule to reach its own node (F3.20).

# %% tags=["nbval-ignore-output"]
wrong = ns.verify(cluster, ports=ports, cni="cilium")
wrong

# %% [markdown]
# Each row that differs comes with the model's verdict and its reasons. Here is that of the first, if there is one.

# %% tags=["nbval-ignore-output"]
wrong.example

# %% [markdown]
# ## One packet from close by
#
# `capture` opens one connection, here in the shop, and keeps every frame that its pod sends and
# receives. The first that carries something of the application's is then taken apart, layer by layer.

# %% tags=["nbval-ignore-output"]
seen = ns.capture(ns.scenario("shop"), "shop/web -> 203.0.113.7:443/TCP")
seen

# %% tags=["nbval-ignore-output"]
seen.with_payload

# %%
assert seen.with_payload.payload == b"What is the answer?"

# %% [markdown]
# ## Main points
#
# - The kernel's verdict is read from sets before and after the policy; no timeout is taken for a denial.
# - `engine="nftables"` reads policies as the Kubernetes text says, `engine="calico"` as Calico writes them, and
#   `engine="fqdn"` knows rules by name: see `help(ns.Lab)`.
# - A packet that was never sent is an error of the lab and no verdict.
# - Where no lab runs, the page says which step failed and what to try, and shows what was recorded.
