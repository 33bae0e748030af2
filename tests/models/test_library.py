import pytest

from adapt.models import library


@pytest.mark.parametrize(
  ("call", "training", "evaluating"),
  [
    (lambda x: x, {}, {}),
    (lambda x, train: x, {"train": True}, {"train": False}),
    (lambda x, *, training=False: x, {"training": True}, {"training": False}),
    (lambda x, is_training, rate=0.1: x, {"is_training": True}, {"is_training": False}),
    (lambda x, deterministic: x, {"deterministic": False}, {"deterministic": True}),
    (
      lambda x, train, use_running_average: x,
      {"train": True, "use_running_average": False},
      {"train": False, "use_running_average": True},
    ),
    (lambda *args, **kwargs: args, {}, {}),
  ],
)
def test_a_module_is_told_whether_it_trains_by_the_names_it_knows(call, training, evaluating):
  flags = library.called_with(call, "Mine")
  assert flags(True) == training and flags(False) == evaluating


@pytest.mark.parametrize("call", [lambda: 0, lambda x, mask: x, lambda x, train, *, mask: x])
def test_what_needs_more_than_inputs_is_refused(call):
  with pytest.raises(ValueError, match=r"Mine cannot be called with inputs alone \(.*\): let its"):
    library.called_with(call, "Mine")
