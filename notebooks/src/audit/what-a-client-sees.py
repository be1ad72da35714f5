# %% [markdown]
# # What a client sees
#
# A verdict says "denied". The application sees something else: silence, a refusal, an error about a name,
# or a session that answers small questions and hangs on large ones. Here it is played with real packets, by
# the kernel of this machine, glibc's own resolver, and a real PostgreSQL, in network namespaces that
# nothing leaves. No cluster, no root.
#
# Use it when an error message is all you have: find the scene in which the client saw the same.

# %% [markdown]
# ## What this machine allows
#
# Where a scene cannot be played here, it is shown as it was recorded elsewhere, and the first line of it
# says so and what to install.

# %% tags=["nbval-ignore-output"]
import nsimlib as ns

ns.lab_check()

# %% [markdown]
# ## Silence or refusal
#
# The same packet, let through, dropped, and rejected in five ways. Two lines are worth a second look. A
# connection that policy rejects looks like one that a server refuses. And a rule in the pod's own
# namespace fails at once for UDP, so a test inside the pod says nothing about a policy outside it.

# %%
ns.lab_scene("drop-or-reject")

# %% [markdown]
# ## A policy that forgets DNS
#
# The policy allows the database and nothing else. The application does not hear of a policy, it waits,
# and then hears of a temporary failure in name resolution. "As the model says" compares every question
# that reached CoreDNS with those that `ns.look_up` foretells, in their order.

# %%
dns_trap = ns.lab_scene("dns-trap")
dns_trap

# %% [markdown]
# Nobody wants to wait 20 seconds for a page. So the resolver was told to hurry, and the true number stands
# beside the measured one. Times are never compared, they are this machine's.

# %% tags=["nbval-ignore-output"]
dns_trap.measured

# %% [markdown]
# ## What a name costs
#
# Each name is looked up with the search list of a pod. A short name costs eight questions. The name of a
# database has five dots and costs two, until somebody mistypes it.

# %%
ns.lab_scene("search-list")

# %% [markdown]
# ## UDP 53 is not enough
#
# Sixty addresses do not fit into a plain datagram. glibc asks again over TCP, and where that is
# dropped, waits as long as the kernel does.

# %%
truncation = ns.lab_scene("truncation")
truncation

# %% [markdown]
# The wait in question, with the setting that made it short.

# %% tags=["nbval-ignore-output"]
truncation.measured

# %% [markdown]
# ## Policy by name
#
# A proxy on the node learns addresses from the answers that pass it. When the TTL is over, new
# connections are denied; the one that is open stays. When the name moves to another network, one look-up
# is enough, and no block had to be written.

# %%
ns.lab_scene("ttl-drop")

# %% [markdown]
# ## It connects, and hangs
#
# One link on the way takes packets of 1400 bytes. The router says so by ICMP. Where that message is lost,
# or a policy lets `established` pass and not `related`, small things work and large ones do not.

# %%
ns.lab_scene("path-mtu")

# %% [markdown]
# ## The metadata service
#
# It answers a request for a token with a hop limit of 1. The node gets the token. A pod is one hop
# further: it connects, and the answer dies on the way.

# %%
ns.lab_scene("metadata-hop-limit")

# %% [markdown]
# ## A Service is gone before policy looks
#
# Three policies that look as if they allowed `shop/api` to reach the Service `web`. kube-proxy's rules
# have put a pod's address and port into the packet before the policy sees it. The AWS agent looks before
# that, and so parts from Calico in the first row.

# %%
ns.lab_scene("service-before-policy")

# %% [markdown]
# ## Silent for too long
#
# The node tracks connections, and forgets those that say nothing. Here it takes two seconds instead of
# five days. A keepalive is cheaper than the search for this.

# %%
ns.lab_scene("idle-connection")

# %% [markdown]
# ## A database and its failover
#
# PostgreSQL twice: a writer in one subnet, a replica in another. Four clients write while the writer
# stops, its name moves, and the replica is promoted. Each phase lasts until all of them have met it.

# %%
ns.lab_scene("database")

# %% [markdown]
# ## Beside the simulation
#
# The same failover as `data/plays` has it, once simulated and once with packets. The order of what the
# application meets is the same. A second policy covers one subnet of two; a pool connects to the old
# writer after it came back as a replica.

# %%
ns.lab_scene("aurora-failover")

# %% [markdown]
# The pool holds a connection that works and refuses to write, until it replaces it.

# %%
ns.lab_scene("stale-pool")
