"""Distributes a program's batches or seeds over devices.

Only this file says "device".

Two ways behind one flag, with the same numbers (but for dropout, which pmap draws per device).
`sharding`: one global program over a mesh, the batch's rows spread over it, so that batch-norm, MMD
and critics see the whole batch whatever the device count. `pmap`: the network runs on each device's
share of the batch with synchronised batch statistics, features and logits are gathered, so that
every loss is over the global batch, and gradients are averaged.
"""

import contextlib
import functools
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from adapt.method import Net

AXIS = "devices"
_FORCED = "host_platform_device_count"


def cores_as_devices() -> None:
  """Makes each of this process's CPU cores a JAX device.

  Nothing changes if JAX has been told how many devices to make, or has begun.

  Seeds side by side on cores of their own are faster than one after the other on all cores.
  """
  told = jax.config.values["jax_num_cpu_devices"] > 0 or _FORCED in os.environ.get("XLA_FLAGS", "")
  if not told and hasattr(os, "sched_getaffinity"):  # Linux
    with contextlib.suppress(RuntimeError):
      jax.config.update("jax_num_cpu_devices", len(os.sched_getaffinity(0)))


class Layout(NamedTuple):
  """How a program is distributed over devices.

  `kind` is "sharding" or "pmap" (each batch is split), or "seeds" (cells are).
  """

  kind: str = "sharding"
  devices: int = 1
  cells: int = 0  # of the program, where devices share those; see `of_cells`

  @property
  def axis(self) -> str | None:
    """The axis over which networks average batch statistics themselves."""
    return AXIS if self.kind == "pmap" else None


def layout(kind: str, devices: int, batch_size: int, seeds: int = 1) -> Layout:
  """Checks the requested distribution and returns its layout.

  Args:
    kind: or "auto": each device has seeds of its own where there are several, else a share of every
      batch; for that, cores of one CPU count as one device, whose operations use them all.
    devices: how many; 0 means all.
    batch_size: of each domain.
    seeds: how many.

  Raises:
    ValueError: an unknown kind, more devices than there are, or a batch they cannot share evenly.
  """
  there, hosts = jax.device_count(), jax.process_count()
  if kind == "auto":
    apart = seeds > 1 and hosts == 1 and (devices or not _better_whole(seeds, there))
    kind = "seeds" if apart else "sharding"
    if not apart and hosts == 1 and jax.default_backend() == "cpu":
      devices = devices or 1
  if kind not in ("seeds", "sharding", "pmap"):
    raise ValueError(f"unknown parallel kind '{kind}': choose auto, seeds, sharding or pmap")
  devices = devices or there
  if hosts > 1 and (kind != "sharding" or devices % hosts):
    raise ValueError(
      f"{hosts} processes share --parallel sharding and a number of --devices that they divide"
    )
  if not 1 <= devices <= there:
    raise ValueError(f"{devices} devices asked for, {there} there: lower --devices")
  if kind != "seeds" and batch_size % devices:
    low = batch_size // devices * devices
    near = f"{low} or {low + devices}" if low else str(devices)
    raise ValueError(
      f"a batch of {batch_size} does not divide over {devices} devices: --batch-size {near}"
    )
  return Layout(kind, devices)


