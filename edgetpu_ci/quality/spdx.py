"""SPDX 2 JSON, also in GitHub's envelope: the packages of a bill of materials."""

from typing import Final

import msgspec
from msgspec import Struct

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.quality import foreign
from edgetpu_ci.quality.records import Inventory

_MAJOR: Final = "SPDX-2."


class _Package(Struct):
    name: str
    version: str | None = msgspec.field(default=None, name="versionInfo")
    id: str = msgspec.field(default="", name="SPDXID")


class _Relationship(Struct, rename={"kind": "relationshipType", "to": "relatedSpdxElement"}):
    kind: str = ""
    to: str = ""


class _Document(Struct, rename={"version": "spdxVersion", "describes": "documentDescribes"}):
    version: str
    packages: list[_Package] = []
    relationships: list[_Relationship] = []
    describes: list[str] = []


class _Envelope(Struct):
    sbom: _Document


def read(data: bytes, source: str) -> Inventory:
    """Its packages, without the one that the document describes."""
    document = _document(data, source)
    if not document.version.startswith(_MAJOR):
        raise DocumentError(f"{source} is {document.version[:40]!a}; SPDX 2 is read.")
    described = {one.to for one in document.relationships if one.kind == "DESCRIBES"} | set(document.describes)
    packages = [one for one in document.packages if not one.id or one.id not in described]
    return Inventory(components=frozenset((one.name, one.version or "") for one in packages))


def _document(data: bytes, source: str) -> _Document:
    keys = foreign.json(data, dict[str, msgspec.Raw], source)
    return foreign.json(data, _Envelope, source).sbom if "sbom" in keys else foreign.json(data, _Document, source)
