"""Reads what wandb has written offline."""

import json
import struct


def stored(file):
  """The records of a .wandb file, which is a LevelDB log of protocol buffers."""
  from wandb.proto import wandb_internal_pb2

  data = file.read_bytes()
  assert data[:4] == b":W&B"
  at, part = 7, b""
  while at + 7 <= len(data):
    room = 32768 - at % 32768
    if room < 7:  # a header never straddles two blocks
      at += room
      continue
    size, kind = struct.unpack_from("<HB", data, at + 4)
    part += data[at + 7 : at + 7 + size]
    at += 7 + size
    if kind in (1, 4):  # whole, or the last piece
      item = wandb_internal_pb2.Record()
      item.ParseFromString(part)
      part = b""
      yield item


def read(file):
  """What a run holds: configuration, {step: measures}, summary, its name, group and tags."""
  config, curve, summary, about = {}, {}, {}, {}
  for item in stored(file):
    kind = item.WhichOneof("record_type")
    if kind == "history":
      row = {i.key or "/".join(i.nested_key): json.loads(i.value_json) for i in item.history.item}
      curve.setdefault(row["_step"], {}).update(row)
    elif kind == "summary":
      for i in item.summary.update:
        summary[i.key or "/".join(i.nested_key)] = json.loads(i.value_json)
    elif kind in ("run", "config"):
      update = item.run.config.update if kind == "run" else item.config.update
      config.update({i.key or i.nested_key[0]: json.loads(i.value_json) for i in update})
      if kind == "run":
        about = {"name": item.run.display_name, "group": item.run.run_group}
        about["tags"] = list(item.run.tags)
  return config, curve, summary, about
