"""Predictions as a table."""

import numpy as np

from adapt.deploy import predictions


def test_a_row_has_its_id_its_class_and_the_probability_of_each_class():
  arrays = {"predicted": np.array([1, 0]), "probability": np.float32([[0.25, 0.75], [1, 0]])}
  ids = {"patient": np.array(["p,1", None], object)}
  found = predictions.csv(arrays, ["no", "yes"], ids).decode().splitlines()
  assert found[0] == "patient,predicted,probability no,probability yes"
  assert found[1:] == ['"p,1",yes,0.25,0.75', ",no,1,0"]


def test_images_have_their_names():
  arrays = {"predicted": np.array([0]), "probability": np.ones((1, 1)), "name": np.array(["a.png"])}
  assert predictions.csv(arrays, ["a"], {}) == b"name,predicted,probability a\na.png,a,1\n"
