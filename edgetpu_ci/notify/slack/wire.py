"""How Slack's SDK sends: by itself it takes the token along wherever it is redirected, and reads whatever drips."""

from email.message import Message
from io import BytesIO
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request

from slack_sdk import WebClient
from slack_sdk.web.file_upload_v2_result import FileUploadV2Result
from slack_sdk.webhook import WebhookClient, WebhookResponse

from edgetpu_ci.notify.slack.patience import QUIET, Patience
from edgetpu_ci.transport.answer import ERRORS, UNANSWERED, Answer
from edgetpu_ci.transport.plain import Plain
from edgetpu_ci.world import World


class SilenceError(Exception):
    """No answer, or none in time; the text is the kind of trouble, which holds no secret."""


class Wire:
    """One service, within one deadline: each request goes to its own address and nowhere else."""

    def __init__(self, world: World) -> None:
        self.patience = Patience(world)
        self._plain = Plain("Slack", world)

    def send(self, url: str, data: bytes, headers: dict[str, str]) -> Answer:
        """The answer, whatever it is; SilenceError without one."""
        answer = self._plain.post(url, data, headers, self.patience.timeout)
        if answer.status == UNANSWERED:
            raise SilenceError(answer.why)
        return answer

    def ask(self, url: str, request: Request) -> Answer:
        """The same of a request of the SDK."""
        data = request.data if isinstance(request.data, bytes) else b""
        return self.send(url, data, dict(request.header_items()))


class Client(WebClient):
    """The SDK's client of the API."""

    def __init__(self, wire: Wire, token: str, base_url: str) -> None:
        super().__init__(token=token, base_url=base_url, retry_handlers=[wire.patience], logger=QUIET)
        self._wire = wire

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        answer = self._wire.ask(url, req)
        return {"status": answer.status, "headers": answer.headers, "body": _text(answer)}

    def _upload_file(self, *, url: str, data: bytes, **_: object) -> FileUploadV2Result:
        answer = self._wire.send(url, data, {})
        return FileUploadV2Result(status=answer.status, body="")


class Hook(WebhookClient):
    """The SDK's client of an incoming webhook."""

    def __init__(self, wire: Wire, url: str) -> None:
        super().__init__(url, retry_handlers=[wire.patience], logger=QUIET)
        self._wire = wire

    def _perform_http_request_internal(self, url: str, req: Request) -> WebhookResponse:
        answer = self._wire.ask(url, req)
        if answer.status >= ERRORS:
            raise HTTPError("", answer.status, "", _message(answer), BytesIO(answer.data))
        return WebhookResponse(url=url, status_code=answer.status, body=_text(answer), headers=dict(answer.headers))


def _text(answer: Answer) -> str:
    return answer.data.decode(errors="replace")


def _message(answer: Answer) -> Message:
    """Headers as urllib has them."""
    found = Message()
    for name, value in answer.headers.items():
        found[name] = value
    return found
