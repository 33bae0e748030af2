"""Check that domains can be trained on together, before compilation."""

from collections.abc import Sequence

import numpy as np

from adapt.data import multi_labels, pixel_labels
from adapt.data.domain import Domain, labelled, output_of
from adapt.data.transductive import unlabelled

_FINEST = 4  # steps of float32 that values must spread by


def check_pair(
  sources: Sequence[Domain],
  target: Domain,
  batch_size: int,
  shots: int = 0,
  unknown: bool = False,
) -> None:
  """Check that sources and target fit together.

  Args:
    sources: one or more labelled domains.
    target: the domain to adapt to; its labels may be unknown.
    batch_size: source examples a step, and as many target examples.
    shots: labelled target examples a class.
    unknown: whether the label after the last one of the sources is that of unknown classes.

  Raises:
    ValueError: one line with the remedy: no source; an empty split; inputs of different shape or
      dtype; source labels absent, in either split, or with gaps; target classes that no source
      has; fewer training examples than a batch; more shots than a class has.
  """
  if not sources:
    raise ValueError("no source domain: name at least one")
  _check_inputs([*sources, target])
  if output_of(sources[0]) == "values":
    _check_values([*sources, target])
    _check_sizes(sources, target, batch_size)
    _check_labelled(target, shots, "values")
    return
  if (kind := output_of(sources[0])) in ("pixels", "labels"):
    (pixel_labels if kind == "pixels" else multi_labels).check(sources, target)
    _check_names([*sources, target])
    _check_sizes(sources, target, batch_size)
    _check_labelled(target, shots, kind)
    return
  count = _check_source_labels(sources)
  for split in target.train, target.test:
    if split.y is not None and split.y.max() >= count + unknown:
      extra = sorted(set(np.unique(split.y).tolist()) - set(range(count)))
      raise ValueError(
        f"the target {target.name} has the classes {_listed(target, extra)}, which no source has: "
        "drop their examples, add a source that has them, or say with --classes SHARED/SOURCE/TARGET "
        "how many classes are shared"
      )
  _check_names([*sources, target])
  _check_sizes(sources, target, batch_size)
  if shots:
    _check_shots(target, count, shots)


def _check_values(domains: Sequence[Domain]) -> None:
  """Check values to be predicted: float labels of one width, all known in the sources, not constant."""
  *sources, target = domains
  widths = {}
  for domain in domains:
    for name, split in (("training", domain.train), ("test", domain.test)):
      where = f"the {name} set of {domain.name}"
      if split.y is None:
        if domain is not target:
          raise ValueError(no_labels(where))
        continue
      if split.y.dtype.kind != "f" or split.y.ndim != 2:
        raise ValueError(
          f"{where} has labels of classes, and {sources[0].name} has values: read both with "
          "--output values"
        )
      if domain is not target and not np.isfinite(split.y).all():
        raise ValueError(f"{where} has labels that are no numbers: leave those examples out")
      widths[domain.name] = split.y.shape[1]
  if len(set(widths.values())) > 1:
    told = ", ".join(f"{name} {width}" for name, width in widths.items())
    raise ValueError(f"the domains have different numbers of labels an example ({told})")
  every = np.concatenate([np.asarray(d.train.y) for d in sources])
  if (np.ptp(every, axis=0) == 0).any():
    raise ValueError(
      f"the source labels are all {every[0].tolist()}: give labels that vary, or another column"
    )
  mean, spread = (np.asarray(f(every, axis=0, dtype=np.float64)) for f in (np.mean, np.std))
  if (coarse := spread < _FINEST * np.spacing(np.abs(mean).astype(np.float32))).any():
    k = int(np.argmax(coarse))
    raise ValueError(
      f"the source labels spread by {spread[k]:.3g} around {mean[k]:.10g}, which float32 blurs: subtract "
      "that from the labels of all domains"
    )


def _check_labelled(target: Domain, shots: int, output: str) -> None:
  """Check that as many target training examples have labels as are to be labelled."""
  if not shots:
    return
  y = target.train.y
  known = 0 if y is None else int(labelled(y).sum())
  if not 0 < shots <= known:
    raise ValueError(
      f"shots is {shots}, and {known} target training examples have labels: of {output} it is how many "
      "are labelled in all"
    )


def _check_sizes(sources: Sequence[Domain], target: Domain, batch_size: int) -> None:
  """Check that each side fills a batch."""
  for role, size in (
    ("source", sum(len(source.train.x) for source in sources)),
    ("target", len(target.train.x)),
  ):
    if size < batch_size:
      raise ValueError(
        f"the {role} has {size} training examples, fewer than a batch of {batch_size}: "
        "use a smaller --batch-size"
      )


