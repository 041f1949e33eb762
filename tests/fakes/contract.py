"""GitHub's own description of its API, as the judge of what we send and of what our fake answers."""

import copy
import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.paths.finders import APICallPathFinder
from openapi_core.testing import MockRequest, MockResponse

HOST = "http://contract.test"
_JSON = "application/json"


class Contract:
    """Requests and answers are checked; an example of an answer can be had."""

    def __init__(self, description: dict[str, Any]) -> None:
        self._description = {**description, "servers": [{"url": HOST}]}
        self._api = OpenAPI.from_dict(self._description)

    def faults(self, verb: str, target: str, body: bytes, status: int, answer: bytes) -> list[str]:
        """What is wrong with a request and, where the description knows its status, with the answer to it."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        request = MockRequest(HOST, verb.lower(), parts.path, args=query, data=body or None, content_type=_JSON)
        try:
            operation = APICallPathFinder(self._api.spec, base_url=HOST).find(verb.lower(), HOST + parts.path).operation
        except OpenAPIError as error:
            return [f"{verb} {target}: {error}"]
        declared = self._resolve(operation.read_value())
        known = {self._resolve(parameter)["name"] for parameter in declared.get("parameters", ())}
        found = [f"{verb} {target}: there is no parameter {name}" for name in query.keys() - known]
        checks = [lambda: self._api.validate_request(request)]
        if answer and str(status) in declared["responses"]:
            response = MockResponse(answer, status_code=status, content_type=_JSON)
            checks.append(lambda: self._api.validate_response(request, response))
        return found + [f"{verb} {target}: {fault}" for check in checks if (fault := _fault(check))]

    def example(self, verb: str, path: str, status: int) -> Any:
        """A fresh copy of GitHub's own example of an answer."""
        answer = self._resolve(self._description["paths"][path][verb]["responses"][str(status)])
        examples = answer["content"][_JSON]["examples"]
        return copy.deepcopy(self._resolve(next(iter(examples.values())))["value"])

    def _resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            found: Any = self._description
            for key in node["$ref"].removeprefix("#/").split("/"):
                found = found[key]
            node = found
        return node


def _fault(check: Any) -> str:
    try:
        check()
    except OpenAPIError as error:
        inside = getattr(error.__cause__, "schema_errors", ())
        details = [f"{fault.message} in {list(fault.absolute_path)}" for fault in inside]
        return "; ".join(details)[:400] or str(error)
    return ""


@cache
def contract() -> Contract:
    """The slice beside this file, read once."""
    data = Path(__file__).with_name("github-api.json.gz").read_bytes()
    return Contract(json.loads(gzip.decompress(data)))
