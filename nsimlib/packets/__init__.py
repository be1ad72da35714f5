"""Real packets: pods are network namespaces, and the kernel gives the verdict.

Needs Linux and no privilege. Read in this order: `helper` (the process that owns the namespaces,
`labd`), `addressing` and `topology` (a cluster → a plan of namespaces and links), `grants` (what
policies allow), `engines` and those there are: `nftables`, `calico`, `fqdn` (policies → rules in
the kernel; for rules by name also `name_rules`, `nameserver`, `learner` and `real_time`), `oracle`
(the sets that know what became of a packet), `boundaries` and `probes` (what is asked),
`verification` (the kernel's verdict beside the model's), `hosts` and `lab` (all of it in one
object), `checking` (what this machine allows), `scenes` (what a client sees).
"""
