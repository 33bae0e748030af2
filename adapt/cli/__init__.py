"""The terminal face: flags, progress and exit codes."""

from adapt.cli.main import benchmark, parsed

__all__ = ["benchmark", "parsed"]
