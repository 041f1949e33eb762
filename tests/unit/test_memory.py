"""What collectors remember: packed whole, refused when it is not."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci import memory
from edgetpu_ci.errors import DocumentError


@given(st.dictionaries(st.text(), st.lists(st.integers())))
def test_what_was_packed_comes_back_and_packs_to_the_same_bytes(value: dict[str, list[int]]) -> None:
    packed = memory.pack(value)
    assert memory.unpack(packed, dict[str, list[int]], "rows") == value
    assert memory.pack(value) == packed


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"no archive", "rows in the store cannot be read"),
        (memory.pack([1, 2, 3])[:-9], "rows in the store ends too early"),
        (memory.pack({"a": 1}), "rows in the store cannot be read: Expected `array`"),
    ],
    ids=["no archive", "cut off", "of another kind"],
)
def test_a_damaged_value_is_refused_in_one_sentence(data: bytes, fault: str) -> None:
    with pytest.raises(DocumentError, match=fault):
        memory.unpack(data, list[int], "rows")


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(memory.MOST_BYTES + 1))
    with pytest.raises(DocumentError, match="too large"):
        memory.unpack(bomb, list[int], "rows")


def test_the_slower_of_two_does_not_overwrite() -> None:
    state = memory.Forgetful()
    assert state.swap("rows", None, b"first")
    assert not state.swap("rows", None, b"second")
    assert state.state("rows") == b"first"


def test_what_is_removed_was_never_set() -> None:
    state = memory.Forgetful()
    state.swap("rows", None, b"first")
    state.swap("cursor", None, b"1")
    assert not state.swap("rows", b"other", None)
    assert state.values() == ["cursor", "rows"]
    assert state.swap("rows", b"first", None)
    assert state.state("rows") is None
    assert state.values() == ["cursor"]
