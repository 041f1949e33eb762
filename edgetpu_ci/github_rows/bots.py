"""Telling programs from people: of people nothing is kept."""

from collections.abc import Collection
from typing import Final

from msgspec import Struct, field

_SUFFIX: Final = "[bot]"


class Account(Struct, frozen=True):
    """Who did something, as GraphQL shows it."""

    login: str = ""
    kind: str = field(name="__typename", default="")


class User(Struct, frozen=True):
    """The same as REST shows it."""

    login: str = ""
    kind: str = field(name="type", default="")


def name(account: Account | User | None, known: Collection[str]) -> str:
    """A program's name without "[bot]", empty for people: `known` are accounts of programs that GitHub calls users.

    None is an account that was deleted: it was somebody's.
    """
    if account is None:
        return ""
    if account.kind == "Bot" or account.login.endswith(_SUFFIX) or account.login in known:
        return account.login.removesuffix(_SUFFIX)
    return ""
