"""Egress policies toward databases: written in every dialect, explained, and tried.

Read in this order: `databases` and `database_files` (names and subnets), `goals` (what is to be
allowed, and why), `clauses` and `dialects` (how each says it), `writing` (YAML with the reasons in
it), `trials` (what it is tried with), `pattern` (all of it together), and `article` (how the
article has it, and what is wrong with that).
"""
