"""Writes a split example by example.

TFDS's own way holds a split in memory and, from 1 GB on, sorts it in files that only TensorFlow
writes.
"""

import os
from collections.abc import Iterator
from itertools import islice
from typing import Any

import tensorflow_datasets as tfds

SIZE = 65536  # examples a file


def write(
  builder: tfds.core.DatasetBuilder, split: str, count: int, examples: Iterator[dict[str, Any]]
) -> tfds.core.SplitInfo:
  """Write `count` ordered examples to a split's ArrayRecord files."""
  from array_record.python import array_record_module

  template = builder._get_filename_template(split_name=split)
  shards = -(-count // SIZE)
  lengths = [count * (i + 1) // shards - count * i // shards for i in range(shards)]
  shown = tfds.core.utils.tqdm(examples, total=count, unit=" examples", leave=False)
  total = 0
  for i, length in enumerate(lengths):
    path = template.sharded_filepath(shard_index=i, num_shards=shards)
    writer = array_record_module.ArrayRecordWriter(os.fspath(path), "group_size:1")
    try:
      for example in islice(shown, length):
        record = builder.info.features.serialize_example(example)
        writer.write(record)
        total += len(record)
    finally:
      writer.close()
  return tfds.core.SplitInfo(
    name=split, shard_lengths=lengths, num_bytes=total, filename_template=template
  )
