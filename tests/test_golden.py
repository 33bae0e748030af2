"""Metrics after two steps on the moons. If you did not intend to change behaviour, this may be a bug."""

import pytest
import toy

from adapt import methods
from adapt.experiments.experiment import points, traits
from adapt.training import loop
from adapt.training.joint_tasks import Part

GOLDEN = {
  "aad": {"attraction": 0.7098829, "dispersion": 23.17723, "loss": 1.15996},
  "nrc": {"attraction": 1.795777, "further_attraction": 0.9003876, "loss": -0.3887991},
  "adabn": {"label_loss": 0.6475019, "loss": 0.6475019},
  "adamatch": {"label_loss": 0.9605678, "loss": 1.048142, "pseudo_loss": 0.2995849, "sure": 1.0},
  "adda": {"domain_loss": 0.6764613, "loss": 0.7012203, "mapping_loss": 0.8252992},
  "afn": {
    "label_loss": 0.9596466,
    "loss": 0.9656466,
    "source_norm": 5.304204,
    "target_norm": 5.33139,
  },
  "atdoc": {
    "label_loss": 0.9596409,
    "loss": 1.011332,
    "pseudo_loss": 0.5169071,
    "vote": 0.01629655,
  },
  "bnm": {"label_loss": 0.930482, "loss": 0.7867882, "nuclear_norm": 0.1436939},
  "bsp": {
    "domain_loss": 0.6763163,
    "label_loss": 0.6740801,
    "loss": 1.510895,
    "spectral_loss": 1604.991,
  },
  "cdan": {"domain_loss": 0.703181, "label_loss": 0.6740841, "loss": 1.377265},
  "cmd": {"cmd_loss": 0.6553537, "label_loss": 0.9596481, "loss": 1.025183},
  "coral": {"coral_loss": 7.343915e-05, "label_loss": 0.9596422, "loss": 0.9816740},
  "dan": {"label_loss": 0.9596376, "loss": 0.9819349, "mmd_loss": 0.02229732},
  "dance": {
    "cluster_loss": 3.248607,
    "label_loss": 11.87938,
    "loss": 12.04181,
    "separation_loss": 0.0,
  },
  "dann": {"domain_loss": 0.6763158, "label_loss": 0.6740841, "loss": 1.3504000},
  "deepjdot": {"label_loss": 1.109149, "loss": 1.460618, "transport_loss": 0.3514692},
  "dirt_t": {
    "domain_loss": 0.6763257,
    "entropy_loss": 0.6762973,
    "label_loss": 0.6760256,
    "loss": 1.369244,
    "smoothness": 0.002315817,
    "teacher_loss": 0.0,
  },
  "dsan": {"label_loss": 0.9596409, "local_loss": 0.1697293, "loss": 1.172906},
  "dsbn": {"label_loss": 0.7278228, "loss": 1.280022, "pseudo_loss": 0.5521993},
  "entropy": {"entropy_loss": 0.6641716, "label_loss": 0.7396718, "loss": 1.403843},
  "fine_tune": {"label_loss": 0.7449890, "loss": 0.7449890},
  "fixmatch": {
    "label_loss": 0.9596409,
    "loss": 1.037073,
    "pseudo_loss": 0.07743259,
    "sure": 0.453125,
  },
  "group_dro": {
    "heaviest": 0.5000577,
    "label_loss": 0.7567955,
    "loss": 0.7583019,
    "robust_loss": 0.7583019,
  },
  "homm": {"homm_loss": 1.861354e-06, "label_loss": 0.95963, "loss": 1.145765},
  "information_maximisation": {
    "entropy_loss": 0.5432942,
    "label_loss": 0.9607713,
    "loss": 0.9595251,
    "marginal_entropy": 0.5445403,
  },
  "irm": {"label_loss": 0.7437857, "loss": 0.7552907, "penalty": 0.01150499},
  "iwan": {
    "domain_loss": 0.6720421,
    "entropy_loss": 0.6899916,
    "loss": 1.38234,
    "weigher_loss": 0.6762855,
  },
  "jan": {"joint_loss": 0.02233237, "label_loss": 0.9596409, "loss": 0.9808587},
  "m3sda": {"label_loss": 0.7571804, "loss": 0.9895432, "moment_distance": 2.323627},
  "mcc": {"confusion": 0.4987472, "label_loss": 0.96077, "loss": 1.459517},
  "mcd": {"apart": 0.1351711, "discrepancy": 0.2614938, "label_loss": 1.233255, "loss": 2.354374},
  "mdan": {"domain_loss": 1.358693, "label_loss": 0.646261, "loss": 2.004953, "most": 0.55513},
  "mdd": {
    "agree_loss": 0.5696097,
    "disagree_loss": 0.8350909,
    "label_loss": 0.6862378,
    "loss": 1.806134,
  },
  "mean_teacher": {
    "balance_loss": 0.0,
    "consistency_loss": 0.0,
    "label_loss": 0.9619288,
    "loss": 0.9619288,
    "sure": 0.0,
  },
  "mme": {"entropy": 0.1462968, "label_loss": 17.4149, "loss": 17.40027},
  "osbp": {
    "label_loss": 1.766794,
    "loss": 2.624143,
    "rejected": 0.5,
    "unknown_loss": 0.8573489,
  },
  "otda": {"cost": 1.120327, "label_loss": 0.9792799, "loss": 0.9792799},
  "pada": {
    "counted": 0.9977952,
    "domain_loss": 0.6754848,
    "label_loss": 0.6737965,
    "loss": 1.349281,
  },
  "pseudo_label": {
    "label_loss": 0.9596409,
    "loss": 1.172358,
    "pseudo_loss": 0.3019621,
    "sure": 1.0,
  },
  "shot": {
    "entropy_loss": 0.6446876,
    "loss": -0.0004906654,
    "marginal_entropy": 0.6451783,
    "pseudo_loss": 0.0,
  },
  "shot_im": {"entropy_loss": 0.6446876, "loss": -0.0004906654, "marginal_entropy": 0.6451783},
  "source_and_target": {"loss": 0.8457844, "source_loss": 0.8921318, "target_loss": 0.7994372},
  "source_only": {"label_loss": 0.9596409, "loss": 0.9596409},
  "swd": {"apart": 0.01511677, "discrepancy": 0.04310684, "label_loss": 1.21622, "loss": 2.321836},
  "target_only": {"label_loss": 0.6461319, "loss": 0.6461319},
  "tent": {"entropy_loss": 0.6805459, "loss": 0.6805459},
  "vada": {
    "domain_loss": 0.6763257,
    "entropy_loss": 0.6762973,
    "label_loss": 0.6760256,
    "loss": 1.369244,
    "smoothness": 0.002315817,
  },
  "vrex": {"label_loss": 0.7571306, "loss": 0.4134984, "variance": 0.0003938771},
  "wdgrl": {
    "label_loss": 0.6862386,
    "loss": 0.8126976,
    "slope_loss": 0.4063313,
    "wasserstein": 0.007838808,
  },
  "weighted": {"loss": 0.8457844, "source_loss": 0.8921318, "target_loss": 0.7994372},
}


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_metrics_after_two_steps(name):
  assert metrics(name) == pytest.approx(GOLDEN[name], rel=1e-4)


def test_every_method_is_here():
  assert set(GOLDEN) == set(methods.names())


def metrics(name):
  asked = toy.request(name, seeds=(0,), steps=2, evaluations=1)
  todo = points(asked)
  data = toy.material_of(asked)
  parts = [Part(asked, todo, data)]
  cells = loop.program_of(parts)
  kind = traits(name, todo[0].hyperparameters)
  mapped, arrays, _ = loop.placed(parts, kind, cells)
  _, mean = cells.chunk(2)(mapped, arrays)
  return {k: float(v[0]) for k, v in mean.items() if k != "first_bad"}


if __name__ == "__main__":
  print({name: metrics(name) for name in methods.names()})
