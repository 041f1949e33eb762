"""Saying the digest in Slack, once a week in each place: said again, it is brought up to date."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from msgspec.structs import replace

from edgetpu_ci.digest import week
from edgetpu_ci.digest.record import Digest
from edgetpu_ci.errors import ConfigError, DeliveryError, MissingError, StoreError
from edgetpu_ci.model import Report
from edgetpu_ci.notify import slack
from edgetpu_ci.publish.notice import notify
from edgetpu_ci.render.slack import digest as rendering
from edgetpu_ci.store import Store
from edgetpu_ci.weekly.noted import LEASE, Note, Told
from edgetpu_ci.world import World

if TYPE_CHECKING:
    from edgetpu_ci.notify.slack.bot import Bot

Done = Literal["said", "updated", "said before"]

WEBHOOK: Final = "webhook"
"""The place of an incoming webhook, which has its channel already."""


def chart(report: Report) -> bytes:
    """Key figures as a picture (PNG); nothing where matplotlib is not installed."""
    from edgetpu_ci.render import chart as pictures

    try:
        return pictures.image(report, "png")
    except ModuleNotFoundError:
        return b""


@dataclass(frozen=True, kw_only=True)
class Telling:
    """One digest on its way to one place; `draw` makes its picture."""

    digest: Digest
    kpis: Report | None
    options: slack.Options
    store: Store
    world: World
    draw: Callable[[Report], bytes] = chart

    def tell(self) -> Done:
        """Say it, or bring it up to date; LaterError or DeniedError, and then the next run says it."""
        try:
            slack.check(self.options, self.world)
        except ConfigError as error:
            raise ConfigError(f"{error} With --dry-run the digest is printed.") from None
        token = self.world.env.get(self.options.token, "").strip()
        if token and not self.options.channel:
            raise ConfigError("No Slack channel is named for the digest: give --channel, or `channel` to notify.")
        note = Note(
            state=self.store,
            week=week.parse(self.digest.week),
            place=self.options.channel if token else WEBHOOK,
            world=self.world,
        )
        told, is_noted = self._taken(note)
        done, told = self._by_bot(token, note, told, is_noted=is_noted) if token else self._by_webhook(note, told)
        self._noted(note, replace(told, holds=None, said=self.world.now()))
        return done

    def _taken(self, note: Note) -> tuple[Told, bool]:
        """What is noted, and whether anything can be."""
        try:
            note.forget()
            return note.take(), True
        except StoreError as error:
            notify("warning", f"Where the digest is said cannot be noted: {error}", self.world)
            return Told(), False

    def _noted(self, note: Note, told: Told) -> None:
        try:
            note.keep(told)
        except StoreError as error:
            notify("warning", f"Where the digest was said could not be noted: {error}", self.world)

    def _by_bot(self, token: str, note: Note, told: Told, *, is_noted: bool) -> tuple[Done, Told]:
        from edgetpu_ci.notify.slack.bot import Bot

        bot = Bot(token, self.options.base_url, self.options.token, self.world)
        try:
            ref = told.ref or self._sought(bot, note, told, is_noted=is_noted)
            done, new = self._whole(bot, ref)
        except DeliveryError:
            self._failed(note, told)
            raise
        # Under a message that is new, nothing stands yet.
        told = replace(told, ref=ref) if done == "updated" else Told(ref=new)
        self._noted(note, replace(told, begun=True, holds=self.world.now() + LEASE))
        return done, self._with_thread(bot, told)

    def _failed(self, note: Note, told: Told) -> None:
        """Whether it was heard may not be known: the next run looks for it first."""
        self._noted(note, replace(told, begun=True, holds=None))

    def _sought(self, bot: "Bot", note: Note, told: Told, *, is_noted: bool) -> str:
        """What a job said that never noted it: in the channel, whose ID last week's digest may know."""
        if is_noted and not told.begun:
            return ""
        from edgetpu_ci.notify.slack.bot import is_id

        channel = self.options.channel
        known = channel if is_id(channel) else note.earlier().ref.partition(":")[0]
        return bot.find(known, self._mark, note.week.start) if known else ""

    @property
    def _mark(self) -> str:
        """What nobody sees, and a later run finds it by."""
        return f"digest {self.digest.repository} {self.digest.week}"

    def _whole(self, bot: "Bot", ref: str) -> tuple[Done, str]:
        """The digest itself; posted anew where somebody deleted it."""
        message = rendering.whole(self.digest, threaded=True)
        if ref:
            with suppress(MissingError):
                bot.update(ref, message, mark=self._mark)
                return "updated", ref
        return "said", bot.post(self.options.channel, message, mark=self._mark)

    def _with_thread(self, bot: "Bot", told: Told) -> Told:
        """With details and a chart in the thread; what fails there is said, and tried again by the next run."""
        try:
            told = replace(told, details=self._details(bot, told))
            return replace(told, chart=told.chart or self._charted(bot, told.ref), begun=False)
        except DeliveryError as error:
            notify("warning", f"The digest is said, its thread is not whole: {error}", self.world)
            return replace(told, begun=True)

    def _details(self, bot: "Bot", told: Told) -> str:
        message = rendering.thread(self.digest, self.kpis)
        if message is None:
            return told.details
        channel, mark = told.ref.partition(":")[0], f"{self._mark} details"
        since = week.parse(self.digest.week).start
        found = bot.find(channel, mark, since, thread=told.ref) if told.begun else ""
        if ref := told.details or found:
            bot.update(ref, message, mark=mark)
            return ref
        return bot.post(channel, message, mark=mark, thread=told.ref)

    def _charted(self, bot: "Bot", ref: str) -> bool:
        """Whether there is a picture of the key figures in the thread."""
        picture = self.draw(self.kpis) if self.kpis else b""
        if picture:
            bot.attach(ref, f"{self.digest.week}.png", picture, f"Key figures of {self.digest.week}")
        return bool(picture)

    def _by_webhook(self, note: Note, told: Told) -> tuple[Done, Told]:
        """Once: a webhook's message cannot be changed."""
        from edgetpu_ci.notify.slack import webhook

        if told.said:
            return "said before", told
        url = self.world.env[self.options.webhook].strip()
        try:
            webhook.send(url, self.options.webhook, rendering.whole(self.digest, threaded=False), self.world)
        except DeliveryError:
            self._failed(note, told)
            raise
        return "said", replace(told, begun=False)
