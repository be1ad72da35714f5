# %% [markdown]
# # Why is it blocked, and what would open it?
#
# One connection does not work. This page finds the field that blocks it, shows what else is reachable,
# and tries a repair on a copy. Nothing is changed in the cluster, and nothing leaves your machine.
#
# It starts with the shop, an invented cluster. For your own, write a dump and name it in the next
# cell, or set `NSIM_DUMP` before you start JupyterLab.
#
# ```sh
# kubectl get ns,no,po,svc,endpointslices,netpol,deploy,rs,sts,ds,jobs,cj -A -o json > dump.json
# ```

# %% [markdown]
# ## The question
#
# `None` means: choose for me. Then the input is `NSIM_DUMP` or the shop, and the connection is one that
# is denied there.

# %% tags=["parameters"]
dump = None  # "dump.json", a folder, or the name of a scenario
connection = None  # "shop/web -> kube-system/coredns:53/UDP"
place = None  # a sensitive place: "169.254.169.254:80/TCP"
candidate = None  # a policy to try: "repair.yaml", or its text

# %% [markdown]
# The question as it was understood.

# %%
import nsimlib as ns

asked = ns.inquiry(dump, connection, place, candidate)
asked

# %% [markdown]
# ## What was read
#
# First look at what is *not* in the picture. Objects that the API server would refuse are left out
# and listed with file and line. Kinds that are not modelled are counted: a policy of another kind
# among them can change every answer below.

# %%
asked.cluster

# %% [markdown]
# ## Why
#
# Both ends are judged. `-` marks what does not match. If there is a "nearest miss", only the place it
# names keeps the rule from matching; start there.

# %%
asked.verdict

# %% [markdown]
# ## What would open it
#
# One policy for each end that is closed, as narrow as possible: the pods by their labels, one peer, one
# port. If you named a candidate above, it is shown here instead.

# %%
print(asked.proposal)

# %% [markdown]
# Tried on a copy of the cluster. Read this as the answer to "what if", not as a recommendation: a
# correction of the rule that was meant is often better than one more policy.

# %%
ns.why(asked.after, asked.connection)

# %% [markdown]
# ## Coverage
#
# Who is not isolated may open, or accept, every connection (F1.9). Pods on their node's network are
# counted apart, for no policy selects them (F1.27).

# %%
ns.coverage(asked.cluster)

# %% [markdown]
# Per policy: how many pods it selects, and what it isolates. A policy that selects no pod does nothing.
# "filled in" marks a `policyTypes` that was left out (F1.10).

# %%
ns.policy_table(asked.cluster)

# %% [markdown]
# ## Who may reach whom
#
# All workloads, and the world outside, on the port of the question. Each row may open connections to
# the columns marked `+`; `~` means some of the pods, `?` that a fact is missing.

# %%
asked.reach.matrix(asked.port)

# %% [markdown]
# The same as a picture. Ends that are alike share a box.

# %%
ns.picture(asked.reach, asked.port)

# %% [markdown]
# ## Who can reach a sensitive place
#
# By default this is the metadata service of the large clouds, which hands out the credentials of the
# node (F6.3). Every workload in the list may open a connection to it.

# %%
asked.sources

# %% [markdown]
# ## If this pod were stolen
#
# A thief in the pod that asks goes from pod to pod, wherever policies let her. The table has one row for
# each end that she could reach, in how many hops, and the connection that opened it.

# %%
asked.spread

# %% [markdown]
# Any question about graphs can be put to networkx itself. Here: into how many groups do pods and ranges
# outside fall, if those that can reach one another are one group?

# %%
import networkx as nx

nx.number_strongly_connected_components(asked.reach.pod_graph())

# %% [markdown]
# ## What the repair changes
#
# A good repair changes what you asked for and nothing else. These are all cells of the matrix that
# are different after the proposal.

# %%
asked.changes

# %% [markdown]
# ## Recap
#
# - **Why**: the first lines of the verdict name the policies that isolate, the **nearest miss** the field.
# - **What if**: policies are tried on a copy; the input is never changed.
# - **What else**: coverage, matrix and sensitive places show what the question did not ask.
#
# Not covered here: what your plugin does where the Kubernetes text is silent, and policies of kinds
# that are listed as not modelled.
