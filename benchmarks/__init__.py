"""Each file one suite, runnable: `python -m benchmarks.digits dann --task mnist_usps`."""
