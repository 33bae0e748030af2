"""Two classifiers on the MLP of by_hand: outputs, source loss and gradients, in NumPy."""

import by_hand


def outputs(params, x):
  """Of both classifiers on the same features."""
  return [by_hand.forward({**params["net"], "head": h}, x) for h in params["heads"].values()]


def split(gradients):
  """Gradients of both classifiers' outputs as those of the body and of the heads."""
  body = by_hand.added(*({"hidden": g["hidden"]} for g in gradients))
  return body, dict(zip(("first", "second"), (g["head"] for g in gradients), strict=True))


def label_loss(outs, batch):
  parts = [by_hand.cross_entropy(o.l, batch.ys, batch.ws) for o in outs]
  grads = [by_hand.backward(o, dl=dl) for o, (_, dl) in zip(outs, parts, strict=True)]
  return parts[0][0] + parts[1][0], *split(grads)
