"""A runbook: which alerts it is for, what can be done at once, and what to read."""

from typing import Annotated

from msgspec import Meta, Struct, field

from edgetpu_ci.config.alerting import NAME, WORKFLOW

AlertName = Annotated[str, Meta(pattern=NAME)]


class Action(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to be done, within `timeout`: by `name` one of ours or of `alerting.actions`, or a `workflow`.

    `auto`: at once when an incident opens, once for each incident; else when somebody asks for it.
    """

    name: Annotated[str, Meta(pattern=f"{NAME}|^$")] = ""
    workflow: Annotated[str, Meta(pattern=WORKFLOW)] = ""
    inputs: dict[str, str] = field(default_factory=dict)
    auto: bool = False
    timeout: str = "10 min"

    @property
    def called(self) -> str:
        """How it is told apart from the others of its runbook."""
        return self.name or self.workflow


class Runbook(Struct, frozen=True, kw_only=True):
    """`file` is where it lies in the repository, empty of one in short form; `text` is its Markdown alone."""

    name: str
    file: str = ""
    triggers: tuple[AlertName, ...] = ()
    actions: tuple[Action, ...] = ()
    text: str = ""

    @property
    def place(self) -> str:
        """Where it stands: its file, or its key in the configuration."""
        return self.file or f"alerting.runbooks.{self.name}"

    @property
    def title(self) -> str:
        """Its first heading, else its name."""
        heads = (line[2:].strip() for line in self.text.splitlines() if line.startswith("# "))
        return next(heads, self.name)
