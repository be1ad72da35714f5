# %% [markdown]
# # One YAML, every enforcer
#
# A NetworkPolicy is a text; a plugin decides what comes of it. This page shows for your cluster which
# connections depend on the plugin, and on which of its answers. Nothing is changed in the cluster, and
# nothing leaves your machine.
#
# It starts with a small invented cluster. For your own, write a dump and name it in the next cell, or
# set `NSIM_DUMP` before you start JupyterLab.
#
# ```sh
# kubectl get ns,no,po,svc,endpointslices,netpol,ds -A -o json > dump.json
# kubectl get networkpolicies.crd.projectcalico.org,ciliumnetworkpolicies -A -o json > more.json
# ```

# %% [markdown]
# ## The question
#
# `None` means the example. The other enforcers are held against the first.

# %% tags=["parameters"]
dump = None  # "dump.json", a folder, or the name of a scenario
cnis = ["calico", "cilium", "flannel", "weave", "aws-vpc-cni"]  # also kube-router, antrea, spec
connection = None  # "shop/by-range -> shop/api:8080/TCP"

# %%
import nsimlib as ns

cluster = ns.load_input(dump, "enforcers-part")
cluster

# %% [markdown]
# ## Which enforcer is it?
#
# Guessed from what runs in the cluster and from the kinds it holds. A guess is shown with its
# evidence; where there is none, say which enforcer it is.

# %%
ns.guess(cluster)

# %% [markdown]
# ## What enforcers promise
#
# The rows are X1 to X18 of the fact register. A question mark stands where nobody wrote it down and no
# code was read: a verdict that hangs on it is *undetermined*, and says so.

# %%
ns.profile_table(*cnis)

# %% [markdown]
# ## Where they part
#
# All pods, all ports, and the world outside. Each group below differs for one reason. The reason is
# found by trying: the first enforcer is given the other's answer to one question at a time, until it
# says what the other says.

# %%
parted = ns.compare(cluster, cnis=cnis)
parted

# %% [markdown]
# ## Side by side
#
# Two enforcers as heat maps, on one port; a ring marks what differs.

# %%
ns.matrices(cluster, "8080/TCP", cnis=cnis[:2])

# %% [markdown]
# ## One connection
#
# The one that you named, else the first on which they part.

# %%
ns.compare(cluster, connection or parted.example, cnis=cnis)

# %% [markdown]
# ## The Service trap
#
# In the example a policy allows an `ipBlock` that names the address of a Service, with the Service's port
# 80. Most enforcers look at a packet when that address is gone: they see the pod behind it, on port
# 8080, and the rule never matches. The agent of the AWS VPC CNI sees what the client asked for (X3).

# %%
example = ns.scenario("enforcers-part")
trap = "shop/by-cluster-ip -> shop/service/api:80/TCP"
ns.compare(example, trap, cnis=["calico", "aws-vpc-cni", "spec"])

# %% [markdown]
# The whole reason, from the bare Kubernetes text, which leaves the question open.

# %%
ns.why(example, trap)

# %% [markdown]
# ## The name trap
#
# `by-domain` may reach its database by name. Cilium learns the address from the DNS answers that its
# proxy sees (F3.21); to an enforcer that does not read this kind of policy, the pod is not isolated.

# %%
name = "orders.abc123.eu-central-1.rds.amazonaws.com"
ns.compare(example, f"shop/by-domain -> {name}:5432/TCP", cnis=["cilium", "calico"])

# %%
ns.why(example, f"shop/by-domain -> {name}:5432/TCP", cni="cilium")
