# %% [markdown]
# # Below the API: the lines behind a policy
#
# A NetworkPolicy is a text in etcd. What stops a packet is something else: rules on a node, or entries
# of a map in its kernel. This page shows the lines that Calico writes for one pod, each beside the YAML
# that caused it, and takes a packet through them. Nothing is changed in the cluster, and nothing leaves
# your machine.
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
# `None` means: choose for me. Then the pod is one that a policy is for, and the connection one of its own
# that Calico denies.

# %% tags=["parameters"]
dump = None  # "dump.json", a folder, or the name of a scenario
pod = None  # "shop/web"
connection = None  # "shop/web -> 10.96.0.10:53/UDP"
saved = None  # what `iptables-save -c` printed on a node, as text

# %% [markdown]
# The question as it was understood.

# %%
import nsimlib as ns

asked = ns.below_the_api(dump, pod, connection)
asked

# %% [markdown]
# ## YAML and chains, side by side
#
# At the left each policy for the pod, at the right the lines that it caused. Below them come the pod's own
# chains, `cali-fw-` for what leaves it and `cali-tw-` for what comes to it (F2.22), and the sets that lines
# name instead of pods. Look for a set with nobody in it: a rule that names one never matches.
#
# A line that allows accepts nothing. It sets the mark `0x10000` (F2.23). On a node each line has a
# comment with a hash too, which is left out here.

# %%
asked.rules

# %% [markdown]
# ## From a line to its YAML
#
# The way back: a line as you find it on a node, and what caused it, with the file and its line. A line
# that no policy caused, such as those that every pod has, gives nothing.

# %%
print(asked.line)
asked.rules.origin_of(str(asked.line))

# %% [markdown]
# ## A packet on its way
#
# Press *next*, or move the slider with the arrow keys. `+` means that all conditions of a line hold, and
# below the line they stand one by one. A Service's address is gone before the first of these lines
# (F2.19). Bet first: at which line will it end, and is that line in a chain of a policy?

# %%
ns.PacketStepper(asked.rules, asked.connection)

# %% [markdown]
# The whole walk, every line that the packet came to. A wavy line is under the first condition that does not
# hold. At the right is the mark, which is how one line tells the next what it found (F2.21).
#
# What no policy allows ends at "End of tier", in the chain of the pod: no chain of a policy has a DROP for
# it (F2.24). So whoever greps a node for the policy's name and `DROP` finds nothing.

# %%
asked.walk

# %% [markdown]
# ## Which policy dropped it?
#
# On a node every rule counts its packets. On the node of your pod, run this and put the text into `saved`
# above; pods have a network namespace of their own and see no rules (E67).
#
# ```sh
# iptables-save -c > saved.txt
# ```
#
# Until then the example is what our own rules count after three packets. These of its lines counted
# any; on a node you would see them among all others.

# %%
text = saved or asked.counters
print(ns.lines_met(text))

# %% [markdown]
# The rules that dropped, with the pod and the policies behind them: those that the same tier asked
# before, and that all let the packet go by.

# %%
ns.which_policy_dropped(text, asked.cluster)

# %% [markdown]
# ## The same YAML under Flannel
#
# Flannel alone enforces nothing. The API server takes the policies all the same, without a warning
# (F4.1).

# %%
ns.datapath("flannel", asked.cluster, asked.pod)

# %% [markdown]
# ## The same YAML under Cilium
#
# There are no chains. Every pod has a map; a key of it is a direction, the number of an identity, and a port. The
# numbers stand for pods with the same labels, or for a block of addresses (F3.14).

# %%
ns.policy_map(asked.cluster, asked.pod)

# %% [markdown]
# A packet is looked up twice, for its own identity and for anybody; one entry decides (F3.39). Where there is
# none, and the direction is enforced, it is dropped.

# %%
ns.datapath("cilium", asked.cluster, asked.pod).walk(asked.connection)

# %% [markdown]
# ## A chain that does not exist
#
# Texts about NetworkPolicy like to print rules such as these. **Wrong on purpose**: no plugin writes them.

# %%
print(ns.invented_chain(5432))

# %% [markdown]
# Beside them, what a node with Calico has. The example is the shop without `db-ingress`: *batch* may go
# to the database, and the database lets nobody in.

# %%
shop = ns.scenario("shop").without("data/db-ingress")
batch = "data/batch-58c6d9f7b4-x5dwv"
real = ns.datapath("calico", shop, batch)
ns.beside_the_true_lines(real, f"{batch} -> data/db:5432/TCP")

# %% [markdown]
# The names are more than a matter of taste: nobody finds `cali_EGRESS-` on a node (E32). And the ACCEPT is
# worse. Here is the packet in the invented chain: it is let through.

# %%
true = real.walk(f"{batch} -> data/db:5432/TCP")
true.through(ns.invented_chain(5432))

# %% [markdown]
# On a real node the egress policy only sets a mark. So the packet goes on to the chain of the database,
# on the same node, and ends there (E33). It is dropped in silence, not rejected: that is a setting of the
# whole node, and DROP is the default (E35, F2.13).

# %%
true

# %% [markdown]
# ## Recap
#
# - **Policies mark, the node accepts**: once, at the end of FORWARD, when both pods had their say.
# - **The drop is in the pod's chain**, at the end of the tier; the policies behind it are those asked before.
# - **Sets and identities stand for pods.** A selector that matches nobody is an empty set, or no key at all.
#
# Not covered here: what nftables and eBPF make of the same policies, and rules for the hosts themselves.
