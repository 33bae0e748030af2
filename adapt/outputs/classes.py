"""Classes: integer labels, judged by what is decided and by the probabilities."""

import functools
from collections.abc import Callable

import jax
import optax

from adapt.method import Output
from adapt.outputs import _class_losses
from adapt.outputs._measure import Measure

# The first is the main one: what tables show where nothing else is asked for.
MEASURES = (
  Measure("accuracy", "accuracy"),
  Measure(
    "h_score", "H-score (harmonic mean of the recall of known classes and of the unknown one)"
  ),
  Measure("balanced_accuracy", "balanced accuracy"),
  Measure("worst_recall", "recall of the worst class"),
  Measure("worst_group_accuracy", "accuracy of the worst group"),
  Measure("specificity", "specificity"),
  Measure("precision", "precision"),
  Measure("recall", "recall"),
  Measure("f1", "F1"),
  Measure("auroc", "AUROC"),
  Measure("auprc", "AUPRC (average precision)"),
  Measure("brier", "Brier score", percent=False, lower=True),
  Measure("calibration_error", "calibration error (ECE)", lower=True),
)
LOSSES = ("cross_entropy", "focal", "logit_adjusted", "balanced_softmax", "ldam")
# Arguments that one loss alone reads, and what they are where nobody says so.
OWN = {
  "smoothing": ("cross_entropy", 0.0),
  "gamma": ("focal", 2.0),
  "tau": ("logit_adjusted", 1.0),
  "margin": ("ldam", 0.5),
  "scale": ("ldam", 1.0),
}


def classes(
  *,
  loss: str = "cross_entropy",
  smoothing: float = 0.0,
  gamma: float = 2.0,
  tau: float = 1.0,
  margin: float = 0.5,
  scale: float = 1.0,
) -> Output:
  """One of K classes, with softmax cross-entropy as the loss.

  The loss is in nats. Where classes have unequal numbers of source examples, other losses let rare ones
  count: `logit_adjusted` and `balanced_softmax` take the class shares out of the logits, `ldam` asks
  more of rare classes, and `focal` of examples that are not sure. They compose with `--weights`,
  `--defer` and `--resample`.

  Args:
    loss: cross_entropy, focal (Lin et al., 2017), logit_adjusted (Menon et al., 2021), balanced_softmax
      (Ren et al., 2020) or ldam (Cao et al., 2019).
    smoothing: of cross_entropy: share ε of a label that all K classes divide among them (label
      smoothing, Szegedy et al., 2016, §7).
    gamma: of focal: the exponent γ of 1 − p; 2 in the paper.
    tau: of logit_adjusted: factor τ of the logarithm of class shares; 1 in the paper.
    margin: of ldam: the rarest class's, in logits; 0.5 in the authors' code.
    scale: of ldam: factor of the logits after it.

  Raises:
    ValueError: an unknown loss, a number out of bounds, or one that belongs to another loss.
  """
  given = {"smoothing": smoothing, "gamma": gamma, "tau": tau, "margin": margin, "scale": scale}
  if loss not in LOSSES:
    raise ValueError(f"loss is '{loss}': choose {', '.join(LOSSES[:-1])} or {LOSSES[-1]}")
  for name, (own, usual) in OWN.items():
    if given[name] != usual and loss != own:
      raise ValueError(f"{name} belongs to the loss {own}, and the loss is {loss}: leave it out")
    if given[name] < 0 or (name == "scale" and not given[name]):
      raise ValueError(
        f"{name} is {given[name]}: give a number {'above' if name == 'scale' else 'from'} 0"
      )
  if not smoothing < 1:
    raise ValueError(f"smoothing is {smoothing}: choose a share from 0 to less than 1")
  if loss == "focal":
    return Output("classes", functools.partial(_class_losses.focal, gamma=gamma))
  by_counts: dict[str, Callable[[jax.Array], _class_losses.Loss]] = {
    "logit_adjusted": functools.partial(_class_losses.logit_adjusted, tau=tau),
    "balanced_softmax": _class_losses.balanced_softmax,
    "ldam": functools.partial(_class_losses.ldam, margin=margin, scale=scale),
  }
  if loss in by_counts:
    return Output("classes", by_counts=by_counts[loss])
  if not smoothing:
    return Output()

  def smoothed(logits: jax.Array, labels: jax.Array) -> jax.Array:
    wanted = optax.smooth_labels(jax.nn.one_hot(labels, logits.shape[-1]), smoothing)
    return optax.losses.softmax_cross_entropy(logits, wanted)

  return Output("classes", smoothed)
