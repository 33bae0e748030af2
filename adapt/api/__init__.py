"""The Python face: everything a command can do, from arrays and objects.

Stable: what `adapt.__all__` lists keeps its name, arguments and meaning within a major version; new
arguments have defaults that change nothing.
"""
