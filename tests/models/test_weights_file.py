"""weights_file on files built byte by byte as torch.save writes them, whole, damaged and hostile."""

import io
import json
import struct
import zipfile

import numpy as np
import pytest

from adapt.models.weights_file import read

NUMBERS = np.arange(12, dtype="<f4")


def name_of(module, name):
  return f"c{module}\n{name}\n".encode()


def text(value):
  return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def integer(value):
  return b"J" + struct.pack("<i", value)


def row(*items):
  return b"(" + b"".join(items) + b"t"


EMPTY = name_of("collections", "OrderedDict") + b")R"


def tensor(key, numbers, size, stride, offset=0, kind="FloatStorage"):
  storage = row(text("storage"), name_of("torch", kind), text(key), text("cpu"), integer(numbers))
  shape = row(*map(integer, size)), row(*map(integer, stride))
  arguments = row(storage + b"Q", integer(offset), *shape, b"\x89", EMPTY)
  return name_of("torch._utils", "_rebuild_tensor_v2") + arguments + b"R"


def table(entries):
  return EMPTY + b"(" + b"".join(text(k) + v for k, v in entries.items()) + b"u"


def pickled(body):
  return b"\x80\x02" + body + b"."


def zipped(body, storages, *, compression=zipfile.ZIP_STORED, more=()):
  buffer = io.BytesIO()
  with zipfile.ZipFile(buffer, "w", compression) as archive:
    archive.writestr("run/data.pkl", pickled(body))
    for key, data in [("version", b"3\n"), *more]:
      archive.writestr(f"run/{key}", data)
    for key, numbers in storages.items():
      archive.writestr(
        f"run/data/{key}", numbers if isinstance(numbers, bytes) else numbers.tobytes()
      )
  return buffer.getvalue()


def old(body, storages, *, little=b"\x88", magic=0x1950A86A20F9469CFC6C, version=1001):
  parts = [
    pickled(b"\x8a\x0a" + magic.to_bytes(10, "little")),
    pickled(integer(version)),
    pickled(b"}(" + text("little_endian") + little + b"u"),
    pickled(body),
    pickled(b"](" + b"".join(map(text, storages)) + b"e"),
  ]
  parts += [struct.pack("<q", len(numbers)) + numbers.tobytes() for numbers in storages.values()]
  return b"".join(parts)


BODY = table({
  "whole": tensor("0", 12, (3, 4), (4, 1)),
  "turned": tensor("0", 12, (4, 2), (1, 4), offset=4),
  "count": tensor("1", 1, (), (), kind="LongStorage"),
  "none": tensor("0", 12, (0, 3), (3, 1)),
})  # fmt: skip
STORAGES = {"0": NUMBERS, "1": np.array([9])}
FORMS = pytest.mark.parametrize("form", [zipped, old])


@pytest.fixture
def written(tmp_path):
  def write(data, name="net.pth"):
    (tmp_path / name).write_bytes(data)
    return tmp_path / name

  return write


@FORMS
def test_shapes_strides_and_offsets_are_honoured(form, written):
  arrays = read(written(form(BODY, STORAGES)))
  assert list(arrays) == ["whole", "turned", "count", "none"]
  np.testing.assert_array_equal(arrays["whole"], NUMBERS.reshape(3, 4))
  np.testing.assert_array_equal(arrays["turned"], NUMBERS.reshape(3, 4)[1:].T)
  assert arrays["count"].shape == () and arrays["count"] == 9
  assert arrays["none"].shape == (0, 3)


TYPES = {"Double": "f8", "Half": "f2", "Int": "i4", "Short": "i2", "Char": "i1", "Byte": "u1"}


@FORMS
def test_every_type_of_number(form, written):
  values = {kind: np.array([1, 0, 3], f"<{kind_}") for kind, kind_ in TYPES.items()}
  values["Bool"] = np.array([True, False, True])
  entries = {k: tensor(k, 3, (3,), (1,), kind=f"{k}Storage") for k in values}
  arrays = read(written(form(table(entries), values)))
  for kind, expected in values.items():
    assert arrays[kind].dtype == expected.dtype
    np.testing.assert_array_equal(arrays[kind], expected)


