# %% [markdown]
# # Names and time
#
# A policy is about addresses; an application knows a name. Between the two stand records with a TTL, a
# cache in the cluster, perhaps one in the application, and a pool of connections. Most outages that look
# like "the policy broke it" happen there. Here nine of them are played on one clock, second by second.
#
# Nothing is random without a seed, and nothing waits: the same cell always gives the same result.

# %% tags=["parameters"]
cni = "calico"  # "cilium", "antrea", ...
dump = None  # "dump.json", a folder, or the name of a scenario: for the part about drift
recording = None  # "answers.txt": what dig said, with times

# %%
import nsimlib as ns

# %% [markdown]
# ## One failover, looked at closely
#
# The writer of an Aurora cluster fails at 20 s. At 30 s its name leads to a replica in another subnet
# (F5.24, F5.27). A NetworkPolicy allows the subnet in which the database was, and no other.
#
# Read the lanes from top to bottom: what the name has; what CoreDNS believes, for 5 s at least (F5.18);
# what policy allows; who is connected to what. A **gap** is an address of the name that is not allowed. An
# **exposure** is one that is allowed still, though the name has left it.

# %%
failover = ns.play("aurora-failover", cni="calico", policies="one-subnet")
failover

# %%
print(failover)

# %% [markdown]
# Ten of these seconds are the database's own: nobody answers. The rest is the policy. The same moment,
# half a minute later, in words:

# %%
failover.at(60)

# %% [markdown]
# ## Which setting would have prevented it?
#
# Each change is played; none is guessed. *outage* is the time in which the application failed, *exposed*
# the time in which something was allowed that the name had no more.

# %%
ns.cures("aurora-failover", cni="calico", policies="one-subnet")

# %% [markdown]
# All subnets of the subnet group bring it down to what the failover itself takes (F5.25). A controller
# that chases the name does so with five seconds more, and gives the old address back soon. A JVM that
# keeps names for ever is as bad as the policy (F5.20).
#
# ## Move through it yourself
#
# Choose a scene, an enforcer and its policies, and pull the slider.

# %%
scrubber = ns.PlayScrubber("aurora-failover", cni="cilium")
scrubber

# %% [markdown]
# At 40 s Cilium allows both addresses: the agent heard the new one when somebody looked the name up again,
# and keeps the old one, which shares its name with an address that is in use (F3.24, F3.31).

# %%
scrubber.time.value = 40
scrubber.moment

# %% [markdown]
# ## Nine traps
#
# **DNS is egress too.** The first policy of a pod forgets DNS. Twenty seconds of silence for each look-up
# with glibc, five with musl, and an error that says nothing of policy (F1.9, F5.10, F5.11).

# %%
ns.play("dns-trap", cni=cni)

# %%
ns.cures("dns-trap", cni=cni)

# %% [markdown]
# **The resolver moves to the node.** With NodeLocal DNSCache the question ends on the pod's own node, and a
# rule that selects the pods of kube-dns matches nothing any more (F5.5). What cures it with one enforcer
# does nothing with another: to Cilium a block never means a node (F3.14).

# %%
ns.play("nodelocal-trap", cni=cni)

# %%
ns.cures("nodelocal-trap", cni="calico")

# %%
ns.cures("nodelocal-trap", cni="cilium")

# %% [markdown]
# **The fleet outgrows a datagram.** UDP 53 alone is enough until an answer is truncated. Then glibc waits
# over two minutes for a TCP connection, whatever its timeout says (F5.15, F5.16).

# %%
ns.play("truncation", cni=cni)

# %% [markdown]
# **Nobody hears the answer.** A rule by name works only where DNS passes the proxy. Without any DNS rule
# nothing is resolved; with a plain one the name is resolved and the connection is denied: two mistakes
# with two symptoms (F3.21, F3.22).

# %%
ns.play("fqdn-without-proxy", cni="cilium")

# %%
ns.cures("fqdn-without-proxy", cni="cilium")

# %% [markdown]
# **Policy forgets first.** A JVM told to keep names for ever outlives what the agent remembers. With a TTL
# of 5 s the address is allowed for ten minutes, as nobody looks more often, and then it is denied, though
# nothing changed (F3.31, F5.20).

# %%
ns.play("ttl-drop", cni="cilium")

# %%
ns.cures("ttl-drop", cni="cilium")

# %% [markdown]
# **Two regions.** A weighted name leads to one region in one minute and to the other in the next; the
# policy knows one (F5.31).

# %%
ns.play("weighted-multi-region", cni=cni)

# %% [markdown]
# **Connected, and to the wrong one.** The old writer is back as a replica before its name has moved. The
# pool holds a connection that works and refuses to write. No policy is to blame, and no TTL helps (F5.21).

# %%
ns.play("stale-pool", cni=cni)

# %%
ns.cures("stale-pool", cni=cni)

# %% [markdown]
# **Chasing a name.** A controller that polls every minute is late by up to a minute, and keeps the old
# address for its grace (F1.28).

# %%
ns.play("reconcile-windows", cni=cni)

# %% [markdown]
# ## The two windows of a controller
#
# *missing*: the new address is denied. *stale*: the old one is allowed. *cut*: a client believes the old one
# still, and is denied it. All in seconds, at worst. Below the TTL a shorter interval buys nothing, as the
# controller's own resolver gives the old answer until then; above it, it is the interval that counts.

# %%
ns.window_table([5, 30, 60], [5, 30, 60], grace=60, apply_seconds=2)

# %% [markdown]
# The grace is the price: without it, clients that were told the old address are cut off; with it, somebody
# else's machine may stand behind an address that is allowed. For one name, with a JVM that believes for
# 30 s beyond the TTL:

# %%
target = ns.Target.of("shop/orders", {"app": "api"}, ["db.example"], "5432/TCP", grace=60)
ns.windows(ns.Controller(target, interval=30, apply_seconds=2), ttl=5, client_cache=30)

# %% [markdown]
# The controller is a function, and runs outside of simulations too. `nsim reconcile orders.yaml --name …`
# asks the resolver of the machine and keeps a NetworkPolicy in that file, always whole.
#
# ## What one `*` means
#
# Five dialects write the same pattern, and mean different names by it (F1.64, F2.12, F3.25, F4.19).

# %%
ns.pattern_table("*.rds.amazonaws.com")

# %% [markdown]
# The names of one Aurora cluster, against the pattern that covers all four shapes in Cilium (F5.29):

# %%
account = "abc123def456.us-east-1.rds.amazonaws.com"
ns.pattern_table(
    f"*.*{account}",
    [
        f"orders.cluster-{account}",
        f"orders.cluster-ro-{account}",
        f"reports.cluster-custom-{account}",
        f"orders-1.{account}",
    ],
)

# %% [markdown]
# ## Drift: your CIDRs against what DNS says
#
# The example: the shop allows both subnets of its database, and a recording of its name shows a third one
# (F5.25). For your own, name a dump and a recording at the top of this page, or set `NSIM_DUMP` and
# `NSIM_ANSWERS`. Record what the pods' resolver says, for some days:
#
# ```sh
# while sleep 60; do
#   date -u +'; %Y-%m-%dT%H:%M:%SZ'
#   dig +noall +answer db.example A db.example AAAA
# done >> answers.txt
# ```

# %%
cluster = ns.load_input(dump)
ns.drift(cluster, ns.load_answers(recording))

# %% [markdown]
# The same in a pipeline, with exit code 1 where something drifts: `nsim drift dump.json --answers answers.txt`.
# `--ask NAME` asks a resolver now.
