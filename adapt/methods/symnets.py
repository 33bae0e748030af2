"""SymNets: two classifiers that tell domains apart by class (Zhang et al., 2019, arXiv:1904.04663)."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import head as heads
from adapt.models import nets

FAMILY = "adversarial"

DOMAINS = ("source", "target")


def symnets(
  net: Net, *, weight: float = 1.0, ramp: float = 10.0, predicts: str = "target"
) -> Method:
  """Trains features that confuse two classifiers, one of each domain.

      classifiers  min  CE(p₁ₛ, yₛ) + CE(p₂ₛ, yₛ) + 2 · adv(f)
      features     min  −½ E log(Pₛ[yₛ] · Pₛ[k + yₛ]) + λ · (A + H(P₁ₜ + P₂ₜ))
      P = (P₁, P₂) = softmax(ℓ₁, ℓ₂) over 2k;  D = Σ P₁;  λ = weight · ramp(q)
      A = −½ E log(D(fₜ) · (1 − D(fₜ)));  both in one step

  Two linear classifiers, 1 of the source and 2 of the target, learn the source's labels, each by itself.
  Side by side they also tell the domains apart. The features confuse the two, on the source within the
  true class, on the target as whole domains. Each domain has its own batch-norm pass, as in the authors'
  code. The target's classifier predicts.

  Departs from the authors' code in the ramp's unit, there whole epochs; in the backbone's tenth of the
  rate, a setting here; in the constant 1e-6 of its logarithms, of which there is no need in logarithms
  of softmaxes; and in the score of a run, there the better of both classifiers on the target's labels.

  Where re-implementations go wrong: both gradients are taken at one place and make one step, without a
  game in turns; the source's two classifiers learn from softmaxes over k outputs, while all that is
  adversarial is over 2k; source features are confused from the first step, at full strength, and the
  ramp scales the target's terms alone; and the entropy is that of the sum of both classifiers'
  probabilities of a class, and never moves the classifiers.

  Args:
    weight: final factor of the target's terms of the features; 1 in the paper.
    ramp: steepness with which they grow from 0, as in dann.
    predicts: "target" or "source", whose classifier predicts. The target's has only seen source labels
      too, and is also pulled towards whatever it says of the target; where classes overlap, as moons
      that touch, that takes it astray.
  """
  if predicts not in DOMAINS:
    raise ValueError(f"predicts is '{predicts}': choose target or source")

  def init(key, batch: Batch):
    k_net, k_target = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    body, own = heads.split(params)
    target = heads.start(k_target, features, own["kernel"].shape[-1])
    return {"net": body, "heads": {"source": own, "target": target}}, {"stats": stats}

  def whole(params):
    return {**params["net"], "head": params["heads"]["source"]}

  def classify(classifiers, features):
    return jnp.concatenate([heads.logits(classifiers[d], features) for d in DOMAINS], axis=1)

  def loss(params, state, batch: Batch, key, progress):
    (fs, _), (ft, _), stats = nets.both(net, whole(params), state["stats"], batch, key, joint=False)
    mean = lambda losses: ops.weighted_mean(losses, batch.ws)
    learn = lambda logits: mean(net.output.loss(logits, batch.ys))
    # The classifiers learn from constant features, the features from constant classifiers.
    ls, lt = (classify(params["heads"], lax.stop_gradient(f)) for f in (fs, ft))
    label_loss = sum(learn(half) for half in jnp.split(ls, 2, axis=1))
    domain_loss = mean(-domains(ls)[0]) - domains(lt)[1].mean()

    ls, lt = (classify(lax.stop_gradient(params["heads"]), f) for f in (fs, ft))
    log_p, k = jax.nn.log_softmax(ls), ls.shape[1] // 2
    at = jnp.arange(len(ls))
    class_confusion = -mean(log_p[at, batch.ys] + log_p[at, batch.ys + k]) / 2
    domain_confusion = -jnp.add(*domains(lt)).mean() / 2
    entropy_loss = ops.entropy(by_class(lt)).mean()
    strength = weight * ops.ganin_ramp(progress, ramp)
    total = class_confusion + strength * (domain_confusion + entropy_loss)
    metrics = {
      "label_loss": label_loss,
      "domain_loss": domain_loss,
      "class_confusion": class_confusion,
      "domain_confusion": domain_confusion,
      "entropy_loss": entropy_loss,
    }
    return label_loss + domain_loss + total, ({"stats": stats}, metrics)

  def predict(params, state, x):
    (features, _), _ = net.apply(whole(params), state["stats"], x, train=False, key=None)
    return features, heads.logits(params["heads"][predicts], features)

  return Method(init, loss, predict)


def domains(logits: Float[Array, "b k2"]) -> tuple[Float[Array, " b"], Float[Array, " b"]]:
  """Log-probabilities of both domains, of both classifiers' outputs."""
  source, target = jnp.split(jax.nn.log_softmax(logits), 2, axis=1)
  return jax.nn.logsumexp(source, axis=1), jax.nn.logsumexp(target, axis=1)


def by_class(logits: Float[Array, "b k2"]) -> Float[Array, "b k"]:
  """Logits of the classes, whichever classifier says them."""
  return jnp.logaddexp(*jnp.split(logits, 2, axis=1))
