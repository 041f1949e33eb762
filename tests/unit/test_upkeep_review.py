"""Access reviews: what differs is found with the key, and nothing of a person without it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci import codec
from edgetpu_ci.upkeep import review, review_text
from edgetpu_ci.upkeep.access import Access, Grant
from edgetpu_ci.upkeep.review import Difference

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)
KEY = b"a long random text of the tests"

GRANTS = (
    Grant("collaborator", "Octo-Cat", "admin"),
    Grant("deploy key", "4711", "may read"),
    Grant("environment", "production", "required_reviewers"),
    Grant("hook", "12", "hears push"),
    Grant("secret", "INDEX_TOKEN", since=AT - timedelta(days=400)),
    Grant("token of workflows", "GITHUB_TOKEN", "read; may not approve pull requests"),
)
NOW = Access(GRANTS)

grants = st.lists(
    st.builds(
        Grant,
        kind=st.sampled_from(["collaborator", "outside collaborator", "hook", "secret", "environment"]),
        who=st.text("abcXYZ-019", min_size=1, max_size=8),
        what=st.sampled_from(["", "read", "admin"]),
    ),
    max_size=12,
    unique_by=lambda grant: (grant.kind, grant.who.lower()),
)


def test_nothing_differs_from_what_was_just_signed_off() -> None:
    assert review.differences(review.sign_off(NOW, KEY, "owner", AT), NOW, KEY) == []


def test_what_is_kept_names_no_person() -> None:
    kept = codec.encode_json(review.sign_off(NOW, KEY, "maintainer on duty", AT)).decode().lower()
    assert "octo" not in kept
    assert "4711" not in kept
    assert "index_token" in kept


def test_added_removed_and_changed_are_told_apart() -> None:
    done = review.sign_off(NOW, KEY, "owner", AT)
    now = Access(
        (
            Grant("collaborator", "octo-cat", "admin"),  # a login's capitals are none of it
            Grant("collaborator", "mona", "write"),
            Grant("deploy key", "4711", "may write"),
            *GRANTS[2:3],
            *GRANTS[4:],
        )
    )
    assert review.differences(done, now, KEY) == [
        Difference("collaborator", "mona", None, "write"),
        Difference("deploy key", "4711", "may read", "may write"),
        Difference("hook", "12", "hears push", None),
    ]
    assert review.counted(review.differences(done, now, KEY)) == (
        "1 collaborator added, 1 deploy key changed, 1 hook removed"
    )


def test_of_who_is_gone_only_a_pseudonym_is_known() -> None:
    done = review.sign_off(NOW, KEY, "owner", AT)
    (gone,) = review.differences(done, Access(GRANTS[1:]), KEY)
    assert (gone.how, gone.kind) == ("removed", "collaborator")
    assert "octo" not in gone.who.lower()


def test_a_secret_that_was_renewed_is_no_difference() -> None:
    renewed = Access((*GRANTS[:4], Grant("secret", "INDEX_TOKEN", since=AT), GRANTS[5]))
    assert review.differences(review.sign_off(NOW, KEY, "owner", AT), renewed, KEY) == []


def test_of_what_may_not_be_read_nobody_says_that_it_is_gone_or_new() -> None:
    blind = Access(GRANTS[1:], {"collaborator": "403"})
    assert review.differences(review.sign_off(NOW, KEY, "owner", AT), blind, KEY) == []
    assert review.differences(review.sign_off(blind, KEY, "owner", AT), NOW, KEY) == []


def test_pseudonyms_of_two_quarters_are_not_joined() -> None:
    one = review.sign_off(NOW, KEY, "owner", AT)
    other = review.sign_off(NOW, KEY, "owner", AT + timedelta(days=92))
    assert (one.period, other.period) == ("2026-Q4", "2027-Q1")
    people = [{entry.who for entry in done.entries if entry.kind == "collaborator"} for done in (one, other)]
    assert not people[0] & people[1]
    assert review.differences(one, NOW, KEY) == review.differences(other, NOW, KEY) == []


def test_another_key_is_known() -> None:
    done = review.sign_off(NOW, KEY, "owner", AT)
    assert review.is_keyed_by(done, KEY)
    assert not review.is_keyed_by(done, b"another long random text")


@given(before=grants, after=grants, key=st.binary(min_size=16, max_size=40))
def test_differences_are_those_of_the_plain_names(before: list[Grant], after: list[Grant], key: bytes) -> None:
    done = review.sign_off(Access(tuple(before)), key, "owner", AT)
    found = review.differences(done, Access(tuple(after)), key)
    personal = {"collaborator", "outside collaborator"}

    def known(some: list[Grant]) -> dict[tuple[str, str], str]:
        return {(g.kind, g.who.lower() if g.kind in personal else g.who): g.what for g in some}

    old, new = known(before), known(after)
    assert len(found) == sum(old.get(place) != new.get(place) for place in {*old, *new})
    assert sum(one.how == "added" for one in found) == len(new.keys() - old.keys())
    assert sum(one.how == "removed" for one in found) == len(old.keys() - new.keys())


@given(some=grants, key=st.binary(min_size=16, max_size=40))
def test_no_login_is_in_what_is_kept(some: list[Grant], key: bytes) -> None:
    people = [Grant("collaborator", f"{grant.who}-login", grant.what) for grant in some]
    kept = codec.encode_json(review.sign_off(Access(tuple(people)), key, "owner", AT)).decode()
    assert "-login" not in kept


def test_a_review_is_due_after_a_quarter() -> None:
    done = review.sign_off(NOW, KEY, "owner", AT)
    assert not review.is_due(done, 92, AT + timedelta(days=92))
    assert review.is_due(done, 92, AT + timedelta(days=92, seconds=1))


def test_what_is_shown_before_the_first_sign_off_is_everything() -> None:
    shown = list(review_text.lines(NOW, None, None, AT))
    assert shown[0].startswith("no review was signed off yet")
    assert "collaborator Octo-Cat: admin" in shown
    assert shown[-1] == "old      secret INDEX_TOKEN: not changed since 2025-09-28"


def test_what_could_not_be_read_is_never_everything() -> None:
    partly, blind = Access(GRANTS, {"hook": "403"}), Access((), {"hook": "403", "secret": "403"})
    assert next(iter(review_text.lines(partly, None, None, AT))).endswith("repository, as far as it could be read:")
    assert list(review_text.lines(blind, None, None, AT)) == [
        "no review was signed off yet; nothing of what may reach the repository could be read:",
        "unread   hook: 403",
        "unread   secret: 403",
    ]


def test_what_is_shown_after_it_is_what_differs() -> None:
    done = review.sign_off(NOW, KEY, "owner", AT)
    fewer = Access((*GRANTS[:1], Grant("deploy key", "4711", "may write"), *GRANTS[2:4], GRANTS[5]), {"secret": "403"})
    assert list(review_text.lines(fewer, done, KEY, AT)) == [
        "the last review was signed off 2026-11-02, by owner",
        "changed  deploy key 4711: may read before, now may write",
        "unread   secret: 403",
    ]
    assert "nothing differs from it" in list(review_text.lines(NOW, done, KEY, AT))
    assert "another key" in next(review_text.lines(NOW, done, b"another long random text", AT))
