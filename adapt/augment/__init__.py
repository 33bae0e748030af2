"""Augmentation: random views of batches, drawn on the device."""
