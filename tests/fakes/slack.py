"""What Slack refuses, by its documents: written anew, not with the numbers of the code it tests."""

import json
import re
from collections.abc import Iterator
from typing import Any

_SPECIAL = re.compile(r"<([^<>]*)>")
_OURS = re.compile(r"https?://[^|<>]+(\|[^|<>]*)?|!date\^\d+\^[^^|<>]*(\^[^|<>]*)?\|[^|<>]*")


def faults(message: dict[str, Any]) -> list[str]:
    """Everything Slack would refuse a message for."""
    blocks = message.get("blocks", [])
    found = [f"{len(blocks)} blocks"] if len(blocks) > 50 else []
    if len(json.dumps(blocks, ensure_ascii=False)) > 13_200:
        found.append("msg_blocks_too_long")
    if not 0 < len(message.get("text", "").encode()) <= 4000:
        found.append("text")
    if sum(block["type"] == "table" for block in blocks) > 1:
        found.append("two tables")
    return found + [fault for block in blocks for fault in _of_block(block)]


def _of_block(block: dict[str, Any]) -> Iterator[str]:
    match block["type"]:
        case "header":
            yield from _of_text(block["text"], 150, {"plain_text"})
        case "section":
            yield from _of_section(block)
        case "context":
            yield from _of_count("context", block["elements"], 10)
            for element in block["elements"]:
                yield from _of_text(element, 3000)
        case "table":
            yield from _of_table(block)
        case other:
            yield f"unsupported type {other}"


def _of_section(block: dict[str, Any]) -> Iterator[str]:
    if not block.get("text") and not block.get("fields"):
        yield "an empty section"
    if "text" in block:
        yield from _of_text(block["text"], 3000)
    if "fields" in block:
        yield from _of_count("fields", block["fields"], 10)
        for field in block["fields"]:
            yield from _of_text(field, 2000)


def _of_table(table: dict[str, Any]) -> Iterator[str]:
    yield from _of_count("rows", table["rows"], 100)
    yield from _of_count("column_settings", table["column_settings"], 20)
    for row in table["rows"]:
        yield from _of_count("cells", row, 20)
        if len(row) != len(table["rows"][0]):
            yield "rows of different lengths"
        if any(not cell["text"] for cell in row):
            yield "an empty cell"


def _of_count(name: str, of: list[Any], most: int) -> Iterator[str]:
    if not 0 < len(of) <= most:
        yield f"{len(of)} {name}"


def _of_text(text: dict[str, Any], most: int, kinds: set[str] | None = None) -> Iterator[str]:
    if text["type"] not in (kinds or {"plain_text", "mrkdwn"}):
        yield f"a text of type {text['type']}"
    if not 0 < len(text["text"].encode("utf-16-le")) // 2 <= most:
        yield f"{len(text['text'])} of {most} characters"


def active(value: object) -> list[str]:
    """Every mention and other special sign in a message, without the links and dates that we write ourselves.

    Looks into all text, whether Slack would format it or not.
    """
    if isinstance(value, dict) and value.get("type") == "mrkdwn" and not value.get("verbatim"):
        return ["text in which Slack would look for links and names"]
    if isinstance(value, dict):
        return [found for each in value.values() for found in active(each)]
    if isinstance(value, list):
        return [found for each in value for found in active(each)]
    if not isinstance(value, str):
        return []
    special = [found for found in _SPECIAL.findall(value) if not _OURS.fullmatch(found)]
    rest = _SPECIAL.sub("", value)
    return [*special, *re.findall("[<>]", rest), *re.findall(r"@(?:channel|here|everyone)", rest)]
