"""Sound: log-mel by hand, gain, rates, folders and tables of recordings, and what is refused."""

import numpy as np
import pytest

from adapt import data
from adapt.data import sound
from adapt.data.reading import Reading

wavfile = pytest.importorskip("scipy.io.wavfile")


def tone(hertz, rate=16_000, seconds=0.5, gain=0.5):
  return (gain * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(
    np.float32
  )


def write(path, signal, rate=16_000):
  path.parent.mkdir(parents=True, exist_ok=True)
  wavfile.write(path, rate, (signal * 32767).astype(np.int16))


def folder_of(root, gain=0.5, rate=16_000):
  for name, hertz in (("high", 2000), ("low", 300)):
    for i in range(5):
      write(root / name / f"{i}.wav", tone(hertz + 10 * i, rate, gain=gain), rate)
  return root


def test_a_tone_is_in_the_band_of_its_frequency():
  bands = sound.log_mel(tone(1000, gain=1.0), 16_000, 40)
  mel = 2595 * np.log10(1 + np.array([1000, 8000]) / 700)
  peak = mel[0] / mel[1] * 41 - 1  # bands' peaks lie at 1 … 40 of 41 equal parts
  assert abs(int(bands[5].argmax()) - peak) <= 0.5
  assert bands.shape == (1 + (8000 - 512) // 256, 40)
  assert bands[5].max() == pytest.approx(0, abs=0.3)  # a full-scale sine has power 1
  assert bands[5, 30:].max() == pytest.approx(np.log10(sound.FLOOR))


def test_filters_meet_at_their_neighbours_peaks():
  found = sound.filters(16_000, 4096, 20)
  assert found.min() == 0 and 0.9 < found.max() <= 1
  inside = slice(int(found[0].argmax()), int(found[-1].argmax()))
  np.testing.assert_allclose(found.sum(axis=0)[inside][5:-5].max(), 1, atol=0.25)


def test_gain_is_taken_out_unless_kept(tmp_path):
  loud, quiet = (folder_of(tmp_path / n, g) for n, g in (("loud", 0.8), ("quiet", 0.01)))
  a, b = (sound.read_folder(f, Reading(seconds=0.5, mel=20)).train.x for f in (loud, quiet))
  np.testing.assert_allclose(a, b, atol=0.2)
  a, b = (
    sound.read_folder(f, Reading(seconds=0.5, mel=20, keep_gain=True)).train.x
    for f in (loud, quiet)
  )
  assert (a - b).max() == pytest.approx(2 * np.log10(80), abs=0.3)


def test_rates_are_brought_to_one_and_length_and_kind_are_fixed(tmp_path):
  narrow = folder_of(tmp_path / "narrow", rate=8_000)
  wide = folder_of(tmp_path / "wide")
  found = [data.read(str(f), reading=Reading(seconds=0.4, mel=20)) for f in (narrow, wide)]
  for domain in found:
    assert domain.kind == "series" and domain.classes == ("high", "low")
    assert domain.train.x.shape == (8, 24, 20, 1) and domain.train.x.dtype == np.float32
    assert len(domain.test.y) == 2
  assert (
    found[0].train.x[:, 3].argmax(axis=1).tolist() == found[1].train.x[:, 3].argmax(axis=1).tolist()
  )
  assert "10 recordings of 8000 Hz, resampled to 16000 Hz" in found[0].notes[0]
  assert "10 longer ones cut" in found[0].notes[0] and "gain taken out" in found[0].notes[0]


def test_a_table_of_recordings(tmp_path):
  pytest.importorskip("pyarrow")
  folder_of(tmp_path)
  rows = [f"{name}/{i}.wav,{name}" for name in ("high", "low") for i in range(5)]
  (tmp_path / "all.csv").write_text("\n".join(["path,label", *rows]))
  domain = data.read(str(tmp_path / "all.csv"), reading=Reading(seconds=0.5))
  assert domain.kind == "series" and domain.train.x.shape[2] == 64
  (tmp_path / "mixed.csv").write_text("\n".join(["path,label", *rows, "a.png,low"]))
  with pytest.raises(ValueError, match=r"row 11 is 'a.png': give an image .*, or recordings alone"):
    data.read(str(tmp_path / "mixed.csv"))


def test_what_does_not_decode_is_named(tmp_path):
  folder_of(tmp_path)
  (tmp_path / "low/9.wav").write_bytes(b"RIFF nothing")
  with pytest.raises(ValueError, match="does not decode as sound: replace it or remove it"):
    data.read(str(tmp_path))
  (tmp_path / "low/9.wav").unlink()
  with pytest.raises(ValueError, match="--mel 0"):
    data.read(str(tmp_path), reading=Reading(mel=0))


def test_silent_and_cut_recordings_are_refused(tmp_path):
  write(tmp_path / "a.wav", np.zeros(800))
  with pytest.raises(ValueError, match=r"a.wav is silent: replace it or remove it"):
    sound.read(tmp_path / "a.wav")
  write(tmp_path / "b.wav", tone(300))
  whole = (tmp_path / "b.wav").read_bytes()
  (tmp_path / "b.wav").write_bytes(whole[:900])
  with pytest.raises(
    ValueError, match=r"b.wav is cut short: its header says 16044 bytes, and it has"
  ):
    sound.read(tmp_path / "b.wav")
  (tmp_path / "b.wav").write_bytes(whole[:4] + b"\xff" * 4 + whole[8:])  # as a pipe writes it
  assert len(sound.read(tmp_path / "b.wav")[0]) == 8000
