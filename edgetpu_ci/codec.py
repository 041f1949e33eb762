"""The one door for YAML and JSON: text in, checked records out, and back."""

import json
from math import inf, isfinite
from typing import Any, TypeVar

import msgspec
import yaml

from edgetpu_ci import misfit
from edgetpu_ci.errors import ConfigError, DocumentError

T = TypeVar("T")

MAX_YAML_BYTES = 1 << 20
MAX_JSON_BYTES = 16 << 20
_MAX_ALIASES = 40
_MAX_DEPTH = 40


def decode_json(data: bytes, into: type[T], source: str, most: int = MAX_JSON_BYTES) -> T:
    """Decode a stored document of at most so many bytes; DocumentError names `source` when it is none of ours."""
    if len(data) > most:
        raise DocumentError(f"{source} has {len(data):,} bytes, more than the {most:,} a document may have.")
    try:
        return msgspec.json.decode(data, type=into)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DocumentError(f"{source} cannot be read: {error}.") from error


def decode_foreign_json(data: bytes, into: type[T], place: str, most: int = MAX_JSON_BYTES) -> T:
    """Decode other people's JSON, one line or a whole file; DocumentError names its place.

    NaN and Infinity, which are no JSON but often written, are let through for the reader to judge.
    """
    if len(data) > most:
        raise DocumentError(f"{place} has more than the {most:,} bytes that are read.")
    try:
        return msgspec.convert(json.loads(data), into)
    except (msgspec.ValidationError, ValueError, OverflowError, RecursionError) as error:
        raise DocumentError(f"{place} cannot be read: {error}.") from error


def encode_json(value: object) -> bytes:
    """Encode a record as indented JSON ending in a newline."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def encode_json_line(value: object) -> bytes:
    """Encode a record as JSON without a blank, for what nobody reads."""
    return msgspec.json.encode(value) + b"\n"


def decode_yaml(data: bytes, into: type[T], source: str) -> T:
    """Decode a configuration file; ConfigError names `source`, the place and the likely meaning."""
    return convert(load_yaml(data, source), into, source)


def encode_yaml(value: object) -> str:
    """Encode plain data as YAML, keys in the order given."""
    return yaml.safe_dump(
        msgspec.to_builtins(value), sort_keys=False, allow_unicode=True, width=120, default_flow_style=None
    )


def encode_yaml_lines(value: object) -> str:
    """The same with a line for each value, however long."""
    return yaml.safe_dump(msgspec.to_builtins(value), sort_keys=False, allow_unicode=True, width=inf)


def convert(value: object, into: type[T], source: str) -> T:
    """Check plain data against a record type; ConfigError names `source` and the path."""
    try:
        return msgspec.convert(value, into)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source}: {misfit.explain(str(error), value, into)}") from error


def load_yaml(data: bytes, source: str) -> Any:  # noqa: ANN401 - what a YAML file holds is unknown until converted
    """Parse YAML from someone else's hands: capped in size, depth and aliases; no duplicate keys."""
    if len(data) > MAX_YAML_BYTES:
        raise ConfigError(
            f"{source} has {len(data):,} bytes, more than the {MAX_YAML_BYTES:,} a configuration may have."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{source} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from error
    try:
        _refuse_bombs(text, source)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader is a SafeLoader
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        where = f" line {place.line + 1}, column {place.column + 1}:" if place else ""
        raise ConfigError(f"{source} is not valid YAML:{where} {error.problem or error.context}.") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{source} is not valid YAML: {error}.") from error


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a key given twice, which would lose the first, and numbers no limit can be."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the base class's signature
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen and key.value != "<<":
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} is given twice", key.start_mark
                )
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return super().construct_mapping(node, deep)


def _finite(loader: _Loader, node: yaml.ScalarNode) -> float:
    value = loader.construct_yaml_float(node)
    if not isfinite(value):
        # Nothing is above .nan, so as a limit it would hold for everything.
        raise yaml.constructor.ConstructorError(None, None, f"{node.value} is not a number", node.start_mark)
    return value


_Loader.add_constructor("tag:yaml.org,2002:float", _finite)


def _refuse_bombs(text: str, source: str) -> None:
    depth = aliases = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        aliases += isinstance(event, yaml.AliasEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if aliases > _MAX_ALIASES or depth > _MAX_DEPTH:
            raise ConfigError(
                f"{source} has more than {_MAX_ALIASES} aliases or {_MAX_DEPTH} levels; write it out plainly."
            )
