"""Test-time streams: a model predicts each batch before it learns from it."""
