"""Evaluation: counts on the device, and the measures made from them."""
