"""Losses: arrays to arrays."""
