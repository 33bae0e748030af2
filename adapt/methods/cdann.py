"""CDANN: features that hide their source, given the class (Li et al., 2018, arXiv:1807.08479)."""

import jax

from adapt.losses import between_domains, ops
from adapt.method import Batch, Method, Net
from adapt.models import nets
from adapt.models.critic import critic

FAMILY = "robust over source domains"


def cdann(net: Net, *, weight: float = 1.0, width: int = 256, depth: int = 2) -> Method:
  """Trains features that hide their source from a critic told the class.

      min  CE(pₛ, yₛ) + CE(D(R(f, weight) + v(y)), source)
      v(y): the critic's learnt vector of a class;  D: a probability per source
      the second mean gives each class of the batch the same weight

  The critic is told the class, and every class of a batch counts alike in it, so that sources with
  other shares of classes are no reason to hide the class. The target is not looked at.

  No authors' code is known; this is DomainBed's form. The paper has a critic for each class beside
  one on class-balanced weights, where DomainBed has one critic told the class. DomainBed alternates
  steps of the critic and of the network; here one reversed gradient serves both, with the
  batch-normalised critic of `dann_dg`, and batches are pooled. DomainBed divides the sum over a
  batch's classes by the number of all classes up to its largest label, here by that of classes in it, so
  that classes which a batch lacks do not weaken its loss.

  Where re-implementations go wrong: the classes' vectors are the critic's and descend its loss,
  since a reversed gradient there would hide the class from the critic; the label is the true one,
  which all sources have, and not a prediction; and classes are balanced over the whole
  batch, not within each source.

  Args:
    weight: strength λ of the reversed gradient, from the first step; 1 in DomainBed.
    width: hidden width of the critic; 256 in DomainBed.
    depth: hidden layers of the critic; 2 in DomainBed, where it is called 3.
  """
  critic(width, depth)  # refuses a width or a depth

  def init(key, batch: Batch):
    k_net, k_critic, k_classes = jax.random.split(key, 3)
    params, stats, features = nets.start(net, k_net, batch)
    (_, logits), _ = net.apply(params, stats, batch.xs, train=False, key=None)
    own = critic(width, depth, outputs=batch.ds.shape[1]).init(k_critic, features)
    classes = jax.random.normal(k_classes, (logits.shape[1], features.shape[1]))
    return {"net": params, "critic": {"mlp": own, "classes": classes}}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), stats = net.apply(params["net"], state["stats"], batch.xs, True, key)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    seen = ops.reverse_gradient(fs, weight)
    seen = seen + params["critic"]["classes"][batch.ys]
    told = critic(width, depth, outputs=batch.ds.shape[1]).apply(params["critic"]["mlp"], seen)
    even = between_domains.class_balance(batch.ys, ls.shape[1])
    domain_loss = between_domains.told_apart(told, batch.ds, even * batch.ws)
    metrics = {"label_loss": label_loss, "domain_loss": domain_loss}
    return label_loss + domain_loss, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net), reads=("source",), sources=2)
