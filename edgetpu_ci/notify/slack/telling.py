"""An incident as a bot says it: one message that is kept up to date, and a line in its thread for each change."""

from edgetpu_ci.errors import DeliveryError, DeniedError, MissingError
from edgetpu_ci.incidents.record import Notice, Receipt
from edgetpu_ci.notify.slack.bot import Bot, is_id
from edgetpu_ci.render.slack import incident
from edgetpu_ci.world import World


def by_bot(bot: Bot, notice: Notice, world: World) -> Receipt:
    """Say it, or bring up to date what was said."""
    if not notice.address:
        raise DeniedError("No Slack channel is named for this alert: give `channel` to its rule, or to notify.")
    ref = _earlier(bot, notice)
    if ref and _updated(bot, ref, notice):
        _add(bot, ref, notice)
    else:
        ref = bot.post(notice.address, incident.standing(notice), mark=_mark(notice))
        try:
            _add(bot, ref, notice)
        except DeliveryError as error:
            # Only its details are missing: to fail here would have the whole said twice.
            world.warn(f"warning: {notice.incident.name} is told without its details: {error}")
    return Receipt(ref=ref, at=world.now(), said=notice.incident.change)


def _mark(notice: Notice) -> str:
    return f"{notice.incident.key}-{notice.incident.number}"


def _earlier(bot: Bot, notice: Notice) -> str:
    """What was said of this incident: as we remember it, or what a job that was killed may have left in the channel."""
    if notice.earlier and notice.earlier.ref:
        return notice.earlier.ref
    if notice.perhaps and is_id(notice.address):
        return bot.find(notice.address, _mark(notice), notice.incident.opened_at)
    return ""


def _updated(bot: Bot, ref: str, notice: Notice) -> bool:
    """Whether it could be: somebody may have deleted it."""
    try:
        bot.update(ref, incident.standing(notice), mark=_mark(notice))
    except MissingError:
        return False
    return True


def _add(bot: Bot, ref: str, notice: Notice) -> None:
    """What became of it, into the thread; an update rings for nobody, so an escalation goes into the channel too."""
    intent = notice.intent
    channel = ref.partition(":")[0]
    if not (notice.perhaps and bot.find(channel, intent.id, notice.incident.opened_at, thread=ref)):
        bot.post(channel, incident.change(notice), mark=intent.id, thread=ref, aloud=intent.kind == "escalated")
    if intent.kind == "opened" and (chart := notice.context.chart()):
        bot.attach(ref, "course.png", chart, f"The course of {notice.incident.name}")
