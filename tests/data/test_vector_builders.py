"""Builders of hospitals, air, speech and bearings, from tiny copies of their published layouts."""

import io
import wave
import zipfile

import numpy as np
import pytest

from adapt.data import builders, prepared
from adapt.data.builders import beijing_air, cwru_bearings, heart, spoken_digits

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture(autouse=True)
def small(monkeypatch):
  """One config of each set, and few examples."""
  for name, config in (
    ("heart", "va"),
    ("beijing_air", "dingling"),
    ("spoken_digits", "theo"),
    ("cwru_bearings", "1750"),
  ):
    module, cls, _ = builders._BUILDERS[name]
    monkeypatch.setitem(builders._BUILDERS, name, (module, cls, (config,)))
  monkeypatch.setattr(heart.Heart, "SIZES", {"va": {"train": 3}})
  monkeypatch.setattr(beijing_air, "HOURS", 6)
  monkeypatch.setattr(beijing_air, "TRAIN", 4)
  monkeypatch.setattr(beijing_air.BeijingAir, "SIZES", {"dingling": {"train": 4, "test": 2}})
  monkeypatch.setattr(spoken_digits.SpokenDigits, "SIZES", {"theo": {"train": 2, "test": 2}})


@pytest.mark.parametrize("missing", ["?", ""])
@pytest.mark.parametrize(
  "header", ["", "age,sex,cp,trestbps,chol,fbs,restecg,thalach,,,,,,target\n"]
)
def test_hospitals(tmp_path, missing, header):
  """Missing cells of both forms, with a header or without, zeros that were never measured."""
  rows = (
    f"63,1,4,140,0,0,1,112,1,3,2,{missing},{missing},2\n"
    f"44,0,4,0,209,0,1,127,0,0,{missing},0.0,7,0\n"
    "50.0,1.0,3.0,120.0,200.0,0.0,0.0,150.0,0.0,.7,1.0,2.0,3.0,4\n"
  )
  (tmp_path / "processed.va.data").write_text(header + rows)
  builders.prepare("heart", tmp_path, tmp_path / "out")
  x, y = prepared.arrays("heart/va", "train", tmp_path / "out")
  nan = np.nan
  np.testing.assert_array_equal(y, [1, 0, 1])
  np.testing.assert_array_equal(
    x[0], np.float32([63, 1, 4, 140, nan, 0, 1, 112, 1, 3, 2, nan, nan])
  )
  np.testing.assert_array_equal(x[1, [3, 10, 12]], np.float32([nan, nan, 7]))


@pytest.mark.parametrize("line", ["63,1,4", "63,1,4,140,x,0,1,112,1,3,2,,,2", "1," * 13 + "5"])
def test_a_patient_that_is_none_is_refused(tmp_path, line):
  (tmp_path / "processed.va.data").write_text(line + "\n")
  with pytest.raises(ValueError, match=r"processed.va.data line 1 is not 13 numbers"):
    builders.prepare("heart", tmp_path, tmp_path / "out")


def station(hours=6, first=1):
  names = "No,year,hour,PM2.5,PM10,SO2,NO2,CO,O3,TEMP,PRES,DEWP,RAIN,wd,WSPM,station,lat,long"
  rows = [
    f"{first + i},2013,{i},{'NA' if i == 1 else 10 * i},5,1,NA,3,4,-0.7,1023,-18.8,0,NNW,4.4,D,,"
    for i in range(hours)
  ]
  return "\n".join([names, *rows]) + "\n"


@pytest.mark.parametrize("nested", [False, True])
def test_air(tmp_path, nested):
  """The archive with the files, and the repository's archive of that archive."""
  name = "PRSA_Data_20130301-20170228/PRSA_Data_Dingling_20130301-20170228.csv"
  inner = io.BytesIO()
  with zipfile.ZipFile(inner, "w") as archive:
    archive.writestr(name, station())
  place = tmp_path / ("beijing+multi+site+air+quality+data.zip" if nested else "PRSA_Data.zip")
  with zipfile.ZipFile(place, "w") as archive:
    archive.writestr("PRSA2017.zip" if nested else name, inner.getvalue() if nested else station())
  builders.prepare("beijing_air", tmp_path, tmp_path / "out")
  x, y = prepared.arrays("beijing_air/dingling", "train", tmp_path / "out")
  assert y.dtype == np.float32
  np.testing.assert_array_equal(y, np.float32([0, np.nan, 20, 30]))
  np.testing.assert_array_equal(x[0], np.float32([5, 1, np.nan, 3, 4, -0.7, 1023, -18.8, 0, 4.4]))
  _, last = prepared.arrays("beijing_air/dingling", "test", tmp_path / "out")
  np.testing.assert_array_equal(last, [40, 50])


