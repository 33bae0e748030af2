"""Shallow alignment: closed-form feature maps and their classifiers."""
