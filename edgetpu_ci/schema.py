"""The JSON Schema of the configuration, with the options of every plugin, for editors."""

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from edgetpu_ci import collect, config, notify, plugins, publish, store
from edgetpu_ci.telemetry import aggregator

_Families = Mapping[str, Mapping[str, plugins.Plugin]]

_SINGLE: Final = {"store", "aggregator"}
"""Families of which there is one step, not a list."""


def text() -> str:
    """The schema as indented JSON."""
    return json.dumps(document(), indent=2) + "\n"


def document() -> dict[str, Any]:
    """The schema: the configuration's own, with a step's `with` bound to the plugin its `use` names."""
    families: _Families = {
        "collect": collect.COLLECTORS,
        "kpis": collect.COLLECTORS,
        "store": store.STORES,
        "publish": publish.PUBLISHERS,
        "notify": notify.NOTIFIERS,
        "aggregator": aggregator.AGGREGATORS,
    }
    options = [plugin.Options for family in families.values() for plugin in family.values()]
    (root, *parts), components = msgspec.json.schema_components(
        [config.Config, *options], ref_template="#/$defs/{name}"
    )
    del root
    # Every plugin's record is called Options: keep each under its family and name.
    return _assemble(components, families, dict(zip(_names(families), parts, strict=True)))


def _names(families: _Families) -> list[tuple[str, str]]:
    return [(family, name) for family, found in families.items() for name in found]


def _assemble(
    components: dict[str, Any],
    families: _Families,
    options: Mapping[tuple[str, str], dict[str, Any]],
) -> dict[str, Any]:
    schema = dict(components["Config"])
    records = {"Alerting": dict(components["Alerting"]), "Logs": dict(components["Logs"])}
    places = {"notify": records["Alerting"], "aggregator": records["Logs"]}
    for family, found in families.items():
        steps = {"oneOf": [_step(name, options[family, name]) for name in found]}
        properties = places.get(family, schema)["properties"]
        properties[family] = steps if family in _SINGLE else {**properties[family], "items": steps}
    parts = {name: part for name, part in components.items() if name not in {"Config", "Step", "Receiver"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "edgetpu-ci.yml",
        "$defs": parts | records | {"Stack": _stack(components, options)},
    }


def _stack(components: Mapping[str, Any], options: Mapping[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    """What is rendered, with the options of the ways by which Alertmanager tells."""
    ways = components["Receiver"]["properties"]["use"]["enum"]
    properties = components["Stack"]["properties"]
    told = {**properties["notify"], "items": {"oneOf": [_step(name, options["notify", name]) for name in ways]}}
    return {**components["Stack"], "properties": {**properties, "notify": told}}


def _step(name: str, options: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"use": {"const": name}, "with": options},
        "required": ["use"],
        "additionalProperties": False,
    }
