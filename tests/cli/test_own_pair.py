"""A user's own pair from the command line: tasks, names, default settings, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from adapt import data
from adapt.cli.own_pair import pair_of, pairs_of
from adapt.experiments import own_data
from adapt.experiments.suite import IMAGES, VECTORS


def save(path, shape=(80, 3), dtype=np.float32, **extra):
  rng = np.random.default_rng(0)
  x = (rng.uniform(0, 255, shape)).astype(dtype)
  path.parent.mkdir(parents=True, exist_ok=True)
  np.savez(path, x=x, y=np.arange(shape[0]) % 2, **extra)
  return str(path)


def test_vectors_and_images_get_the_settings_of_their_kind(tmp_path):
  a, b = save(tmp_path / "a.npz"), save(tmp_path / "b.npz")
  pair = pair_of(["--source", a, "--target", b])
  assert (pair.task.name, pair.settings) == ("a_b", VECTORS)
  assert pair.domains("b").train.x.shape == (64, 3)
  a, b = (save(tmp_path / f"{n}.npz", (80, 20, 20), np.uint8) for n in "cd")
  assert pair_of(["--source", a, "--target", b]).settings == IMAGES
  a, b = (save(tmp_path / f"{n}.npz", (80, 32, 32, 3), np.uint8) for n in "ef")
  assert pair_of(["--source", a, "--target", b]).settings.model == "dtn"


def test_the_batch_is_no_larger_than_the_smaller_side(tmp_path):
  a, b = save(tmp_path / "a.npz"), save(tmp_path / "b.npz", (50, 3))
  assert pair_of(["--source", a, "--target", b]).settings == VECTORS._replace(batch_size=40)


def test_two_files_of_one_name_are_told_apart_by_their_folders(tmp_path):
  a, b = save(tmp_path / "old/data.npz"), save(tmp_path / "new/data.npz")
  task = pair_of(["--source", a, "--target", b]).task
  assert (task.name, task.source, task.target) == ("old_data_new_data", ("old_data",), "new_data")
  with pytest.raises(ValueError, match="name two different sets"):
    pair_of(["--source", a, "--target", a])


def test_four_files_in_one_folder(tmp_path):
  for name in ("source", "target"):
    np.save(tmp_path / f"{name}_data.npy", np.ones((10, 2), np.float32))
    np.save(tmp_path / f"{name}_labels.npy", np.arange(10) % 2)
  pair = pair_of(["--data", str(tmp_path)])
  names = tuple(f"{tmp_path.name}_{role}" for role in ("source", "target"))
  assert (*pair.task.source, pair.task.target) == names


def test_several_sources(tmp_path):
  a, b, c = (save(tmp_path / f"{n}.npz") for n in "abc")
  task = pair_of(["--source", a, b, "--target", c]).task
  assert (task.name, task.source) == ("a+b_c", ("a", "b"))


def test_auto_keeps_some_of_several_sources(tmp_path):
  every = [save(tmp_path / f"{n}.npz", (80 + i, 3)) for i, n in enumerate("abc")]
  target = save(tmp_path / "t.npz")
  found = pair_of(["--source", "auto", *every, "--target", target])
  task = found.task
  assert len(task.source) == 2 and set(task.source) < set("abc") and task.target == "t"
  assert found.notes[0].startswith("--source auto keeps ")
  for given, said in ((every[:2], "3 sources or more"), ([], "give --source")):
    with pytest.raises(ValueError, match=said):
      pair_of(["--source", "auto", *given, "--target", target])
  with pytest.raises(ValueError, match="leave it out"):
    pairs_of(["--source", "auto", *every, "--each"])


def test_no_pair_or_two_of_them_is_refused(tmp_path):
  with pytest.raises(ValueError, match="give --source and --target, or --data"):
    pair_of(["--method", "dann"])
  with pytest.raises(ValueError, match="leave out --source, --target and --each"):
    pair_of(["--data", "somewhere", "--target", "b.npz"])


def picture_folder(root, classes, n=5, seed=0):
  rng = np.random.default_rng(seed)
  for name in classes:
    (root / name).mkdir(parents=True)
    for i in range(n):
      x = rng.integers(0, 255, (6, 6, 3)).astype(np.uint8)
      Image.fromarray(x).save(root / name / f"{i}.png")
  return str(root)


def test_each_kind_of_input_has_its_network(tmp_path):
  models = {kind: settings.model for kind, settings in own_data.SETTINGS.items()}
  a, b = save(tmp_path / "a.npz"), save(tmp_path / "b.npz")
  pair = pair_of(["--source", f"features:{a}", "--target", f"features:{b}"])
  assert pair.settings == own_data.SETTINGS["features"]
  assert (pair.settings.model, pair.task.name) == (models["features"], "a_b") == ("top", "a_b")
  a, b = (save(tmp_path / f"{n}.npz", (10, 40, 40, 3), np.uint8) for n in "cd")
  assert pair_of(["--source", a, "--target", b]).settings.model == models["large"]
  a, b = (picture_folder(tmp_path / n, ("x", "y")) for n in "ef")
  assert pair_of(["--source", a, "--target", b]).settings.model == models["large"]
  tokens = data.Split(np.zeros((4, 8), np.int32), None)
  assert own_data.kind(data.Domain("t", tokens, tokens, ())) == "tokens"


def test_classes_are_matched_by_name(tmp_path):
  source = picture_folder(tmp_path / "s", ("cat", "dog", "owl"))
  target = picture_folder(tmp_path / "t", ("dog", "owl"))  # labels 0 and 1 of its own
  pair = pair_of(["--source", source, "--target", target])
  domain = pair.domains("t")
  for split in (domain.train, domain.test):
    for i, label in enumerate(split.y):
      assert f"/{('cat', 'dog', 'owl')[label]}/" in split.x.name(i)
  assert domain.classes == ("cat", "dog", "owl")
  assert (domain.train.y.dtype, domain.test.y.dtype) == (np.int32, np.int32)
  data.check_pair([pair.domains("s")], domain, 4)


def test_a_target_class_that_no_source_has_is_named(tmp_path):
  source = picture_folder(tmp_path / "s", ("cat", "owl"))
  target = picture_folder(tmp_path / "t", ("ant", "cat", "owl"))
  pair = pair_of(["--source", source, "--target", target])
  with pytest.raises(ValueError, match=r"the target t has the classes 2 \(ant\), which no source"):
    data.check_pair([pair.domains("s")], pair.domains("t"), 4)


def test_numbers_are_matched_as_names_and_name_nothing_beside_names(tmp_path):
  source = picture_folder(tmp_path / "s", ("0", "1", "2"))
  target = picture_folder(tmp_path / "t", ("1", "2"))
  domain = pair_of(["--source", source, "--target", target]).domains("t")
  assert set(domain.train.y.tolist()) == {1, 2}
  named = picture_folder(tmp_path / "n", ("cat", "dog", "owl"))
  with pytest.raises(ValueError, match=r"t numbers its classes \(1, 2\) and n names them"):
    pair_of(["--source", named, "--target", target])
  mapping = ["--label-map", "owl=1,cat=2"]
  domain = pair_of(["--source", named, "--target", target, *mapping]).domains("t")
  assert set(domain.train.y.tolist()) == {0, 2}


def test_unlabelled_targets_stay_as_they_are(tmp_path):
  source = picture_folder(tmp_path / "s", ("cat", "dog"))
  picture_folder(tmp_path / "t", ("",), 6)
  domain = pair_of(["--source", source, "--target", str(tmp_path / "t")]).domains("t")
  assert domain.train.y is None


def test_several_folders_are_one_task_with_their_classes_together(tmp_path):
  names = {"a": ("cat", "dog"), "b": ("ant", "dog"), "t": ("ant", "cat")}
  a, b, t = (picture_folder(tmp_path / n, of) for n, of in names.items())
  pair = pair_of(["--source", a, b, "--target", t])
  assert (pair.task.name, pair.task.source) == ("a+b_t", ("a", "b"))
  sources, target = [pair.domains(n) for n in pair.task.source], pair.domains("t")
  assert [sorted(set(d.train.y.tolist())) for d in (*sources, target)] == [[0, 1], [1, 2], [0, 2]]
  assert max((d.classes for d in sources), key=len) == ("cat", "dog", "ant")
  data.check_pair(sources, target, 4)


def table(path, header, rows):
  path.write_text("\n".join([header, *rows]) + "\n")
  return str(path)


def test_table_columns_are_paired_by_name(tmp_path):
  rows = [f"{i},{100 + i},{i % 2}" for i in range(10)]
  a = table(tmp_path / "a.csv", "age,height,label", rows)
  turned = [",".join(r.split(",")[k] for k in (1, 2, 0)) for r in rows]
  b = table(tmp_path / "b.csv", "height,label,age", turned)
  pair = pair_of(["--source", a, "--target", b])
  x, y = (pair.domains(n).train.x for n in "ab")
  np.testing.assert_array_equal(x, y)
  c = table(tmp_path / "c.csv", "age,size,label", rows)
  message = r"a.csv alone has 'height' and .*c.csv alone has 'size': give both the same feature"
  with pytest.raises(ValueError, match=message):
    pair_of(["--source", a, "--target", c])


def test_an_array_beside_a_table_is_in_its_order_and_says_so(tmp_path):
  rows = [f"{i},{100 + i},{i % 2}" for i in range(10)]
  array = save(tmp_path / "x.npz", (10, 2))
  b = table(tmp_path / "b.csv", "height,age,label", rows)
  x = pair_of(["--source", array, "--target", b]).domains("x")
  assert x.features == ("height", "age")
  assert f"names no columns: they are taken in the order of {b}'s" in x.notes[0]


def test_names_that_are_one_once_cleaned_are_told_apart_or_refused(tmp_path):
  a, b = save(tmp_path / "my set.npz"), save(tmp_path / "my_set.npz")
  with pytest.raises(
    ValueError, match=r"my set.npz' and '.*my_set.npz' are both '.*_my_set' in names of"
  ):
    pair_of(["--source", a, "--target", b])
  c = save(tmp_path / "new/my_set.npz")
  task = pair_of(["--source", a, "--target", c]).task
  assert (*task.source, task.target) == (f"{tmp_path.name}_my_set", "new_my_set")


def test_no_source_beside_another_flag_is_no_pair():
  with pytest.raises(ValueError, match="give --source and --target, or --data"):
    pair_of(["--data-dir", "x"])
  assert pair_of(["--data-dir", "x", "--help"]).task.target == ""


def hospitals(folder):
  """A table of three domains: texts, numbers, and gaps of both."""
  pytest.importorskip("pyarrow")
  lines = ["hospital,age,pain,target"]
  for k in range(30):
    name = ("north", "south", "1")[k % 3]
    lines.append(f"{name},{'?' if k < 12 else k},{'low' if k % 2 else 'high'},{k // 3 % 5}")
  (folder / "t.csv").write_text("\n".join(lines))
  return ["--data", str(folder / "t.csv"), "--domain-column", "hospital"]


def test_domains_are_the_values_of_a_column(tmp_path):
  table = hospitals(tmp_path)
  pair = pair_of(
    [*table, "--source", "rest", "--target", "south", "--label-map", "no=0,yes=1|2|3|4"]
  )
  assert (pair.task.source, pair.task.target) == (("north", "1"), "south")
  south = pair.domains("south")
  assert (len(south.train.x) + len(south.test.x), south.classes) == (10, ("no", "yes"))
  assert not any("hospital" in name for name in south.features)
  assert south.features[:2] == ("age", "age missing")


def test_each_pairs_all_domains(tmp_path):
  table = hospitals(tmp_path)
  tasks = [p.task.name for p in pairs_of([*table, "--each"])]
  assert tasks == ["north_south", "north_1", "south_north", "south_1", "1_north", "1_south"]
  assert len(pairs_of([*table, "--each", "--source", "north", "1"])) == 2
  a, b, c = (save(tmp_path / f"{n}.npz") for n in "abc")
  tasks = [p.task.name for p in pairs_of(["--source", a, b, c, "--each"])]
  assert tasks == ["a_b", "a_c", "b_a", "b_c", "c_a", "c_b"]


@pytest.mark.parametrize(
  ("flags", "message"),
  [
    ("--source nroth --target 1", "t.csv column 'hospital' has no 'nroth': it has north, south, 1"),
    ("--source rest", "--source rest is all domains but --target: name that"),
    ("--source rest 1 --target south", "name that, and no other source"),
    (
      "--each --target 1",
      "--each pairs the domains of --source: give two or more, and no --target",
    ),
    ("--target 1", "give --source and --target"),
  ],
)
def test_domains_that_are_none_are_refused(tmp_path, flags, message):
  with pytest.raises(ValueError, match=message):
    pair_of([*hospitals(tmp_path), *flags.split()])


def test_a_table_of_domains_needs_its_column(tmp_path):
  table = hospitals(tmp_path)
  with pytest.raises(ValueError, match="is a file: name the column of domains by --domain-column"):
    pair_of([*table[:2], "--source", "north", "--target", "south"])
  with pytest.raises(ValueError, match=r"t.csv has no column 'h' for --domain-column: it has hosp"):
    pair_of([*table[:3], "h", "--source", "north", "--target", "south"])
  with pytest.raises(ValueError, match="--domain-column is of one table: give that by --data FILE"):
    pair_of([*table[2:], "--source", table[1], "--target", "a.npz"])


def test_labels_of_four_files_are_matched_by_their_values(tmp_path):
  for name, labels in (("source", [0, 1, 2]), ("target", [1, 2])):
    np.save(tmp_path / f"{name}_data.npy", np.ones((12, 2), np.float32))
    np.save(tmp_path / f"{name}_labels.npy", np.resize(labels, 12))
  target = pair_of(["--data", str(tmp_path)]).domains(f"{tmp_path.name}_target")
  assert set(target.train.y.tolist()) == {1, 2}


def of_masks(name):
  x = np.zeros((40, 16, 16, 3), np.uint8)
  split = data.Split(x, np.zeros((40, 16, 16), np.int32))
  return data.Domain(name, split, split, ("no", "yes"))


def test_a_named_set_says_itself_what_is_predicted(monkeypatch):
  made = {name: (lambda _, name=name: of_masks(name)) for name in ("ours", "theirs")}
  monkeypatch.setattr(data.domains, "NAMED", {**data.domains.NAMED, **made})
  asked = ["--source", "ours", "--target", "theirs"]
  settings = pair_of(asked).settings
  assert settings == pair_of([*asked, "--output", "pixels"]).settings
  assert settings == own_data.settings_of(of_masks("a"), output="pixels")._replace(
    batch_size=settings.batch_size
  )
  for output in ("values", "labels"):
    with pytest.raises(ValueError, match=f"--output is {output}, and ours has pixels: leave"):
      pair_of([*asked, "--output", output])
