"""DANN between sources: features that hide their source (Ganin et al., 2016, arXiv:1505.07818)."""

import jax

from adapt.losses import between_domains, ops
from adapt.method import Batch, Method, Net
from adapt.models import nets
from adapt.models.critic import critic

FAMILY = "robust over source domains"


def dann_dg(net: Net, *, weight: float = 1.0, width: int = 256, depth: int = 2) -> Method:
  """Trains features from which a critic cannot tell the source domain.

      min  CE(pₛ, yₛ) + CE(D(R(f, weight)), source)
      D: a probability per source

  The critic has a logit for each source. The target is not looked at.

  Departs from the authors' code in the domains, source and target there; between sources it is
  DomainBed's. DomainBed alternates steps of the critic and of the network, each by Adam of its own
  (β1 = 0.5); here one reversed gradient serves both, as in the paper, whose ramp of λ
  DomainBed leaves out. The critic is batch-normalised, as in `dann`, and batches are pooled.

  Where re-implementations go wrong: in DomainBed's alternation the classifier gets a step in two
  alone, which at equal steps is another budget; a critic of one logit a source without the
  softmax tells sources from the rest, which the features can fool one by one.

  Args:
    weight: strength λ of the reversed gradient, from the first step; 1 in DomainBed.
    width: hidden width of the critic; 256 in DomainBed.
    depth: hidden layers of the critic; 2 in DomainBed, where it is called 3.
  """
  critic(width, depth)  # refuses a width or a depth

  def init(key, batch: Batch):
    k_net, k_critic = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    own = critic(width, depth, outputs=batch.ds.shape[1])
    return {"net": params, "critic": own.init(k_critic, features)}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), stats = net.apply(params["net"], state["stats"], batch.xs, True, key)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    seen = ops.reverse_gradient(fs, weight)
    told = critic(width, depth, outputs=batch.ds.shape[1]).apply(params["critic"], seen)
    domain_loss = between_domains.told_apart(told, batch.ds, batch.ws)
    metrics = {"label_loss": label_loss, "domain_loss": domain_loss}
    return label_loss + domain_loss, ({"stats": stats}, metrics)

  return Method(
    init, loss, nets.predictor(net), reads=("source",), sources=2, outputs=("classes", "values")
  )
