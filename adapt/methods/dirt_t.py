"""DIRT-T: VADA, then refinement on the target alone (Shu et al., 2018, arXiv:1802.08735)."""

from typing import Annotated, Any

import jax
import jax.numpy as jnp
from jax import lax

from adapt.catalogue import Range
from adapt.losses import ops
from adapt.losses.vat import divergence, smoothness
from adapt.method import Batch, Method, Metrics, Net, Params, Phase, State
from adapt.methods.vada import Factors, in_turn
from adapt.models.critic import critic as make_critic

FAMILY = "adversarial"


def dirt_t(
  net: Net,
  *,
  weight: float = 1.0,
  share: Annotated[float, Range(0.1, 0.9)] = 0.5,
  teachers: int = 16,
  trust: float = 0.01,
  domain: float = 0.01,
  on_source: float = 1.0,
  on_target: float = 0.01,
  radius: float = 3.5,
  average: Annotated[float, Range(0.9, 0.999)] = 0.998,
  width: int = 100,
  depth: int = 1,
) -> Method:
  """Trains as VADA for some steps, then on the target alone.

      1. critic   min  adv(f)
      2. network  min  vada's loss while q < share, and then
              weight · (trust · KL(p′ₜ, pₜ) + on_target · (H(pₜ) + V(xₜ)))
      p′: the teacher's;  V(x) = KL(sg(p(x)), p(x + r)), ‖r‖ = radius

  The second part reads no source example. r is the worst perturbation, and the teacher the averaged
  model of some steps ago. The critic learns on, but nobody listens.

  Departs from the authors' code in one run for both parts, in one batch for divergence, entropy and
  smoothness, where theirs draws one more and moves statistics on it alone, and in all of vada's.

  Where re-implementations go wrong: the divergence is from the teacher, in evaluation mode, to the
  model; a teacher that follows every step holds nothing back; without VADA a wrong boundary is refined.

  Args:
    weight: factor of all terms but the source labels'; 1 in the paper.
    share: of the steps that VADA takes; 0.5 as in the authors' code (80000 of each).
    teachers: one after another in the second part; every 5000 steps in the authors' code.
    trust: factor of the divergence from the teacher (the paper's β), 0.01 or 0.1.
    domain: factor of the inverted domain loss (the paper's λ_d).
    on_source: factor of the smoothness around source inputs (the paper's λ_s).
    on_target: factor of entropy and smoothness on the target (the paper's λ_t), 0.01 or 0.1.
    radius: length of perturbations, as in vada.
    average: decay per step of the parameters' average, which predicts and becomes the teacher.
    width: hidden width of the critic.
    depth: hidden layers of the critic.
  """
  check(share, teachers)
  factors = Factors(weight, domain, on_source, on_target, radius)
  first = in_turn(net, make_critic(width, depth), factors, average)
  tell_apart, adapt = first.loss  # type: ignore[misc]  # vada has two phases

  def init(key, batch: Batch):
    params, state = first.init(key, batch)
    return params, {**state, "teacher": averaged(state, jnp.zeros((), jnp.int32))}

  def begin(params, state, batch: Batch, key, progress):
    loss, (state, metrics) = adapt.loss(params, state, batch, key, progress)
    return loss, (state, {**metrics, "teacher_loss": jnp.zeros(())})

  def refine(params, state, batch: Batch, key, progress):
    done = (progress - share) / (1 - share)
    teacher = renewed(state, 1 + jnp.floor(done * teachers).astype(jnp.int32))
    return refinement(net, factors, trust, params, {**state, "teacher": teacher}, batch.xt, key)

  def either(*arguments):
    return lax.cond(arguments[-1] < share, begin, refine, *arguments)

  return Method(init, (tell_apart, Phase(either, ("net",))), first.predict, first.after_step)


def check(share: jax.Array | float, teachers: int) -> None:
  """ValueError for an invalid share (unless traced) or number of teachers."""
  if teachers < 1:
    raise ValueError(f"teachers is {teachers}: choose at least 1")
  if not isinstance(share, jax.Array) and not 0 <= share < 1:
    raise ValueError(f"share is {share}: choose a share of the steps from 0 to less than 1")


def refinement(
  net: Net, factors: Factors, trust: Any, params: Params, state: State, xt: jax.Array, key: Any
) -> tuple[jax.Array, tuple[State, Metrics]]:
  """The second part's loss: sure, smooth target predictions near the teacher."""
  k_target, k_random = jax.random.split(key)
  teacher, old = state["teacher"], state["stats"]
  (_, taught), _ = net.apply(teacher["net"], teacher["stats"], xt, train=False, key=None)
  (_, lt), stats = net.apply(params["net"], old, xt, True, k_target)
  keys, radius = (k_target, k_random), factors.radius
  rough = smoothness(net, params["net"], old, xt, lt, keys, radius=radius).mean()
  entropy_loss, away = ops.entropy(lt).mean(), divergence(taught, lt).mean()
  metrics = {"label_loss": jnp.zeros(()), "entropy_loss": entropy_loss, "smoothness": rough}
  loss = factors.weight * (trust * away + factors.target * (entropy_loss + rough))
  return loss, ({**state, "stats": stats}, {**metrics, "teacher_loss": away})


def renewed(state, number: jax.Array):
  """Replaces an older teacher by the averaged model of now."""
  is_new, now = number > state["teacher"]["number"], averaged(state, number)
  return jax.tree.map(lambda a, b: jnp.where(is_new, a, b), now, state["teacher"])


def averaged(state: State, number: jax.Array) -> dict[str, Any]:
  """The averaged model as the teacher of that number."""
  return {"net": state["average"], "stats": state["stats"], "number": number}
