# %% [markdown]
# # One packet, every layer: what a policy can see
#
# A policy is asked about a packet. So what it can say depends on what is in the packet, at the place where somebody
# looks. This lesson follows one connection from the name that an application has to the wire.
#
# The cluster has `web` and `orders-0` in namespace `shop`. `orders-0` is a connection pool before a database: it listens
# on 6432, and the Service `orders` before it has the port of PostgreSQL, 5432.

# %%
import nsimlib as ns

lesson = ns.lesson("one-packet")
cluster, ready = lesson.cluster, lesson.policies
lesson

# %% [markdown]
# ## Hook
#
# `web` connects to `orders` by its Service: 10.96.0.40, port 5432. The policy allows exactly that. **Broken on
# purpose.** Will the packet arrive?

# %%
by_address = {"by-service-address": ready["by-service-address"]}
ns.Map(
    cluster,
    "shop/web",
    "shop/service/orders",
    "5432/TCP",
    policies=by_address,
    on=by_address,
    cni="calico",
)

# %% [markdown]
# It will not. Whoever looks at it does not see what the pod has sent.

# %% [markdown]
# ## Predict
#
# Three bets. The first is about names.

# %%
ns.predict("one-packet/bet-1")

# %% [markdown]
# The second is about the order of things, as a well-read article has it.

# %%
ns.predict("one-packet/bet-2")

# %% [markdown]
# The third is about the packet of the hook, in words.

# %%
ns.predict("one-packet/bet-3")

# %% [markdown]
# ## Try
#
# The slider goes through the moments of the connection. Each row is something about it, with its layer. What a
# rule has no field for stands back; `-` is what nobody knows yet, or no longer.
#
# 1. From the first moment to the last: which row changes its value, and between which two moments?
# 2. At *the policy is asked*: which values are there that no packet carries?
# 3. Choose `aws-vpc-cni`. Which two moments change places?
#
# With the keyboard: Tab to the slider, arrow keys to move it.

# %%
slider = ns.LayerSlider(cluster, "shop/web", "orders.shop.svc.cluster.local", "10.96.0.40:5432/TCP")
slider

# %% [markdown]
# The same for a database outside. No Service is in between, so one moment is missing, and there are no labels.

# %%
ns.packet_layers(cluster, "shop/web", "db.example", "10.20.21.17:5432/TCP")

# %% [markdown]
# ### Settle your bets
#
# Each cell says "no bet yet" until you have chosen above.

# %%
ns.settle("one-packet/bet-1")

# %% [markdown]
# The second is lost by whoever believes the article.

# %%
ns.settle("one-packet/bet-2")

# %% [markdown]
# And the third by whoever asks the pod and not the node.

# %%
ns.settle("one-packet/bet-3")

# %% [markdown]
# ## Explain
#
# ### The name is in another packet
#
# Names are looked up by a library in the process, before it connects. The question goes to port 53 in a packet of its
# own, and DNS is an application's protocol, at layer 7 (E6, E7).

# %%
ns.fact("E7")

# %% [markdown]
# So a policy that lets `web` reach the pod behind `orders` and nothing else keeps it from the name.

# %%
by_pod = cluster.with_policies(ready["by-pod"])
ns.why(by_pod, "shop/web -> 10.96.0.10:53/UDP", cni="calico")

# %% [markdown]
# ### Layers 3 and 4, and labels
#
# The article calls NetworkPolicy a construct of layer 3. Ports and protocols are layer 4, and what a policy is mostly
# written in is at no layer at all: labels (E5).

# %%
ns.fact("E5")

# %% [markdown]
# Labels are in no packet. The enforcer keeps a list of the addresses that have them, and changes it when pods come
# and go. Where the article puts iptables, at layer 2, no rule of these looks (E8).

# %% [markdown]
# ### Where the packet is looked at
#
# On the host's side of the pod's interface (E9). Whether the Service's address has been replaced by then is up to the
# enforcer (F1.18). Calico looks afterwards, at the pod and the port of the pod:

# %%
ns.why(by_pod, "shop/web -> 10.96.0.40:5432/TCP", cni="calico")

# %% [markdown]
# A rule for the same pod with the port of the Service is for a port on which nobody listens.

# %%
on_service_port = cluster.with_policies(ready["by-pod-on-service-port"])
ns.why(on_service_port, "shop/web -> 10.96.0.40:5432/TCP", cni="calico")

# %% [markdown]
# The agent of AWS looks before (F4.29). To it the policy of the hook is right.

# %%
hook = cluster.with_policies(ready["by-service-address"])
ns.why(hook, "shop/web -> 10.96.0.40:5432/TCP", cni="aws-vpc-cni")

# %% [markdown]
# ### The first packet decides
#
# What is asked of the database comes when the connection is open, and the answers pass with it (F1.14). So a policy
# cannot tell a `SELECT` from a `DROP TABLE`: that is for the database to say. The frames themselves, byte by byte, are in
# `audit/prove-it-with-packets`.

# %% [markdown]
# ## Exercise
#
# One to sort, one to fill in. `first.hint()` gives a hint, and another each time you run it.

# %% [markdown]
# ### Which of these has a field?

# %%
first = ns.exercise("one-packet/1")
first

# %% [markdown]
# Put `"yes"` or `"no"` in place of each `None`.

# %%
attempt = {
    "the statement, such as SELECT": None,
    "the name of the host": None,
    "the port of the destination": None,
    "the port of the source": None,
    "TCP, UDP or SCTP": None,
    "the labels of the pod it goes to": None,
    "the address of a database outside": None,
    "the name of the Service": None,
    "the MAC address of the gateway": None,
    "the namespace of the pod it goes to": None,
}
first.check(attempt)

# %% tags=["solution"]
first.check(first.answer())

# %% [markdown]
# ### What the rules compare

# %%
second = ns.exercise("one-packet/2")
second

# %% [markdown]
# Put the value, in quotes, in place of each `None`.

# %%
attempt = {
    "address of the source": None,
    "address of the destination": None,
    "port of the destination": None,
    "protocol": None,
    "address of the destination with the AWS agent": None,
}
second.check(attempt)

# %% tags=["solution"]
second.check(second.answer())

# %% [markdown]
# ## Recap
#
# - The **name** is in another packet, and no field of a NetworkPolicy takes one.
# - A rule is compared with **addresses, protocol and port** of the first packet; **labels** stand for addresses.
# - **Where** the enforcer looks decides whether that is the Service or the pod behind it.
#
# Not covered here: policies at layer 7, which other kinds than NetworkPolicy have.
#
# Next: [02 isolation is a switch](02-isolation-is-a-switch.ipynb)
