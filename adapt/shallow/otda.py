"""Optimal transport for domain adaptation (Courty et al., TPAMI 2017, arXiv:1507.00504)."""

from typing import Any

import numpy as np

from adapt.shallow.maps import Maps, double

PLANS = ("exact", "sinkhorn", "lpl1", "group_lasso", "laplace")
OF_CLASSES = ("lpl1", "group_lasso")


def otda(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  *,
  plan: str = "sinkhorn",
  entropy: float = 0.1,
  strength: float = 1.0,
) -> Maps:
  """Moves each source example to the mean of where its mass goes.

  Equations 5, 11, 13 and 15: γ = argmin ⟨γ, C⟩ + entropy · Ω_e(γ) + strength · Ω(γ) over plans with
  uniform marginals, C the squared distances over their largest; x_i → Σ_j γ_ij x_j / Σ_j γ_ij. Of
  `plan`, "exact" has neither Ω, "sinkhorn" Ω_e alone, "lpl1" and "group_lasso" also a norm that sends
  each target example mass from one class, and "laplace" no Ω_e but a graph over examples of a class
  that are to stay neighbours. A source example that was not among those transported moves as its
  nearest one did. Labels of values are looked at by no plan; those of classes are refused for them.

  Departs from the authors' code in nothing: the plans are those of POT, which is theirs. Their settings
  are the best on labelled target examples, which this does not look at.

  Args:
    xs: source inputs [n, d].
    ys: source labels [n] of classes, or floats [n, c] of values.
    xt: target inputs [m, d].
    plan: one of exact, sinkhorn, lpl1, group_lasso, laplace.
    entropy: weight of the entropy, of 1e-3 … 1e3 in the paper (its λ).
    strength: weight of classes or graph, of 1e-3 … 1e3 in the paper (its η).

  Raises:
    ValueError: an unknown plan, one of classes for values, or a weight that is not above 0.
  """
  if plan not in PLANS:
    raise ValueError(f"unknown plan '{plan}': choose from {', '.join(PLANS)}")
  if not entropy > 0 or not strength > 0:
    raise ValueError(f"entropy {entropy}, strength {strength}: choose both above 0")
  values = np.asarray(ys).dtype.kind == "f"
  if values and plan in OF_CLASSES:
    others = ", ".join(p for p in PLANS if p not in OF_CLASSES)
    raise ValueError(
      f"the plan {plan} needs classes, and the labels are values: choose from {others}"
    )
  transport = _transport(plan, entropy, strength)
  transport.fit(Xs=double(xs), ys=None if values else np.asarray(ys, int), Xt=double(xt))
  return Maps(lambda x: np.asarray(transport.transform(Xs=double(x))), double)


def _transport(plan: str, entropy: float, strength: float) -> Any:
  from ot import da

  if plan == "exact":
    return da.EMDTransport(norm="max")
  if plan == "sinkhorn":
    return da.SinkhornTransport(reg_e=entropy, norm="max")
  if plan == "laplace":
    return da.EMDLaplaceTransport(reg_lap=strength, norm="max")
  kind = da.SinkhornLpl1Transport if plan == "lpl1" else da.SinkhornL1l2Transport
  return kind(reg_e=entropy, reg_cl=strength, norm="max")
