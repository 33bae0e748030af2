"""Training: arrays in, trained arrays out; knows no record, suite or flag."""
