"""The files of a folder of records: what there is of each suite, and what differs from what lies there."""

import sample_records

from adapt.report import result_files


def records():
  return [sample_records.make(label=label) for label in ("source_only", "dann")]


def test_every_suite_has_three_formats_and_all_have_their_costs(tmp_path):
  several = [*records(), sample_records.make(suite="letters")]
  found = result_files.generated(several, tmp_path, tmp_path / "tables", {})
  names = {path.relative_to(tmp_path).as_posix() for path in found}
  kinds = [f"tables/{n}.{k}" for n in ("digits", "letters", "costs") for k in ("md", "tex", "csv")]
  assert names == {*kinds, "index.html"}
  elsewhere = result_files.generated(several, tmp_path, tmp_path / "mine", {})
  assert tmp_path / "mine" / "index.html" in elsewhere


def test_the_page_shows_the_measure_of_a_suite_s_tables(tmp_path):
  made = records()
  for record, value in zip(made, (0.25, 0.75), strict=True):
    record["last"]["f1"] = [value] * 3
  known = {"digits": sample_records.SUITE._replace(measure="f1")}
  text = result_files.generated(made, tmp_path, tmp_path / "tables", known)[tmp_path / "index.html"]
  assert '"measure":"f1"' in text and '"v":[75.0,75.0,75.0]' in text and ">+50.0<" in text
  text = result_files.generated(made, tmp_path, tmp_path / "tables", {})[tmp_path / "index.html"]
  assert '"measure":"accuracy"' in text and ">+50.0<" not in text


def test_blocks_are_filled_and_all_else_stays():
  text = "a\n<!-- results:digits -->\nold\n<!-- /results -->\nz\n"
  made = result_files.filled(text, records(), {"digits": sample_records.SUITE})
  assert made.startswith("a\n<!-- results:digits -->") and made.endswith("<!-- /results -->\nz\n")
  assert "| dann (3)" in made and "\nold\n" not in made
  assert "No records yet" in result_files.filled(text, [], {})
  assert "\nit\n" in result_files.filled(text, [], {}, {"digits": "it"})


def test_differences_are_lines_of_a_diff_and_files_without_records(tmp_path):
  (tmp_path / "a.md").write_text("one\ntwo\n")
  (tmp_path / "gone.md").write_text("")
  files = {tmp_path / "a.md": "one\nthree\n"}
  lines = result_files.differences(files, tmp_path)
  assert "-two" in lines and "+three" in lines and "-one" not in lines
  assert lines[-1].endswith("gone.md: no records, delete it")
  (tmp_path / "gone.md").unlink()
  assert result_files.differences({tmp_path / "a.md": "one\ntwo\n"}, tmp_path) == []
