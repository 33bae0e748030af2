"""Deployment: saved models, prediction and StableHLO export."""
