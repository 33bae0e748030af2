"""A model's file says what its arrays were, whatever their type."""

import io
import json

import jax.numpy as jnp
import numpy as np

from adapt.deploy.packed import ABOUT, digest, packed


def test_the_digest_is_that_of_what_is_read_again():
  arrays = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.asarray(jnp.ones(3, jnp.bfloat16)),
  }
  with np.load(io.BytesIO(packed({"kind": "é"}, arrays))) as found:
    told = json.loads(found[ABOUT].tobytes())
    again = {n: found[n] for n in found if n != ABOUT}
  assert told == {"kind": "é", "digest": digest(again)}
  assert digest(again) != digest({**again, "a": again["a"] + 1})
  assert digest(again) != digest({**again, "a": again["a"].reshape(3, 2)})
