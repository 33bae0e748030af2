"""The choices of one experiment: objects, not names, with every default filled."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from adapt import catalogue, outputs
from adapt.catalogue import Bound
from adapt.evaluation.decision import ARGMAX
from adapt.experiments.recipe import PAPER, Recipe
from adapt.experiments.suite import Suite, Task
from adapt.records import identity
from adapt.training.devices import Layout
from adapt.training.dp_sgd import Privacy
from adapt.training.settings import Settings
from adapt.training.setup import Feed, Setup

Named = str | Callable[..., Any] | Bound  # an entry: its name, a factory of one's own, or resolved


class Search(NamedTuple):
  """A search of float hyper-parameters and `lr`."""

  number: int  # points, of which the defaults are the first but in a grid
  sampler: str  # random, tpe or grid
  ranges: Mapping[str, Any]  # of what is moved: a Range each, a grid's values


class Choices(NamedTuple):
  """What is chosen of one method on one task."""

  suite: Suite
  task: Task
  method: Bound
  settings: Settings
  seeds: tuple[int, ...]
  model: Bound
  tuning: Bound
  optimizer: Bound
  weighting: Bound | None
  start: str  # scratch or source
  validator: str
  sweep: Mapping[str, tuple[float, ...]] = {}  # float hyper-parameters, or lr, with several values
  layout: Layout = Layout()
  feed: Feed = Feed()
  dp: Privacy | None = None
  save_model: bool = False  # whether to keep each seed's model beside its record
  search: Search | None = None
  output: Bound = outputs.CLASSES  # what is predicted
  decision: str = ARGMAX  # by which of two classes one is predicted
  candidates: tuple[Mapping[str, float], ...] = ()  # combinations of floats, in place of a sweep's
  recipe: Recipe | None = None  # whose settings are the usual ones in place of the suite's

  @property
  def setup(self) -> Setup:
    """What its training needs."""
    return Setup(**{name: getattr(self, name) for name in Setup._fields})

  @property
  def weighting_code(self) -> str | None:
    """Digest of the weighting's source, by which its weights are kept."""
    return identity.digest(self.weighting.factory) if self.weighting else None

  @property
  def defaults(self) -> dict[str, Any]:
    """The method's hyper-parameters, without what the user sets."""
    own = {p.name: p.default for p in catalogue.parameters(self.method.factory)}
    own |= self.suite.defaults.get(self.method.name, {})
    return own | (self.recipe.hyperparameters if self.recipe else {})

  @property
  def usual(self) -> Settings:
    """The suite's or the recipe's settings, without what the user sets."""
    return usual_settings(self.suite, self.recipe)

  @property
  def source_model(self) -> dict[str, Any]:
    """What the recipe sets of the source model.

    What the user sets, of both models, is not among it.
    """
    own, usual = self.settings._asdict(), self.usual._asdict()
    by_recipe = self.recipe.source_model if self.recipe else {}
    return {n: v for n, v in by_recipe.items() if own.get(n) == usual.get(n)}

  @property
  def source_settings(self) -> Settings:
    """Those that the source model is trained with, without weights."""
    own = {n: v for n, v in self.source_model.items() if n in Settings._fields}
    return self.settings._replace(**{"defer": 0.0, "resample": False, **own})

  @property
  def recipe_name(self) -> str | None:
    """What labels and records call the recipe; None without one."""
    return PAPER if self.recipe else None


def usual_settings(suite: Suite, recipe: Recipe | None) -> Settings:
  """The settings of a suite, or by one of its recipes."""
  return suite.settings._replace(**recipe.settings) if recipe else suite.settings