def test_hours_out_of_order_are_refused(tmp_path):
  file = tmp_path / "PRSA_Data_Dingling_20130301-20170228.csv"
  file.write_text(station(first=2))
  with pytest.raises(ValueError, match="has not the 6 hours of the release in order"):
    builders.prepare("beijing_air", tmp_path, tmp_path / "out")


def recording(i, size=3000):
  return (1000 * np.sin(np.arange(size) * (0.1 + 0.05 * i)) + i).astype(np.int16)


def as_wave(samples, rate=8000):
  stream = io.BytesIO()
  with wave.open(stream, "wb") as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(rate)
    file.writeframes(samples.tobytes())
  return stream.getvalue()


def test_spoken_digits_of_waves_and_packed_are_the_same(tmp_path):
  """Takes 0 to 4 are tested; an eighth of the loudness changes nothing."""
  said = [(3, 0), (1, 4), (7, 5), (2, 9)]  # digit, take
  (tmp_path / "waves" / "recordings").mkdir(parents=True)
  for i, (digit, take) in enumerate(said):
    file = tmp_path / "waves" / "recordings" / f"{digit}_theo_{take}.wav"
    file.write_bytes(as_wave(8 * recording(i)))
    file.with_name(f"{digit}_george_{take}.wav").write_bytes(b"another speaker")
  samples = [8 * recording(i) for i in range(4)]
  np.savez(
    tmp_path / "theo.npz",
    samples=np.concatenate(samples),
    offsets=np.cumsum([0, *map(len, samples)]),
    labels=np.array([d for d, _ in said], np.uint8),
    takes=np.array([t for _, t in said], np.uint8),
    rate=8000,
  )
  found = {}
  for name in ("waves", "."):
    builders.prepare("spoken_digits", tmp_path / name, tmp_path / f"{name}_out")
    found[name] = [
      prepared.arrays("spoken_digits/theo", s, tmp_path / f"{name}_out") for s in ("train", "test")
    ]
  (_, train), (x, test) = found["waves"]
  np.testing.assert_array_equal(train, [7, 2])
  np.testing.assert_array_equal(test, [3, 1])
  for (a, _), (b, _) in zip(*found.values(), strict=True):
    np.testing.assert_array_equal(a, b)
  quiet = spoken_digits.spectrogram(recording(0), 8000, "")
  np.testing.assert_allclose(quiet, x[0], atol=0.01)
  assert x.shape == (2, 32, 40)


@pytest.mark.parametrize(
  ("data", "said"),
  [
    (as_wave(np.zeros(900, np.int16)), "is silent"),
    (as_wave(recording(0), 16000), "not of 8000 Hz"),
    (as_wave(recording(0))[:-100], "does not decode"),
    (b"RIFF", "does not decode"),
  ],
)
def test_a_silent_or_cut_recording_is_refused(tmp_path, data, said):
  (tmp_path / "3_theo_0.wav").write_bytes(data)
  with pytest.raises(ValueError, match=rf"3_theo_0.wav.*{said}"):
    builders.prepare("spoken_digits", tmp_path, tmp_path / "out")


def test_bearings(tmp_path, monkeypatch):
  monkeypatch.setattr(cwru_bearings, "LENGTH", 50)
  folder = tmp_path / "Data" / "1750 RPM"
  folder.mkdir(parents=True)
  series = np.random.default_rng(0).normal(size=(15, 60)).astype(np.float32)
  for fault, one in zip(cwru_bearings.FAULTS, series, strict=True):
    np.savez(folder / f"1750_{fault}_DE12.npz", DE=one[:, None], FE=one)
  builders.prepare("cwru_bearings", tmp_path, tmp_path / "out")
  x, y = prepared.arrays("cwru_bearings/1750", "train", tmp_path / "out")
  np.testing.assert_array_equal(x, series[:, :50])
  np.testing.assert_array_equal(y, np.arange(15))
  (folder / "1750_B_7_DE12.npz").unlink()
  with pytest.raises(ValueError, match=r"has no 1750_B_7_DE12\.npz"):
    builders.prepare("cwru_bearings", tmp_path, tmp_path / "other")
