"""What GitHub counts a GraphQL query for, and what it refuses as too much."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    value_from_ast_untyped,
)

MOST_NODES: Final = 500_000
MOST_IDS: Final = 100
MOST_ITEMS: Final = 100
_PER_POINT: Final = 100


@dataclass(frozen=True, kw_only=True)
class Weight:
    """What GitHub counts a query for."""

    points: int
    nodes: int


class _Asked(NamedTuple):
    """A list in a query: how many parents it is asked of, and how it is limited (`first`, `last`, `ids` or not)."""

    name: str
    parents: int
    limit: str
    size: int


def weigh(document: DocumentNode, variables: Mapping[str, Any]) -> Weight:
    """By GitHub's formula: a request for each list of each parent, a hundred a point; every item a node."""
    lists = _all(document, variables)
    requests, nodes = sum(one.parents for one in lists), sum(one.parents * one.size for one in lists)
    return Weight(points=max(1, round(requests / _PER_POINT)), nodes=nodes)


def faults(document: DocumentNode, variables: Mapping[str, Any]) -> list[dict[str, str]]:
    """The errors for a query that GitHub understands and refuses, in its words."""
    found = [fault for one in _all(document, variables) if (fault := _fault(one))]
    nodes = weigh(document, variables).nodes
    if nodes > MOST_NODES:
        message = f"This query requests up to {nodes:,} possible nodes which exceeds the maximum limit of 500,000."
        found.append({"type": "MAX_NODE_LIMIT_EXCEEDED", "message": message})
    return found


def _fault(one: _Asked) -> dict[str, str] | None:
    if one.limit == "ids" and one.size > MOST_IDS:
        message = f"You may not provide more than {MOST_IDS} node ids; you provided {one.size}."
        return {"type": "ARGUMENT_LIMIT", "message": message}
    if not one.limit:
        message = f"You must provide a `first` or `last` value to properly paginate the `{one.name}` connection."
        return {"type": "MISSING_PAGINATION_BOUNDARIES", "message": message}
    if one.limit != "ids" and not 0 <= one.size <= MOST_ITEMS:
        exceeds = f"exceeds the `{one.limit}` limit of {MOST_ITEMS} records"
        message = f"Requesting {one.size} records on the `{one.name}` connection {exceeds}."
        return {"type": "EXCESSIVE_PAGINATION", "message": message}
    return None


def _all(document: DocumentNode, variables: Mapping[str, Any]) -> list[_Asked]:
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return [found for operation in operations for found in _lists(operation, 1, fragments, variables)]


def _lists(node: Any, parents: int, fragments: Mapping[str, Any], variables: Mapping[str, Any]) -> Iterator[_Asked]:
    """Each list below a node; one of which only the count is asked is none."""
    for chosen in node.selection_set.selections if node.selection_set else ():
        if isinstance(chosen, FragmentSpreadNode):
            yield from _lists(fragments[chosen.name.value], parents, fragments, variables)
            continue
        asked = _asked(chosen, parents, variables) if isinstance(chosen, FieldNode) else None
        if asked:
            yield asked
        yield from _lists(chosen, parents * (asked.size if asked else 1), fragments, variables)


def _asked(chosen: FieldNode, parents: int, variables: Mapping[str, Any]) -> _Asked | None:
    named = {argument.name.value: argument.value for argument in chosen.arguments or ()}
    given = {name: value_from_ast_untyped(value, dict(variables)) for name, value in named.items()}
    name = chosen.name.value
    if "ids" in given:
        return _Asked(name, parents, "ids", len(given["ids"]))
    for limit in ("first", "last"):
        if given.get(limit) is not None:
            return _Asked(name, parents, limit, int(given[limit]))
    below = chosen.selection_set.selections if chosen.selection_set else ()
    if any(isinstance(one, FieldNode) and one.name.value in {"nodes", "edges"} for one in below):
        return _Asked(name, parents, "", 0)
    return None
