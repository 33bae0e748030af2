"""Training loop: takes arrays, returns trained arrays.

It knows no record, suite or flag.
"""
