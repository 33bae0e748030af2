"""The named domains, a file for each kind of data. Each file has a registry, `DOMAINS`."""
