"""Full description of one entry.

It has its paper, its needs, common mistakes of others, and its flags.
"""

import importlib.util
import json
import sys
from typing import Any, NamedTuple

from adapt import catalogue, extras
from adapt.catalogue import Parameter
from adapt.cli import kinds, text
from adapt.cli.kinds import KINDS, Kind

_READS = {
  "source": "labelled source examples",
  "target": "target examples without labels",
  "labelled": "a few labelled target examples (--shots)",
  "all_labelled": "every target example with its label",
}
_RELATIONS = {
  "closed": "the same on both sides",
  "partial": "the target lacks some",
  "open": "the target has unknown ones",
  "universal": "both sides have classes of their own",
}


class Flag(NamedTuple):
  """A parameter of an entry as a flag."""

  flag: str
  kind: str  # float, int, bool or str
  default: Any
  meaning: str


def page(kind: Kind, name: str) -> str:
  """Format an entry's full description for the terminal width."""
  doc = kinds.doc(kind, name)
  same = doc.title == doc.summary.rstrip(".")
  parts = [text.paragraph(f"{name}: {doc.summary if same else doc.title}")]
  parts += [] if same else [text.paragraph(doc.summary)]
  parts.append(text.pairs([(n.replace("_", " "), v) for n, v in facts(kind, name).items() if v]))
  # An equation keeps its lines: words are folded, symbols are not.
  parts += [note if kinds.is_equation(note) else text.paragraph(note) for note in doc.notes]
  if found := flags(kind, name):
    rows = [(_typed(f), f"{f.meaning} (default: {_shown(f.default)})".strip()) for f in found]
    parts.append(f"flags\n{text.pairs(rows)}")
  parts.append(f"use it\n{text.command(example(kind, name))}")
  return "\n\n".join(parts)


def as_json(kind: Kind, name: str) -> str:
  """Return an entry's full description as JSON."""
  doc = kinds.doc(kind, name)
  content = {**doc._asdict(), "kind": kind.entry, **facts(kind, name)}
  if kind.command == "methods":
    content |= traits(name)
  content["notes"] = [" ".join(note.split()) for note in doc.notes]
  content["flags"] = [flag._asdict() for flag in flags(kind, name)]
  content["example"] = example(kind, name)
  return json.dumps(content, indent=1, ensure_ascii=False)


def facts(kind: Kind, name: str) -> dict[str, str]:
  """Return the facts of an entry in display order.

  They are what is to be known before it is used.
  """
  doc = kinds.doc(kind, name)
  found = {"paper": doc.paper, "family": doc.family if kind.families else ""}
  own = {"methods": _method, "weights": _weighting, "tunings": _tuning, "models": _model}
  if kind.command in own:
    found |= own[kind.command](name)
  elif kind.command == "validators":
    found |= _validator(name)
  return found


def traits(name: str) -> dict[str, Any]:
  """Return a method's declared traits as JSON-compatible values."""
  from adapt import methods

  method = methods.traits(name)
  return {
    "reads": list(method.reads),
    "starts": method.starts,
    "classes": list(method.serves),
    "source_domains": method.sources,
    "private": method.by_example,
  }


def _validator(name: str) -> dict[str, str]:
  from adapt import validators

  alone = name == validators.LEFT_OUT or (
    name != validators.REVERSE and validators.made(validators.get(name)).reads == ("source",)
  )
  costs = {
    validators.REVERSE: "a second training of each run",
    validators.LEFT_OUT: "a further training of each run for every source",
  }
  reads = "source labels and target inputs: no target label"
  return {
    "reads": "source examples alone, so that it serves unseen targets" if alone else reads,
    **({"costs": costs[name]} if name in costs else {}),
  }


def _method(name: str) -> dict[str, str]:
  from adapt import methods
  from adapt.cli import overview

  method = methods.traits(name)
  fresh = "a fresh network, or the source model with --start source"
  source = "the source model: source_only with the same seed, trained before"
  many = f"{method.sources} or more" if method.sources > 1 else "one or more"
  return {
    "setting": overview.setting(method),
    "reads": ", ".join(_READS.get(r, r) for r in method.reads),
    "starts": source if method.starts == "source" else fresh,
    "classes": ", ".join(f"{r} ({_RELATIONS[r]})" for r in method.serves),
    "source_domains": many,
    "private": "can train with --dp" if method.by_example else "",
  }


def _weighting(name: str) -> dict[str, str]:
  weighting = catalogue.get(KINDS["weights"].package, name)
  needs = getattr(sys.modules[weighting.__module__], "NEEDS", ())
  missing = [n for n in needs if importlib.util.find_spec(n) is None]
  how = f" (not installed: {extras.install('weights')})" if missing else ""
  return {
    "reads": "source inputs and labels, target inputs; once, before training",
    "needs": ", ".join(n.replace("sklearn", "scikit-learn") for n in needs) + how,
  }


def _tuning(name: str) -> dict[str, str]:
  from adapt import tuning

  found = tuning.get(name)()
  reads = " or ".join(_READS.get(r, r) for r in found.reads)
  return {
    "starts": "the source model" if found.needs_start else "any start",
    "needs": f"a method that reads {reads}" if reads else "",
  }


def _model(name: str) -> dict[str, str]:
  from adapt import models

  if not models.has_backbone(name):
    return {"starts": "at random, or from a source model of ours"}
  from adapt.models.backbones import BACKBONES

  backbone = BACKBONES[name]
  package = f", in the package {backbone.package}" if backbone.package else ""
  return {
    "published_weights": f"{backbone.published}{package}: --pretrained {name}, or of a file",
    "images": f"published for {backbone.side} pixels: --image-size" if backbone.side else "",
  }


def flags(kind: Kind, name: str) -> list[Flag]:
  """The flags of an entry's parameters."""
  if kind.prefix is None:
    return []
  found = catalogue.parameters(catalogue.get(kind.package, name))
  return [Flag(_flag(kind.prefix, p), p.kind.__name__, p.default, p.meaning) for p in found]


def _flag(prefix: str, parameter: Parameter) -> str:
  return f"--{prefix}{parameter.name.replace('_', '-')}"


def _typed(flag: Flag) -> str:
  return flag.flag.replace("--", "--[no-]", 1) if flag.kind == "bool" else flag.flag


def _shown(default: Any) -> str:
  """Format a default as typed on the command line."""
  if isinstance(default, bool):
    return "on" if default else "off"
  return "none" if default in (None, "") else str(default)


def example(kind: Kind, name: str) -> str:
  """A command that uses the entry."""
  own = f"{kind.flag} {name}"
  if kind.command == "methods":
    from adapt import methods

    method = methods.traits(name)
    own += " --shots 5" if "labelled" in method.reads else ""
    sources = "--source A B --target C" if method.sources > 1 else "--source A --target B"
    return f"adapt run {sources} {own}"
  if kind.command == "tunings":
    own = f"--method fine_tune --shots 5 {own}"
  else:
    own = f"--method dann {own}"
  return f"adapt run --source A --target B {own}"
