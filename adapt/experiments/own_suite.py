"""A user's own domains as a suite of one task."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from adapt import outputs
from adapt.data import Domain, audit, label_sets
from adapt.data.domain import one_split, output_of
from adapt.data.label_sets import ClassSets
from adapt.experiments import own_data, own_defaults
from adapt.experiments.suite import Suite, Task
from adapt.training.settings import Settings

PROTOCOL = (
  "labelled source training inputs, target training inputs without labels (but for those declared "
  "by --shots), accuracy on the target's test split; a fixed 80/20 split of each class where none is "
  "given"
)
TRANSDUCTIVE = (
  "transductive: labelled source training inputs, all target inputs without labels, {measure} on these "
  "same target inputs"
)
UNSEEN = (
  "leave one domain out: training splits of all other domains with labels, pooled; of the unseen domain "
  "nothing in training, encoding or selection, and its test split judges"
)
OTHER_PROTOCOL = (
  "labelled source training inputs, target training inputs without labels (but for those declared "
  "by --shots), {measure} on the target's test split; a fixed 80/20 split where none is given"
)


class OwnSuite(NamedTuple):
  """One task's suite, its domains, and what to tell of them."""

  suite: Suite
  domains: Callable[[str], Domain]
  notes: tuple[str, ...] = ()  # what reading has done
  warnings: tuple[str, ...] = ()  # what is odd about the data

  @property
  def task(self) -> Task:
    """The suite's one task."""
    return self.suite.tasks[0]

  @property
  def settings(self) -> Settings:
    """What it is trained with where nothing else is asked for."""
    return self.suite.settings


def own_suite(
  name: str,
  domains: Sequence[Domain],
  model: str | None = None,
  *,
  extracted: bool = False,
  unseen: bool = False,
  output: str | None = None,
  classes: ClassSets | None = None,
) -> OwnSuite:
  """The suite of the task from the first domains to the last.

  Args:
    name: the suite's, under which records lie.
    domains: the sources, then the target, numbered alike.
    model: the network's name, if another than usual is asked for.
    extracted: whether the inputs are features that a network has extracted.
    unseen: whether training never sees the target.
    output: what is predicted; None: what the labels are.
    classes: which classes each side is to have; None: those that its data have.

  Raises:
    ValueError: class sets that the data do not have.
  """
  found = output_of(domains[0])
  usual = own_data.settings_of(domains[-1], model, extracted, output or found)
  usual = own_data.sized(usual, domains)
  task = _task(domains, unseen)._replace(classes=classes)
  *sources, target = domains
  if classes:
    label_sets.restricted(sources, target, classes)  # refuses them as they were given
    known = classes._replace(target_private=0)  # that the target has unknown classes is no news
    sources, target = label_sets.restricted(sources, target, known)
  odd = (audit.leaks if unseen else audit.warnings)(sources, target)
  defaults = own_defaults.hyperparameters([*sources, target], model or usual.model)
  suite = Suite(name, (task,), usual, _protocol(domains, unseen), defaults=defaults, output=found)
  notes = dict.fromkeys(note for d in domains for note in d.notes)
  return OwnSuite(suite, {d.name: d for d in domains}.__getitem__, tuple(notes), tuple(odd))


def _task(domains: Sequence[Domain], unseen: bool) -> Task:
  *sources, target = [d.name for d in domains]
  joined = "+".join(sources)
  name = f"{joined}_unseen_{target}" if unseen else f"{joined}_{target}"
  return Task(name, tuple(sources), target, unseen=unseen)


def _protocol(domains: Sequence[Domain], unseen: bool) -> str:
  """What is trained on, and what judges, in words."""
  output = output_of(domains[0])
  measure = outputs.measure(outputs.main(output)).title
  if unseen:
    return f"{UNSEEN}; {measure}"
  if one_split(domains[-1]) and domains[-1].test.y is not None:
    return TRANSDUCTIVE.format(measure=measure)
  return PROTOCOL if output == "classes" else OTHER_PROTOCOL.format(measure=measure)
