# %% [markdown]
# # Audit a cluster: findings that can be defended
#
# Somebody wants to know whether the policies of a cluster hold what they promise. This page finds what is
# wrong or weak, shows a connection for each finding, tries a patch on a copy, and writes the reports to hand over.
# Nothing is changed in the cluster, and nothing leaves your machine.
#
# It starts with the shop, an invented cluster. For your own, write a dump and name it in the next
# cell, or set `NSIM_DUMP` before you start JupyterLab.
#
# ```sh
# kubectl get ns,no,po,svc,endpointslices,netpol,deploy,rs,sts,ds,jobs,cj -A -o json > dump.json
# ```

# %% [markdown]
# ## The input
#
# `None` means: choose for me. Then the input is `NSIM_DUMP` or the shop, and the enforcer the one that the
# dump suggests.

# %% tags=["parameters"]
dump = None  # "dump.json", a folder, or the name of a scenario
cni = None  # "calico", "cilium", ...: whoever enforces
baseline = None  # a file of findings that somebody accepts already

# %% [markdown]
# First look at what is *not* in the picture. Objects that the API server would refuse are listed with file and
# line, and kinds that are not modelled are counted: a policy of another kind can change every answer below.

# %%
import nsimlib as ns

cluster = ns.load_input(dump)
cluster

# %% [markdown]
# ## Who is covered at all
#
# Who is not isolated may open, or accept, every connection (F1.9). Pods on their node's network are counted
# apart, for no policy selects them (F1.27).

# %%
ns.coverage(cluster)

# %% [markdown]
# ## What is exposed
#
# What pods may open to public addresses that no place of the inventory names.

# %%
reach = ns.reachability(cluster)
reach.exposed_to("internet")

# %% [markdown]
# Who may ask the metadata service, which hands out the credentials of the node (F6.3).

# %%
sources = list(map(str, reach.sources_of("169.254.169.254:80/TCP")))
print(f"{len(sources)} of {len(cluster.workloads)} workloads:", *sources[:10], sep="\n  ")

# %% [markdown]
# ## Findings
#
# One row for each root cause, the worst first; what only follows from another finding is with that one.
# **Severity** says how bad it is if it is so, **confidence** how sure that is.

# %%
audit = ns.audit(cluster, cni=cni or "auto", baseline=baseline)
audit

# %% [markdown]
# ## Evidence
#
# Choose a finding. Below the list stand its places, why it matters, a connection with its verdict now and after
# the patch, and the patch with your own formatting kept. It was tried on a copy before it is shown.
#
# 1. Set *at least* to `high`. Which of these would you mend today?
# 2. Open *The witness now* of one of them. Which line of which file decides?

# %%
ns.FindingsBrowser(audit)

# %% [markdown]
# ## What could not be asked
#
# Data that is missing is no violation. These are questions, and rules that were not asked, with what they lack.

# %%
audit.missing()

# %% [markdown]
# ## To hand over
#
# For a pull request, at most 60 lines:

# %%
print(audit.to_markdown())

# %% [markdown]
# For code hosts SARIF, which they show beside the lines; for pipelines JUnit; for people one page of HTML, to keep or
# to print. On the command line it is `nsim audit dump.json --format sarif -o audit.sarif`.

# %%
import tempfile
from pathlib import Path

reports = Path(tempfile.mkdtemp())
(reports / "audit.sarif").write_text(audit.to_sarif(), encoding="utf-8")
(reports / "audit.xml").write_text(audit.to_junit(), encoding="utf-8")
(reports / "audit.html").write_text(ns.audit_page(audit), encoding="utf-8")
len(list(reports.iterdir()))

# %% [markdown]
# ## What somebody accepts
#
# A baseline accepts what is found now, with a reason and a last day, so that only new findings fail a pull request.
# One finding is accepted at the object itself: `nsimlib.io/ignore: "NSIM-C401=reason;until=2027-06-30;owner=data-team"`.

# %%
from datetime import date

accepted = audit.to_baseline("known before the review", owner="platform", until="2027-06-30")
ns.audit(cluster, cni=cni or "auto", baseline=accepted, today=date(2027, 6, 30)).summary

# %% [markdown]
# A day later nothing is accepted any more.

# %%
ns.audit(cluster, cni=cni or "auto", baseline=accepted, today=date(2027, 7, 1)).summary

# %% [markdown]
# ## Evidence for controls
#
# What the findings say on controls that auditors ask for. A row supports a control or speaks against it. Whether a
# control is fulfilled, no tool can say.

# %%
audit.compliance()

# %% [markdown]
# ## To ask somebody else
#
# A dump tells names, addresses and labels. `redact` gives each a pseudonym; every verdict stays the same, so that others can
# look for themselves. Keep the key: with it the next dump gets the same pseudonyms.

# %%
shown = ns.redact(cluster, key="a secret of yours")
print(f"{len(shown.legend)} pseudonyms", *shown.notes, sep="\n")
shown.cluster

# %% [markdown]
# ## Recap
#
# - **A finding is a root cause** with places, a connection to ask about, and a patch that was tried.
# - **Missing data is a question**, and never a violation.
# - **Accepting needs a reason and a last day.** What is over is found again.
#
# Not covered here: what happens over time, such as names that get other addresses. For that see
# [Names and time](names-and-time.ipynb); for one connection see [Why is it blocked?](why-is-it-blocked.ipynb).
