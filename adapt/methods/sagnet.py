"""SagNet: classes by content and not by style (Nam et al., 2021, arXiv:1910.11645)."""

import jax

from adapt.losses import ops, styles
from adapt.method import Batch, Method, Net
from adapt.models import head as heads
from adapt.models import nets

FAMILY = "robust over source domains"


def sagnet(net: Net, *, weight: float = 0.1) -> Method:
  """Trains on features in mixed styles, whose own style tells no class.

      min  CE(p(c, s̃), yₛ) + CE(r(sg(c′, s)), yₛ) + weight · A
      A = E[−log r(sg(c″), s)]  over examples and classes, of a constant r
      c, s: content and style of fₛ, its mean and variance;  ′, ″: others'
      s̃ = λ s + (1 − λ) s′,  λ ~ U(0, 1);  r: the style head's probabilities

  The classifier sees an example's content in a style between its own and another's. A second head
  learns the class from its style with another's content, and the features are trained to leave that
  head undecided. Neither the target nor an example's domain is looked at, so that one source suffices.

  Departs from the authors' code in the features, there maps of the third stage of a ResNet with the
  rest of it as both heads; as in DomainBed they are the vector that the head reads here. The three
  steps of both codes are one here, each loss with a gradient for its own part alone. Their
  adversarial gradient is clipped to length 0.1, and reaches normalisation layers alone.

  Where re-implementations go wrong: the swapped content is a constant, so that only style is
  punished; the style head does not move by the adversarial loss; that loss is the cross-entropy to
  equal probabilities, the mean over classes, not the sum; and prediction takes features as
  they are.

  Args:
    weight: factor of the adversarial loss (the paper's λ); 0.1 in both codes.
  """

  def init(key, batch: Batch):
    k_net, k_style = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    style = heads.start(k_style, features, len(params["head"]["bias"]))
    return {"net": params, "style": style}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    k_net, k_share, *swaps = jax.random.split(key, 5)
    (fs, _), stats = net.apply(params["net"], state["stats"], batch.xs, True, k_net)
    first, second, third = (jax.random.permutation(k, len(fs)) for k in swaps)
    share = jax.random.uniform(k_share, (len(fs), 1))
    constant = jax.lax.stop_gradient

    content = heads.logits(params["net"]["head"], styles.style_mixed(fs, first, share))
    label_loss = ops.weighted_mean(net.output.loss(content, batch.ys), batch.ws)
    told = heads.logits(params["style"], styles.content_swapped(constant(fs), second))
    style_loss = ops.weighted_mean(ops.cross_entropy(told, batch.ys), batch.ws)
    undecided = heads.logits(constant(params["style"]), styles.content_swapped(fs, third))
    even = -jax.nn.log_softmax(undecided).mean(axis=1)
    even_loss = ops.weighted_mean(even, batch.ws)

    metrics = {"label_loss": label_loss, "style_loss": style_loss, "even_loss": even_loss}
    return label_loss + style_loss + weight * even_loss, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net), reads=("source",))
