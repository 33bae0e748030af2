"""Evaluation: counts predictions on the device and computes measures from them."""