def _better_whole(seeds: int, cores: int) -> bool:
  """Whether one seed per CPU core would leave cores idle too long.

  An example is three seeds on two cores.
  """
  if jax.default_backend() != "cpu":
    return False
  rounds = -(-seeds // cores)
  return seeds < 0.8 * rounds * min(seeds, cores)


def of_cells(layout: Layout, cells: int) -> Layout:
  """Returns the layout with no more devices than cells under "seeds"."""
  if layout.kind != "seeds":
    return layout
  devices = min(layout.devices, cells)
  return Layout("seeds", devices, cells) if devices > 1 else Layout()


def alone(layout: Layout) -> bool:
  """Whether each device runs a cell's whole step by itself."""
  return layout.devices == 1 or layout.kind == "seeds"


def ahead(layout: Layout) -> int:
  """Number of steps that may be dispatched before an earlier one finishes.

  None over several CPU devices: their collectives share one pool of threads, and two steps at once
  wait for each other for ever; and devices whose inputs are not there yet take turns.
  """
  return 0 if layout.devices > 1 and jax.default_backend() == "cpu" else 2


def settled(layout: Layout, tree: Any) -> Any:
  """The tree, waited for where nothing may be dispatched ahead of it."""
  return tree if ahead(layout) else jax.block_until_ready(tree)


def budget(layout: Layout) -> int:
  """Bytes of inputs a device may hold: a quarter of its memory."""
  stats = jax.local_devices()[0].memory_stats() or {}
  # None on a CPU: its memory is the machine's, in which each device has a copy.
  return (stats.get("bytes_limit") or _machine_memory() // layout.devices) // 4


def _machine_memory() -> int:
  return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def mesh(layout: Layout) -> Mesh:
  each = layout.devices // jax.process_count()  # every process takes part
  devices = [d for p in range(jax.process_count()) for d in jax.local_devices(p)[:each]]
  return jax.make_mesh((layout.devices,), (AXIS,), axis_types=(AxisType.Auto,), devices=devices)


def compiled(
  f: Callable[..., Any], layout: Layout, donate: bool = False
) -> Callable[[Any, Any], Any]:
  """Compiles f(stacked, shared), with arguments from `put_stacked` and `put_shared`."""
  donated = (0,) if donate else ()
  if layout.kind == "pmap":
    return _pmapped(f, layout, donated)
  if layout.devices == 1:
    return jax.jit(f, donate_argnums=donated)
  if layout.kind == "seeds":
    apart = jax.shard_map(
      f, mesh=mesh(layout), in_specs=(P(AXIS), P()), out_specs=P(AXIS), check_vma=False
    )
    return jax.jit(apart, donate_argnums=donated)
  return jax.jit(f, donate_argnums=donated, out_shardings=NamedSharding(mesh(layout), P()))


def _pmapped(
  f: Callable[..., Any], layout: Layout, donated: tuple[int, ...]
) -> Callable[[Any, Any], Any]:
  """The function on every device, each with all of its arguments."""
  mapped = jax.pmap(
    lambda stacked, shared, device: f(stacked, shared),
    AXIS,
    in_axes=(None, None, 0),  # pmap asks for something that is mapped
    out_axes=None,
    devices=jax.devices()[: layout.devices],
    donate_argnums=donated,
  )
  each = jax.device_put(np.arange(layout.devices), NamedSharding(mesh(layout), P(AXIS)))
  return lambda stacked, shared: mapped(stacked, shared, each)


def put_shared(layout: Layout, tree: Any) -> Any:
  """Places arrays that all seeds share, whole on each device."""
  if layout.devices == 1:
    return jax.device_put(tree, jax.devices()[0])
  return _put_whole(NamedSharding(mesh(layout), P()), tree)


def _put_whole(everywhere: NamedSharding, tree: Any) -> Any:
  if everywhere.is_fully_addressable:
    return jax.device_put(tree, everywhere)
  own = [d for d in everywhere.mesh.devices.flat if d.process_index == jax.process_index()]

  def put(x: Any) -> jax.Array:  # where device_put would compare the processes' values each time
    parts = [jax.device_put(x, device) for device in own]
    return jax.make_array_from_single_device_arrays(x.shape, everywhere, parts)

  return jax.tree.map(put, tree)


def own_rows(layout: Layout, n: int) -> np.ndarray | None:
  """Which of a batch's n rows this process's devices see; None: all."""
  if jax.process_count() == 1:
    return None
  slices = NamedSharding(mesh(layout), P(AXIS)).addressable_devices_indices_map((n,))
  return np.concatenate(sorted((np.arange(n)[s] for s in slices.values()), key=lambda r: r[0]))


def put_rows(layout: Layout, x: np.ndarray, n: int) -> jax.Array:
  """Assembles each process's batch rows into one array over all devices.

  The array is [seeds, n, ...].

  Args:
    layout: with several processes.
    x: [seeds, rows, ...], the rows that `own_rows` says.
    n: rows of a whole batch.
  """
  own = own_rows(layout, n)
  assert own is not None
  shape = (len(x), n, *x.shape[2:])

  def part(index: Any) -> np.ndarray:
    rows = index[1]
    return x[:, np.searchsorted(own, rows.start or 0) :][:, : len(range(*rows.indices(n)))]

  return jax.make_array_from_callback(shape, NamedSharding(mesh(layout), P(None, AXIS)), part)


def put_stacked(layout: Layout, tree: Any) -> Any:
  """Places arrays that have one entry per cell.

  They lie whole on each device; under "seeds" each device has its own cells.
  """
  if layout.kind == "seeds":
    filled = -(-layout.cells // layout.devices) * layout.devices
    return jax.device_put(_filled(tree, filled), NamedSharding(mesh(layout), P(AXIS)))
  return put_shared(layout, tree)


@functools.partial(jax.jit, static_argnums=1)
def _filled(tree: Any, n: int) -> Any:
  """Repeats the last cell up to n cells, for equal device shares."""
  return jax.tree.map(lambda x: x[jnp.minimum(jnp.arange(n), len(x) - 1)], tree)


def fetch(layout: Layout, tree: Any) -> Any:
  """One copy of what `compiled` returned, on this process's first device."""
  if jax.process_count() > 1:
    return jax.tree.map(lambda x: x.addressable_data(0), tree)
  if layout.devices == 1:
    return tree
  tree = jax.device_put(tree, jax.devices()[0])
  return jax.tree.map(lambda x: x[: layout.cells], tree) if layout.kind == "seeds" else tree


def spread(layout: Layout, batch: Any) -> Any:
  """Inside the step: shards the batch's rows over several devices (sharding)."""
  if layout.kind == "pmap" or alone(layout):
    return batch
  rows = NamedSharding(mesh(layout), P(AXIS))
  return jax.tree.map(lambda x: jax.lax.with_sharding_constraint(x, rows), batch)


def average(layout: Layout, grads: Any) -> Any:
  """Inside the step: averages gradients over pmap's devices, else returns them."""
  return jax.lax.pmean(grads, AXIS) if layout.kind == "pmap" else grads


def shared_net(layout: Layout, net: Net) -> Net:
  """Wraps the network so that pmap devices each run some rows.

  It takes and returns whole batches, so a method need not know. Each device's loss then depends on
  every device's features; the gathering's transpose adds those parts up over the devices, which is
  why the *mean* of the devices' gradients is the gradient of the one global loss.
  """
  if layout.kind != "pmap":
    return net

  def apply(params: Any, stats: Any, x: jax.Array, train: bool, key: jax.Array | None) -> Any:
    share, rest = divmod(len(x), layout.devices)
    if rest:
      raise ValueError(f"{len(x)} rows do not divide over {layout.devices} devices")
    device = jax.lax.axis_index(AXIS)
    mine = jax.lax.dynamic_slice_in_dim(x, device * share, share)
    if key is not None:
      key = jax.random.fold_in(key, device)
    outputs, stats = net.apply(params, stats, mine, train, key)
    return jax.tree.map(lambda v: jax.lax.all_gather(v, AXIS, tiled=True), outputs), stats

  return Net(net.init, apply, average=functools.partial(average, layout))