BF16 = np.array([0x3FC0, 0xC020], "<u2")  # 1.5 and -2.5


@FORMS
def test_bfloat16_is_widened(form, written):
  entries = {"x": tensor("0", 2, (2,), (1,), kind="BFloat16Storage")}
  array = read(written(form(table(entries), {"0": BF16})))["x"]
  assert array.dtype == np.float32 and array.tolist() == [1.5, -2.5]


def test_safetensors(written):
  pytest.importorskip("safetensors")
  header = {
    "x": {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]},
    "y": {"dtype": "BF16", "shape": [2], "data_offsets": [48, 52]},
  }
  words = json.dumps(header).encode()
  data = struct.pack("<Q", len(words)) + words + NUMBERS.tobytes() + BF16.tobytes()
  arrays = read(written(data, "net.safetensors"))
  np.testing.assert_array_equal(arrays["x"], NUMBERS.reshape(3, 4))
  assert arrays["y"].tolist() == [1.5, -2.5]


@pytest.mark.parametrize("wrapper", ["state_dict", "model"])
def test_wrappers_parameters_and_prefixes_are_undone(wrapper, written):
  inside = tensor("0", 12, (12,), (1,))
  parameter = name_of("torch._utils", "_rebuild_parameter") + row(inside, b"\x88", EMPTY) + b"R"
  # A module's state dict carries versions as an attribute; BUILD sets it.
  state = table({"module.x": parameter, "module.y": inside, "step": integer(3)})
  state += b"}" + text("_metadata") + EMPTY + b"s" + b"b"
  whole = table({"epoch": integer(7), wrapper: state, "optimizer": table({"lr": integer(1)})})
  arrays = read(written(zipped(whole, STORAGES)))
  assert sorted(arrays) == ["x", "y"]
  np.testing.assert_array_equal(arrays["x"], NUMBERS)


@FORMS
@pytest.mark.parametrize(
  ("module", "name"), [("posix", "system"), ("builtins", "eval"), ("torch.nn", "Linear")]
)
@pytest.mark.holds("unpickled")
def test_nothing_is_run(form, module, name, written, tmp_path):
  proof = tmp_path / "proof"
  attack = name_of(module, name) + row(text(f"touch {proof}")) + b"R"
  file = written(form(table({"x": tensor("0", 12, (12,), (1,)), "y": attack}), STORAGES))
  with pytest.raises(ValueError, match=rf"net.pth would run code \({module}\.{name}\): convert it"):
    read(file)
  assert not proof.exists()


def test_what_a_pickle_sets_does_not_last(written):
  """It may write into what it is given, so that must be its own."""
  function = name_of("torch._utils", "_rebuild_tensor_v2")
  spoil = function + b"}" + text("__name__") + text("spoiled") + b"s" + b"b"
  read(written(zipped(table({"x": tensor("0", 12, (12,), (1,)), "f": spoil}), STORAGES)))
  again = zipped(table({"x": tensor("0", 12, (12,), (1,))}), STORAGES)
  np.testing.assert_array_equal(read(written(again))["x"], NUMBERS)


OUTSIDE = {
  "too large": tensor("0", 12, (13,), (1,)),
  "offset": tensor("0", 12, (12,), (1,), offset=1),
  "stride": tensor("0", 12, (3, 4), (5, 1)),
  "negative stride": tensor("0", 12, (12,), (-1,)),
  "negative offset": tensor("0", 12, (2,), (1,), offset=-4),
  "expanded": tensor("0", 12, (2**30, 2**30), (0, 0)),
  "more than the file has": tensor("0", 2**30, (12,), (1,)),
  "axes without strides": tensor("0", 12, (3, 4), (1,)),
}


