"""Test-time streams: a source model meets target batches once, predicts each, then learns from it."""
