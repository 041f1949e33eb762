"""Remote write's bytes: read by protobuf's own library they are what was meant, whatever the labels are."""

from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci.exposition.record import Family, Sample
from edgetpu_ci.telemetry.push import batches, snappy, write_request
from tests.fakes import written

NOW = 1_795_644_021_951
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
LABELS = st.dictionaries(st.sampled_from(["repo", "Branch", "machine", "z"]), TEXT).map(
    lambda found: tuple(found.items())
)


@given(st.lists(st.tuples(LABELS, st.floats(allow_nan=False)), max_size=5))
def test_every_series_is_there_with_its_labels_in_order_and_none_that_is_empty(
    given_samples: list[tuple[tuple[tuple[str, str], ...], float]],
) -> None:
    family = Family(name="edgetpu_ci_x", help="", samples=[Sample(*one) for one in given_samples])
    assert written.read(write_request.encode([family], NOW)) == [
        (sorted([("__name__", "edgetpu_ci_x"), *(pair for pair in labels if pair[1])]), [(value, NOW)])
        for labels, value in given_samples
    ]


@given(st.binary(min_size=1, max_size=300) | st.sampled_from([b"x" * 70_000, b"y" * (1 << 21)]))
def test_a_snappy_block_holds_what_was_wrapped(data: bytes) -> None:
    assert written.unwrapped(snappy.wrapped(data)) == data


def test_no_request_has_more_samples_than_it_may_and_none_is_lost() -> None:
    sizes = (3, 0, 12, 1, 4, 5)
    families = [
        Family(name=f"x{place}", help="", samples=[Sample((), float(n)) for n in range(size)])
        for place, size in enumerate(sizes)
    ]
    cut = list(batches.cut(families, 5))
    assert [batches.count(batch) for batch in cut] == [3, 5, 5, 3, 4, 5]
    assert [s.value for batch in cut for one in batch for s in one.samples] == [
        n for size in sizes for n in range(size)
    ]
    assert [[one.name for one in batch] for batch in batches.whole(families, 5)] == [
        ["x0", "x1"],
        ["x2"],
        ["x3", "x4"],
        ["x5"],
    ]
    assert next([one.name for one in batch] for batch in batches.whole(families[2:], 5)) == ["x2"]


def test_no_request_names_more_families_than_a_query_for_them_may() -> None:
    families = [Family(name=f"x{place}", help="", samples=[Sample((), 1)]) for place in range(301)]
    assert [len(batch) for batch in batches.whole(families, 1000)] == [150, 150, 1]
