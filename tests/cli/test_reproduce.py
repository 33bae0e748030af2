"""`adapt reproduce`: the list, what is run, the comparison, refusals."""

import pytest
import sample_records

from adapt.cli import bench, commands, reproduce


def test_lists_suites_with_published_rows(capsys):
  assert commands.main(["reproduce"]) == 0
  page = capsys.readouterr().out
  assert "surf " in page and "15 rows" in page and "quickstart" not in page
  assert "by recipe" in next(line for line in page.splitlines() if line.startswith("digits "))


def test_compares_what_is_there(tmp_path, capsys):
  sample_records.save(tmp_path, sample_records.make("mnist_usps", "dann", 0.9))
  argv = ["reproduce", "digits", "--compare-only", "--out", str(tmp_path)]
  assert commands.main(argv) == 0
  assert "published" in capsys.readouterr().out


def test_runs_the_methods_beside_the_rows(tmp_path, monkeypatch, capsys):
  ran = []
  monkeypatch.setattr(bench, "run", lambda argv: ran.append(argv) or 3)
  argv = ["reproduce", "surf", "--out", str(tmp_path), "--task", "surf_dslr_webcam"]
  assert commands.main(argv) == 3  # what the run gives
  [command] = ran
  assert command[:3] == ["surf", "nn", "svm_rbf"] and "otda-plan=exact" not in command
  assert command[-4:] == ["--out", str(tmp_path), "--task", "surf_dslr_webcam"]
  assert commands.main(["reproduce", "digits", "--out", str(tmp_path)]) == 3
  assert not [label for label in ran[1][1:-2] if "=" in label]
  assert "need --recipe paper: cdan, adda" in capsys.readouterr().out
  by_recipe = ["reproduce", "digits", "--recipe", "paper", "--out", str(tmp_path)]
  assert commands.main(by_recipe) == 3
  assert commands.main([*by_recipe, "--task", "mnist_usps"]) == 3
  assert ran[3][1:4] == ["cdan", "adda", "mean_teacher"] and ran[3][-2:] == ["--task", "mnist_usps"]
  assert (
    ran[2][1:2] == ["cdan"]
    and "shot" in ran[2]
    and ran[2][-4:] == ["--recipe", "paper", "--out", str(tmp_path)]
  )


@pytest.mark.parametrize(
  ("argv", "line"),
  [
    (["quickstart"], "quickstart has no published rows"),
    (["surff"], "did you mean surf"),
    (["--force"], "needs a suite"),
    (["--steps", "4"], "--steps stands before the suite's name: adapt reproduce NAME … --steps"),
    (["--steps", "4", "surf"], "--steps stands before the suite's name"),
    (["--compare-only", "surff"], "unknown suite 'surff' (did you mean surf"),
    (["surff", "--force"], "unknown suite 'surff' (did you mean surf"),
    (["surf", "--recipe", "paper"], "surf has no rows by recipe"),
    (["digits", "--recipe", "paper", "--task", "syndigits_svhn"], "by recipe on syndigits_svhn"),
    (["surf", "--explain", "TCA"], "surf has no row by recipe"),
    (["surf", "--compare-only", "--out", "EMPTY"], "no records of surf in"),
  ],
)
def test_refuses(argv, line, tmp_path, capsys):
  argv = [str(tmp_path) if word == "EMPTY" else word for word in argv]
  assert commands.main(["reproduce", *argv]) == 2
  assert line in capsys.readouterr().err


def test_every_flag_is_in_the_parser():
  assert {"--out", "--compare-only", "--explain", "--recipe"} <= set(
    reproduce.parser()._option_string_actions
  )
