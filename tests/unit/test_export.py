"""The long table: every value of every report, and nothing that a spreadsheet would run."""

import io
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edgetpu_ci import export
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.model import Earlier
from tests.fakes import kpi_reports, reports
from tests.fakes.kpi_reports import figure
from tests.fakes.reports import HOSTILE


def csv(*measurements: object) -> pd.DataFrame:
    data = export.table([kpi_reports.report(measurements, ())], "csv")  # type: ignore[arg-type]
    return pd.read_csv(io.BytesIO(data), keep_default_na=False, dtype=str)


def test_each_measurement_of_each_report_is_a_row() -> None:
    both = [kpi_reports.kpis_all_well(), reports.regressed()]
    read = pd.read_csv(io.BytesIO(export.table(both, "csv")))
    assert len(read) == sum(len(report.run.measurements) for report in both)
    assert list(read["machine"].unique()) == ["repository", reports.MACHINE.key]


def test_a_row_has_value_unit_interval_and_what_was_before() -> None:
    moved = Earlier(value=97.3, n=149, moved=True)
    (row,) = csv(figure("build_success_rate", 84.33, n=134, interval=(77.2, 89.5), earlier=moved)).to_dict("records")
    assert (row["value"], row["unit"], row["n"], row["low"], row["high"]) == ("84.33", "%", "134", "77.2", "89.5")
    assert (row["earlier"], row["earlier_n"], row["moved"]) == ("97.3", "149", "True")
    assert row["at"] == "2026-03-04 05:06:07+00:00"


def test_what_is_not_known_is_empty_and_has_its_reason() -> None:
    (row,) = csv(figure("security_score", None, reason="not known: no scan in the last 7 days")).to_dict("records")
    assert (row["value"], row["n"], row["low"], row["moved"]) == ("", "", "", "")
    assert row["reason"] == "not known: no scan in the last 7 days"


@given(st.text(st.sampled_from("=+-@\t\r\n ':#[\x1b\u202eaA1") | st.characters(codec="utf-8")))
def test_no_name_is_a_formula_or_a_command_of_the_runner(name: str) -> None:
    data = export.table([kpi_reports.report([figure("tests", 1, name, reason=name)], ())], "csv").decode()
    assert len(data.split("\n")) == 3
    assert "::" not in data
    assert "##[" not in data
    for cell in pd.read_csv(io.StringIO(data), keep_default_na=False)[["subject", "reason"]].iloc[0]:
        assert not str(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_numbers_below_zero_stay_numbers() -> None:
    (row,) = csv(figure("cost_month_to_date_usd", -1.5)).to_dict("records")
    assert row["value"] == "-1.5"


def test_parquet_holds_names_as_they_are_with_types() -> None:
    data = export.table([kpi_reports.report([figure("tests", 1, f"={HOSTILE}", n=3)], ())], "parquet")
    read = pd.read_parquet(io.BytesIO(data))
    assert read["subject"][0] == f"={HOSTILE}"
    assert (str(read["at"].dtype), str(read["n"].dtype)) == ("datetime64[us, UTC]", "Int64")


def test_a_table_of_nothing_has_its_head() -> None:
    empty = replace(kpi_reports.kpis_all_well(), run=replace(kpi_reports.kpis_all_well().run, measurements=()))
    assert export.table([empty], "csv").decode().startswith("report,at,commit,")


def test_without_pandas_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ConfigError, match=r"pip install 'edgetpu-ci\[table\]'"):
        export.table([kpi_reports.kpis_all_well()], "csv")


def test_another_suffix_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"x\.xls cannot be written; name a file that ends in \.csv or \.parquet"):
        export.kind(Path("x.xls"))
