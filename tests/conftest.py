"""Eight faked devices for every test, and the toy problem that many of them share."""

import contextlib
import gc
import itertools
import os
import re
import sys
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Nearly all of a test's time is compilation; a third of that is optimisation.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
# The CPU's fusion emitters take half of what is left, splitting programs for idle cores a tenth. A
# jaxlib that does not know a flag aborts.
if version("jaxlib").startswith("0.10."):
  flags = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
  os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags}"
# Threads of LAPACK wait for each other where other tests hold the cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
here = Path(__file__).parent
# Helpers lie beside the tests that they help: toy.py, methods/by_hand.py, models/tiny.py …
sys.path[:0] = [str(here), *sorted({str(f.parent) for f in here.glob("*/**/*.py")})]

import jax
import pytest

from adapt import compile_cache

# Commands keep compiled programs in the user's cache. Tests have a folder of their own in it: workers, the
# commands that tests start and the next check find what one of them has compiled.
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
  with contextlib.suppress(
    OSError, RuntimeError
  ):  # without a home each process compiles for itself
    kept = os.environ["JAX_COMPILATION_CACHE_DIR"] = str(compile_cache.folder("tests"))
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    jax.config.update("jax_compilation_cache_dir", kept)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)

jax.config.update("jax_num_cpu_devices", 8)
gc.set_threshold(50_000, 20, 50)  # traces make many objects and hardly any rings of them


_LOWERED = 500  # programs to a context, which keeps what it has seen of them


def _share_contexts() -> None:
  """Lowers program after program in one MLIR context: making it takes longer than lowering a small one."""
  from jax._src.interpreters import mlir
  from jax._src.lib.mlir import ir

  make, kept = mlir.make_ir_context, []

  def shared():
    if ir.Context.current:  # a program within the lowering of another one has its own
      return make()
    if next(lowered) % _LOWERED == 0:
      kept[:] = [make()]
    return kept[0]

  lowered = itertools.count()
  mlir.make_ir_context = shared


if version("jax").startswith("0.10."):  # no public function
  _share_contexts()


def pytest_make_parametrize_id(val, argname):
  """Names bytes by their argument: gzip writes the time into them, and workers must agree on names."""
  return argname if isinstance(val, bytes) else None


# Sweeps over all entries, what waits for other processes, and what trains long: most of the time. The quick
# tier has the rest, and of these the cases of one method.
_SLOW = (
  *("methods/test_contract.py", "methods/test_planted.py", "methods/test_relations.py"),
  "methods/test_kinds_contract.py",
  *("training/test_devices.py", "training/test_joint_tasks.py", "training/test_feed.py"),
  *("training/test_checkpoint.py", "training/test_dp_sgd.py", "training/test_stream.py"),
  *("cli/test_check.py", "experiments/test_contract_runs.py", "experiments/test_search.py"),
  *("test_suites.py", "test_entry_lists.py", "test_speed.py", "faults/"),
  *(
    "methods/test_pixels_contract.py",
    "outputs/test_pixels.py",
    "tuning/test_tuning.py",
    "models/test_modules.py",
  ),
  *("models/test_packed_rows.py", "augment/test_random_views.py", "report/test_wandb_log.py"),
  *("experiments/test_more_seeds.py", "experiments/test_reverse.py", "experiments/test_run.py"),
  *("training/test_task_data.py", "training/test_refreshing.py", "cli/test_config.py"),
  *("report/test_tables.py::test_committed", "report/test_wandb_run.py", "cli/test_auto.py"),
  *(
    "experiments/test_choose_sources.py",
    "experiments/test_new_record.py",
    "experiments/test_execute.py",
  ),
  *("experiments/test_contract_ground.py::test_a_method", "evaluation/test_decision.py"),
  *("methods/test_otda.py::test_values_gain", "methods/test_dare_gram.py::test_brings"),
  *("test_readme.py", "test_api_page.py", "test_methods_page.py", "deploy/test_saved.py"),
  # Seven to thirty seconds each; their rooms have smaller ones.
  *("api/test_estimator.py", "api/test_fitted.py", "experiments/test_contract.py"),
  *("methods/test_shot_im.py", "models/test_backbones.py", "models/test_layers.py"),
  *("models/test_models.py", "models/test_unet.py", "outputs/test_values.py"),
  *("models/test_nnx.py", "streams/test_by_hand.py", "streams/test_scan.py", "test_plugins.py"),
  "training/test_label_loss.py",
  *("methods/test_fishr.py", "methods/test_irm.py", "methods/test_raincoat.py"),
)
_ALWAYS_SLOW = "training/test_devices.py::test_seeds_on_devices"  # also of dann


def pytest_collection_modifyitems(items):
  """Marks what the quick tier leaves out."""
  for item in items:
    place = item.nodeid.removeprefix("tests/")
    of_dann = re.search(r"\[dann[]-]", item.name) and not place.startswith(_ALWAYS_SLOW)
    if place.startswith(_SLOW) and not of_dann:
      item.add_marker(pytest.mark.slow)


_MAPS = 30000  # half of what Linux lets a process have
_RESIDENT = 2 * 2**30  # bytes of a worker, beyond which it forgets its programs


@pytest.fixture(autouse=True)
def _few_programs():
  """Forgets compiled programs when they take too much: memory maps, whose end crashes LLVM, or memory."""
  yield
  if next(_counted) % 5 == 0 and _much():
    from adapt.training import program_memory

    program_memory.forget()


_counted = itertools.count(1)


def _much() -> bool:
  """Whether compiled programs take too much of this process."""
  maps, memory = Path("/proc/self/maps"), Path("/proc/self/statm")
  if not maps.exists():
    return False
  resident = int(memory.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
  return resident > _RESIDENT or maps.read_bytes().count(b"\n") > _MAPS


@pytest.fixture(scope="session")
def toy_run(tmp_path_factory):
  """Runs a toy request once per session and remembers its record."""
  import toy

  from adapt.experiments.run import run

  out = tmp_path_factory.mktemp("toy")
  done = {}

  def record_of(method: str, **changes) -> dict:
    key = str((method, sorted(changes.items(), key=str)))
    if key not in done:
      request = toy.experiment(method, **changes)
      with toy.few_shown():
        done[key] = run(request, out / str(len(done)), domains=toy.load).records[0]
    return done[key]

  return record_of
