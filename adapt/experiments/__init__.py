"""Experiments: what to run, resolved once, and its records."""