def _check_inputs(domains: Sequence[Domain]) -> None:
  """Check for non-empty splits of the same shape and dtype."""
  first = domains[0].train.x
  for domain in domains:
    for name, split in (("training", domain.train), ("test", domain.test)):
      where = f"the {name} set of {domain.name}"
      if not len(split.x):
        raise ValueError(f"{where} is empty: give it examples")
      if split.y is not None and len(split.y) != len(split.x):
        raise ValueError(
          f"{where} has {len(split.x)} examples but {len(split.y)} labels: pair them"
        )
      if split is domain.test and domain.groups is not None and len(domain.groups) != len(split.x):
        raise ValueError(
          f"{where} has {len(split.x)} examples but {len(domain.groups)} groups: give a group each"
        )
      if split.x.shape[1:] != first.shape[1:]:
        raise ValueError(
          f"{where} has examples of shape {split.x.shape[1:]}, {domains[0].name} of "
          f"{first.shape[1:]}: bring them to one size and number of channels"
        )
      if split.x.dtype != first.dtype:
        raise ValueError(
          f"{where} is {split.x.dtype}, {domains[0].name} {first.dtype}: convert one "
          "(uint8 images are scaled to [-1, 1], floats are used as they are)"
        )


def _check_names(domains: Sequence[Domain]) -> None:
  """Check that named classes have the same meaning in every domain.

  Plain numbers name nothing.
  """
  named: dict[int, tuple[str, str]] = {}
  for domain in domains:
    for k, name in enumerate(domain.classes):
      there, other = named.setdefault(k, (name, domain.name))
      if name != there and not (name.isdigit() or there.isdigit()):
        raise ValueError(
          f"class {k} is '{there}' in {other} and '{name}' in {domain.name}: renumber one of them"
        )


def no_labels(where: str) -> str:
  """Say that a domain has no labels, and what to do."""
  return f"{where} has no labels: add them (y), or name their column (--label-column)"


def _check_source_labels(sources: Sequence[Domain]) -> int:
  """Return the number of classes K in the sources.

  The sources' training labels must be 0 … K-1 without a gap.
  """
  known: set[int] = set()
  for source in sources:
    if source.train.y is None:
      raise ValueError(no_labels(f"the source {source.name}"))
    if source.test.y is None:
      raise ValueError(
        f"the test split of the source {source.name} has no labels: add them, or leave that split "
        "out and a fixed fifth of the training examples is held out"
      )
    known |= set(np.unique(source.train.y).tolist())
  count = max(known) + 1
  gaps = sorted(set(range(count)) - known)
  if min(known) < 0 or gaps:
    what = f"{_numbers(gaps)} missing" if gaps else f"{min(known)} found"
    raise ValueError(
      f"the source labels must be 0 to {count - 1} without a gap, but {what}: renumber the classes"
    )
  return count


def _check_shots(target: Domain, count: int, shots: int) -> None:
  """Check that every target class has `shots` training examples."""
  if shots < 0:
    raise ValueError(f"shots is {shots}: give 0 or more labelled target examples a class")
  if target.train.y is None:
    raise ValueError(f"{shots} shots need target labels, and {unlabelled(target)}: add y, or use 0")
  known = target.train.y[target.train.y >= 0]  # where some are, shots are those that are not -1
  if len(known) < len(target.train.y):
    return
  counts = np.bincount(known, minlength=count)
  for label, size in enumerate(counts.tolist()):
    # A class that the target lacks altogether gives no shots and takes none away.
    if 0 < size < shots:
      raise ValueError(
        f"class {_listed(target, [label])} of the target {target.name} has {size} training "
        f"examples, fewer than {shots} shots: use at most {size}"
      )


def _listed(domain: Domain, labels: Sequence[int]) -> str:
  """Format labels with their names: "3 (dog), 5".

  Only classes that have a name of their own show it.
  """
  names = [domain.classes[k] if k < len(domain.classes) else str(k) for k in labels]
  shown = [
    str(k) if name == str(k) else f"{k} ({name})" for k, name in zip(labels, names, strict=True)
  ]
  return ", ".join(shown[:10]) + (", …" if len(shown) > 10 else "")


def _numbers(values: Sequence[int]) -> str:
  """Format at most ten numbers: "3 is" or "3, 4 are"."""
  listed = ", ".join(map(str, values[:10])) + (", …" if len(values) > 10 else "")
  return f"{listed} {'is' if len(values) == 1 else 'are'}"
