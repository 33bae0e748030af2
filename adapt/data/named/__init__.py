"""Named domains, one file per kind of data.

Each file has a registry, `DOMAINS`.
"""
