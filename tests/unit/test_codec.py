"""What a user reads when a file of theirs is wrong."""

from datetime import date
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci import codec
from edgetpu_ci.config import Config
from edgetpu_ci.errors import ConfigError, DocumentError
from edgetpu_ci.model import Rule


def said(data: bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        codec.decode_yaml(data, Config, "edgetpu-ci.yml")
    return str(caught.value)


def test_unknown_key_names_its_place_and_the_likely_meaning() -> None:
    assert said(b"collect: []\nrules:\n- {match: a, maxx: 1}\n") == (
        'edgetpu-ci.yml: unknown key "rules[0].maxx"; did you mean "max"?'
    )


def test_unknown_key_without_a_likely_meaning_is_still_named() -> None:
    assert said(b"collect: []\nzzzzzz: 1\n") == 'edgetpu-ci.yml: unknown key "zzzzzz".'


def test_wrong_type_names_its_place() -> None:
    assert said(b"collect: []\nrules:\n- {match: a, max: fast}\n") == (
        "edgetpu-ci.yml: rules[0].max: expected a number, got text."
    )


def test_missing_key_is_named() -> None:
    assert said(b"collect: [{}]\n") == "edgetpu-ci.yml: collect[0]: `use` is missing."


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"quality_gates: {a: {minimum: 1}, code_coverage: {min: 50}}",
         'unknown key "quality_gates.code_coverage.min"; did you mean "minimum"?'),
        (b"quality_gates: {code_coverage: {of: 50}}",
         'unknown key "quality_gates.code_coverage.of"; there are: minimum, target, maximum.'),
        (b"rules: [{match: a, minimum: 3}]", 'unknown key "rules[0].minimum"; did you mean "min"?'),
        (b"quality_gates: {code_coverage: {minimum: high}}",
         "quality_gates.code_coverage.minimum: expected a number, got text."),
        (b"rules: [{match: a, max: 1}, {match: b, max: 1, severity: wran}]",
         'rules[1].severity: "wran" is none of: fail, warn; did you mean "warn"?'),
        (b"compare: {budget_seconds: -1}", "compare.budget_seconds: expected a number of at least 0."),
    ],
)  # fmt: skip
def test_a_fault_names_its_place_and_what_is_possible_there(data: bytes, words: str) -> None:
    assert said(data) == f"edgetpu-ci.yml: {words}"


class Dated(msgspec.Struct):
    reviewed: date | None = None
    plan: Literal["free", "team"] | None = None
    join: Literal["", "ours"] = ""


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({"reviewed": "last week"}, "it: reviewed: is no date; write it as 2026-01-31."),
        ({"plan": "teem"}, 'it: plan: "teem" is none of: free, team; did you mean "team"?'),
        ({"plan": "x"}, 'it: plan: "x" is none of: free, team.'),
        ({"join": "x"}, 'it: join: "x" is none of: "", ours.'),
    ],
)
def test_dates_and_choices_say_what_is_allowed(plain: object, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        codec.convert(plain, Dated, "it")
    assert str(caught.value) == words


def test_bad_yaml_names_line_and_column() -> None:
    assert said(b"collect: [\nrules: {\n").startswith("edgetpu-ci.yml is not valid YAML: line ")


def test_a_key_given_twice_is_refused_not_lost() -> None:
    assert "the key 'collect' is given twice" in said(b"collect: []\ncollect: []\n")


def test_text_that_is_not_utf8_says_so() -> None:
    assert said(b"collect: []\n# caf\xe9\n") == "edgetpu-ci.yml is not UTF-8 text (byte 17); save it as UTF-8."


def test_a_yaml_bomb_is_refused_before_it_grows() -> None:
    bomb = b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (k, k, b",".join([b"*%c" % (k - 1)] * 10)) for k in range(ord("b"), ord("j"))
    )
    assert "aliases" in said(bomb)
    assert "levels" in said(b"[" * 5000)


def test_an_empty_file_is_an_error_not_an_empty_configuration() -> None:
    assert said(b"") == "edgetpu-ci.yml: expected keys with values, got nothing."


def test_a_large_file_is_refused() -> None:
    assert "more than the" in said(b"#" * (codec.MAX_YAML_BYTES + 1))


@given(st.binary(max_size=300))
def test_any_bytes_give_a_configuration_or_one_sentence(data: bytes) -> None:
    try:
        codec.decode_yaml(data, Config, "f")
    except ConfigError as error:
        assert str(error).startswith("f")  # noqa: PT017 - either outcome is right


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["rules", "match", "max", "quality_gates", "minimum", "kpis", "use", "with", "a.b[0]"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(st.fixed_dictionaries({}, optional={"rules": PLAIN, "quality_gates": PLAIN, "kpis": PLAIN, "compare": PLAIN}))
def test_any_plain_data_gives_a_configuration_or_one_sentence(plain: object) -> None:
    try:
        codec.convert(plain, Config, "f")
    except ConfigError as error:
        assert str(error).startswith("f: ")  # noqa: PT017 - either outcome is right


@given(st.binary(max_size=300))
def test_any_bytes_give_a_document_or_one_sentence(data: bytes) -> None:
    try:
        codec.decode_json(data, Rule, "f")
    except DocumentError as error:
        assert str(error).startswith("f cannot be read")  # noqa: PT017 - either outcome is right


@given(
    st.builds(
        Rule,
        match=st.text(),
        min=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        exact=st.booleans(),
        owner=st.text(),
    )
)
def test_what_is_encoded_is_decoded_again(rule: Rule) -> None:
    assert codec.decode_json(codec.encode_json(rule), Rule, "f") == rule


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf"])
def test_a_limit_that_nothing_can_break_is_refused(number: str) -> None:
    assert f"{number} is not a number" in said(b"collect: []\nrules:\n- {match: a, max: %s}\n" % number.encode())


def test_a_key_of_the_wrong_type_reads_as_a_sentence() -> None:
    assert said(b"collect: []\nquality_gates: {1: {maximum: 3}}\n") == (
        "edgetpu-ci.yml: quality_gates: expected text, got a whole number."
    )
