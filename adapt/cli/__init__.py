"""Command line: flags, progress and exit codes."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
  from adapt.cli.main import benchmark, parsed

__all__ = ["benchmark", "parsed"]


def __getattr__(name: str) -> Any:
  if name not in __all__:  # imported when used: what only lists or helps starts without jax
    raise AttributeError(f"module 'adapt.cli' has no attribute '{name}'")
  from adapt.cli import main

  return getattr(main, name)
