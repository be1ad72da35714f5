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