@FORMS
@pytest.mark.parametrize("case", OUTSIDE)
def test_tensors_outside_their_storage_are_refused(form, case, written):
  with pytest.raises(ValueError, match=r"net\.pth (has a tensor|is damaged).*: fetch it again"):
    read(written(form(table({"x": OUTSIDE[case]}), STORAGES)))


@FORMS
@pytest.mark.parametrize("keep", [0.05, 0.5, 0.97])
def test_a_cut_file_is_refused(form, keep, written):
  whole = form(table({"x": tensor("0", 4000, (4000,), (1,))}), {"0": np.ones(4000, "<f4")})
  with pytest.raises(ValueError, match=r"fetch it again|give one of those"):
    read(written(whole[: int(keep * len(whole))]))


def test_a_flipped_bit_is_noticed(written):
  whole = bytearray(zipped(BODY, {"0": NUMBERS, "1": np.array([9])}))
  whole[whole.index(NUMBERS.tobytes()) + 5] ^= 1
  with pytest.raises(ValueError, match=r"damaged.*CRC"):
    read(written(bytes(whole)))


def test_a_storage_that_is_lacking_is_noticed(written):
  with pytest.raises(ValueError, match="damaged"):
    read(written(zipped(BODY, {"0": NUMBERS})))


REFUSED = {
  "compressed": (zipped(BODY, STORAGES, compression=zipfile.ZIP_DEFLATED), "is compressed"),
  "big-endian": (zipped(BODY, STORAGES, more=[("byteorder", b"big")]), "big-endian"),
  "big-endian, old": (old(BODY, STORAGES, little=b"\x89"), "big-endian"),
  "version": (old(BODY, STORAGES, version=7), "unknown version 7"),
  "two archives": (zipped(BODY, STORAGES, more=[("x/data.pkl", b"")]), "not of torch.save"),
  "no state dict": (zipped(integer(1), {}), "holds no arrays by name"),
  "empty": (zipped(table({"epoch": integer(1)}), {}), "holds no arrays by name"),
  "words": (b"these are no weights", "neither .safetensors nor a file of torch.save"),
  "nothing": (b"", "neither .safetensors nor a file of torch.save"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_other_files_are_refused(case, written):
  data, message = REFUSED[case]
  with pytest.raises(ValueError, match=rf"net\.pth .*{message}"):
    read(written(data))


def test_an_archive_that_claims_more_than_its_size_is_refused(written):
  """Its directory names the same bytes many times over."""
  whole = zipped(BODY, {**STORAGES, "2": np.ones(10_000, "<f4")})
  start = struct.unpack("<I", whole[-6:-2])[0]
  directory, end = whole[start:-22], bytearray(whole[-22:])
  one = directory[directory.rindex(b"PK\x01\x02") :]
  copies = b"".join(one.replace(b"data/2", f"data/{i}".encode()) for i in range(3, 9))
  end[8:12] = struct.pack("<HH", *[struct.unpack("<H", end[8:10])[0] + 6] * 2)
  end[12:16] = struct.pack("<I", len(directory + copies))
  with pytest.raises(ValueError, match=r"claims to hold more|Overlapped"):
    read(written(whole[:start] + directory + copies + bytes(end)))


def test_no_file(tmp_path):
  with pytest.raises(ValueError, match=r"no file .*net\.pth: give a \.safetensors or \.pth file"):
    read(tmp_path / "net.pth")
  (tmp_path / "net.safetensors").write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{")
  with pytest.raises(ValueError, match=r"net\.safetensors is damaged"):
    read(tmp_path / "net.safetensors")


@pytest.mark.parametrize("numbers", [2**50, -1], ids=["too many", "negative"])
def test_a_length_that_the_old_form_cannot_hold_is_refused_before_it_is_read(numbers, written):
  whole = old(table({"x": tensor("0", 12, (12,), (1,))}), {"0": NUMBERS})
  claimed = whole[: -8 - NUMBERS.nbytes] + struct.pack("<q", numbers) + NUMBERS.tobytes()
  with pytest.raises(ValueError, match="ends before its numbers do: fetch it again"):
    read(written(claimed))
