"""What the authors' own code of Tent, EATA and CoTTA computes, for a test to compare with.

    python scripts/stream_references.py --tent TENT --eata EATA --cotta COTTA

Each names a checkout: github.com/DequanWang/tent, github.com/mr-eggplant/EATA, github.com/qinenergy/cotta.
Their code runs on the CPU on a network of two norms, for five batches, and the logits of each batch are
written beside the weights and the inputs. Chance is taken out: CoTTA's views are the inputs within ±1, and
its weights are restored never or always. Needs torch: pip install 'adapt-jax[bench]'.
"""

import argparse
import importlib.util
import json
import math
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

OUT = Path(__file__).parents[1] / "tests/golden/streams.json"
FEATURES, WIDTH, CLASSES, BATCH, STEPS = 4, 5, 3, 12, 5
RATES = {"tent": 0.02, "eata": 0.1, "cotta": 0.02}
EATA = {"margin": 0.95, "similarity": 0.97, "anchor": 20.0, "fisher_batch": 6}
# Where teacher and student are one and see the same, the gradient is rounding alone, which Adam makes
# whole steps of. So the first batch has views; of the first case the second and last have none.
CASES = {  # of CoTTA
  "cotta": {"decay": 0.9, "sure": 0.54, "restore": 0.0},
  "cotta_restored": {"decay": 0.9, "sure": 2.0, "restore": 1.0},
}


def drawn() -> dict[str, Any]:
  """Weights, source inputs and a stream, as nested lists of float32."""
  rng = np.random.default_rng(0)
  sizes: dict[str, tuple[int, int]] = {
    "dense1": (FEATURES, WIDTH),
    "dense2": (WIDTH, WIDTH),
    "head": (WIDTH, CLASSES),
  }
  params: dict[str, Any] = {
    name: {"kernel": rng.normal(0, 0.8, size=shape), "bias": rng.normal(0, 0.2, size=shape[1])}
    for name, shape in sizes.items()
  }
  for name in ("norm1", "norm2"):
    params[name] = {"scale": rng.uniform(0.5, 1.5, WIDTH), "bias": rng.normal(0, 0.3, WIDTH)}
  arrays = {
    "params": params,
    "stats": {n: {"mean": np.zeros(WIDTH), "var": np.ones(WIDTH)} for n in ("norm1", "norm2")},
    "source": rng.normal(0.2, 1.2, (2 * int(EATA["fisher_batch"]), FEATURES)),
    "stream": rng.normal(0.5, 1.5, (STEPS, BATCH, FEATURES)),
  }
  return {name: listed(v) for name, v in arrays.items()}


def listed(tree: Any) -> Any:
  """Nested lists of float32 values."""
  if isinstance(tree, dict):
    return {name: listed(v) for name, v in tree.items()}
  return np.asarray(tree, np.float32).tolist()


def network(torch: Any, params: Any) -> Any:
  """The network in torch; vectors are images of one pixel, as all three know 2-D norms only."""
  layers: OrderedDict[str, Any] = OrderedDict()
  for i in ("1", "2"):
    size = len(params[f"dense{i}"]["kernel"])
    layers[f"dense{i}"] = torch.nn.Conv2d(size, WIDTH, 1)
    layers[f"norm{i}"] = torch.nn.BatchNorm2d(WIDTH)
    layers[f"relu{i}"] = torch.nn.ReLU()
  layers["head"], layers["flat"] = torch.nn.Conv2d(WIDTH, CLASSES, 1), torch.nn.Flatten()
  net = torch.nn.Sequential(layers)
  with torch.no_grad():
    for name, entry in params.items():
      layer = net.get_submodule(name)
      weight = torch.tensor(entry.get("scale", entry.get("kernel")))
      layer.weight.copy_(weight if "scale" in entry else weight.T[..., None, None])
      layer.bias.copy_(torch.tensor(entry["bias"]))
  return net


def loaded(file: Path, name: str) -> Any:
  """A module of a file, its image libraries replaced by nothing."""
  absent = ("PIL", "torchvision", "torchvision.transforms", "my_transforms")
  with mock.patch.dict(sys.modules, {module: mock.MagicMock() for module in absent}):
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None or not file.exists():
      raise ValueError(f"{file} is not there: name a checkout of the authors' code")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
  return module


def fishers(torch: Any, net: Any, params: Any, xs: Any) -> dict[str, Any]:
  """Mean squared gradients under the model's own labels, as EATA's main script sums them."""
  named = {n: p for n, p in net.named_parameters() if any(p is q for q in params)}
  batches = xs.split(EATA["fisher_batch"])
  squares = {n: torch.zeros_like(p) for n, p in named.items()}
  for x in batches:
    out = net(x)
    torch.nn.functional.cross_entropy(out, out.max(1)[1]).backward()
    for n, p in named.items():
      squares[n] += p.grad**2 / len(batches)
    net.zero_grad()
  return {n: [squares[n], p.detach().clone()] for n, p in named.items()}


def adapted(torch: Any, name: str, module: Any, data: Any) -> Any:
  """The authors' wrapper of the network."""
  net = module.configure_model(network(torch, data["params"]))
  params = module.collect_params(net)[0]
  if name == "tent":
    return module.Tent(net, torch.optim.Adam(params, RATES["tent"]))
  if name == "eata":
    xs = torch.tensor(data["source"])[..., None, None]
    held = fishers(torch, net, params, xs)
    return module.EATA(
      net,
      torch.optim.SGD(params, RATES["eata"], momentum=0.9),
      held,
      EATA["anchor"],
      e_margin=EATA["margin"] * math.log(CLASSES),
      d_margin=EATA["similarity"],
    )
  case = CASES[name]
  wrapper = module.CoTTA(
    net,
    torch.optim.Adam(params, RATES["cotta"]),
    mt_alpha=case["decay"],
    rst_m=case["restore"],
    ap=case["sure"],
  )
  wrapper.transform = lambda x: x.clamp(-1, 1)
  return wrapper


def main() -> int:
  """Runs the three and writes the file."""
  import torch

  parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
  for name in RATES:
    parser.add_argument(f"--{name}", type=Path, required=True, help="a checkout of its code")
  flags = parser.parse_args()
  files = {"tent": flags.tent / "tent.py", "eata": flags.eata / "eata.py"}
  files |= dict.fromkeys(CASES, flags.cotta / "cifar/cotta.py")
  data, found = drawn(), {}
  for name, file in files.items():
    wrapper = adapted(torch, name, loaded(file, name), data)
    with mock.patch.object(torch.Tensor, "cuda", lambda self: self):
      batches = torch.tensor(data["stream"])[..., None, None]
      found[name] = [wrapper(x).detach().numpy().tolist() for x in batches]
  setting = {"rates": RATES, "eata": EATA, "cotta": CASES}
  text = json.dumps({**setting, **data, "logits": found}, indent=1)
  OUT.write_text(text + "\n", "utf-8")
  print(f"{OUT}: {len(found)} cases by torch {torch.__version__}")
  return 0


if __name__ == "__main__":
  raise SystemExit(main())
