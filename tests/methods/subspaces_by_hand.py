"""A step of a method on features of full rank, and gradients by central differences in NumPy."""

import by_hand
import numpy as np


def spread(name, **hyper):
  """As `by_hand.start`, with a hidden layer ten times as steep, so that features have full rank."""
  ts, step = by_hand.start(name, **hyper)
  net = ts.params["net"]
  hidden = {**net["hidden"], "kernel": 10 * net["hidden"]["kernel"]}
  ts = ts._replace(params={**ts.params, "net": {**net, "hidden": hidden}})
  return ts, lambda: step(ts)


def slopes(function, *arrays, by=1e-5):
  """The gradients of a function of arrays, in float64."""
  found = []
  for array in arrays:
    slope = np.zeros_like(array)
    for place in np.ndindex(array.shape):
      kept = array[place]
      array[place] = kept + by
      above = function(*arrays)
      array[place] = kept - by
      slope[place] = (above - function(*arrays)) / (2 * by)
      array[place] = kept
    found.append(slope)
  return found


def assert_step(name, distance, **hyper):
  """One step of the method is that of cross-entropy and a distance of features, written in NumPy."""
  ts, step = spread(name, **hyper)
  batch = by_hand.batch()
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  by_source, by_target = slopes(distance, source.f, target.f)
  grads = by_hand.added(
    by_hand.backward(source, dl=dl, df=by_source), by_hand.backward(target, df=by_target)
  )
  loss = label_loss + distance(source.f, target.f)
  by_hand.assert_step(ts, *step(), {"net": grads}, loss)
