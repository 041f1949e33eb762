"""`backtest`: what an alert would have done over the reports of the store."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgetpu_ci.cli import output, surroundings
from edgetpu_ci.errors import ConfigError

if TYPE_CHECKING:
    from edgetpu_ci.alerting.backtesting import Tried
    from edgetpu_ci.config import Config
    from edgetpu_ci.config.alerting import AlertRule

_THRESHOLDS: Final = {
    "above": "bad above this value",
    "below": "bad below this value",
    "worse_by_percent": "bad when lastingly worse by more than this",
    "streak_above": "bad after more failed verdicts in a row than this",
    "missing_above": "bad after more runs in a row without a value than this",
    "silent_above_hours": "bad when nothing was heard of it for longer than this",
}
_COUNTS: Final = ("streak_above", "missing_above")
_LONGEST: Final = 4000


def options(command: argparse.ArgumentParser) -> None:
    """The options of `backtest`."""
    surroundings.config_option(command)
    command.add_argument("rule", metavar="RULE", nargs="?", help="an alert of the configuration")
    command.add_argument("--match", metavar="SUBJECT/METRIC", help="try an alert on this, instead of RULE")
    for name, meaning in _THRESHOLDS.items():
        kind = _count if name in _COUNTS else _number
        command.add_argument(f"--{name.replace('_', '-')}", metavar="X", type=kind, help=meaning)
    command.add_argument("--for", dest="lasting", metavar="TIME", help='for how long: "15 min", "3 runs"')
    command.add_argument("--days", metavar="N", type=_days, default=90, help="how far back; default: %(default)s")
    command.add_argument("--output", metavar="FILE", type=Path, help="draw it into a .png or .svg file, too")
    command.add_argument("--json", action="store_true", help="print JSON")


def _number(text: str) -> float:
    from math import inf, isfinite

    try:
        value = float(text)
    except ValueError:
        value = inf
    if not isfinite(value):
        raise argparse.ArgumentTypeError(f"{text} is no number, such as 1.5")
    return value


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text} is no whole number, such as 3")
    return int(text)


def _days(text: str) -> int:
    if not 1 <= _count(text) <= _LONGEST:
        raise argparse.ArgumentTypeError(f"{text} is no number of days from 1 to {_LONGEST}")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Say and draw what an alert would have done."""
    from edgetpu_ci import codec
    from edgetpu_ci.alerting import backtesting
    from edgetpu_ci.render import backtest

    settings = surroundings.settings(arguments) if arguments.rule else surroundings.settings_if_any(arguments)
    _check_output(arguments.output)
    tried = backtesting.run(_rule(arguments, settings), arguments.days, settings, surroundings.world())
    if arguments.json:
        output.write(codec.encode_json({"backtest": tried.found, "thresholds": tried.others}).decode(), end="")
    else:
        output.say(backtest.text(tried.found, tried.others))
    if arguments.output:
        _draw(arguments.output, tried)
        if not arguments.json:
            output.say(f"\npicture  {arguments.output}")
    return 0


def _rule(arguments: argparse.Namespace, settings: "Config") -> "AlertRule":
    """The alert that is named, or made up here; with the threshold that is given."""
    from msgspec.structs import replace

    from edgetpu_ci.config import durations
    from edgetpu_ci.config.alerting import AlertRule
    from edgetpu_ci.incidents import backtest

    if bool(arguments.rule) == bool(arguments.match):
        raise ConfigError("`backtest` needs either a RULE or --match, and not both.")
    given = {name: value for name in _THRESHOLDS if (value := getattr(arguments, name)) is not None}
    if len(given) > 1 or (arguments.match and not given):
        raise ConfigError(
            f"Exactly one of these is needed: {', '.join('--' + name.replace('_', '-') for name in _THRESHOLDS)}."
        )
    rule = AlertRule(name="tried", match=arguments.match) if arguments.match else _named(arguments.rule, settings)
    for name, value in given.items():
        rule = backtest.with_threshold(rule, name, value)
    if arguments.lasting is not None:
        durations.lasting(arguments.lasting, "--for")
        rule = replace(rule, for_=arguments.lasting)
    return rule


def _named(name: str, settings: "Config") -> "AlertRule":
    from edgetpu_ci import config, spelling

    rules = {rule.name: rule for rule in config.alert_rules(settings)}
    if name not in rules:
        listed = f"; there are: {', '.join(rules)}." if rules else "; it has none."
        raise ConfigError(f'No alert of the configuration is called "{name}"{spelling.meant(name, rules) or listed}')
    return rules[name]


def _check_output(path: Path | None) -> None:
    from edgetpu_ci.render import plot

    if path and path.suffix.lower().removeprefix(".") not in plot.KINDS:
        raise ConfigError(f"{path} cannot be drawn; name a file that ends in .png or .svg.")


def _draw(path: Path, tried: "Tried") -> None:
    from edgetpu_ci.files import write_whole
    from edgetpu_ci.render import backtest_plot, plot

    try:
        picture = plot.image(lambda: backtest_plot.figure(tried.found), path.suffix.lower().removeprefix("."))
    except ModuleNotFoundError as error:
        raise ConfigError('Drawing needs matplotlib; install "edgetpu-ci[chart]".') from error
    write_whole(path, picture)
