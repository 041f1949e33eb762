"""The Corals of a host as a table for people."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from edgetpu_ci.device import coral
from edgetpu_ci.render import words

_HEAD: Final = ("name", "at", "link", "driver", "ids", "°C", "used by")
_NUMBERS: Final = (
    "libedgetpu numbers USB devices anew at each start, those not yet opened first: usb:0 of now may be usb:1 later; "
    "the place is what stays."
)
_USB: Final = {"5 Gbit/s": "USB 3, 5 Gbit/s", "480 Mbit/s": "USB 2, 480 Mbit/s"}


class Device(Struct, frozen=True, kw_only=True):
    """A Coral, what libedgetpu takes for it, its part of the series key, who uses it, and what else is to be known."""

    name: str
    key: str
    coral: coral.Coral
    held_by: str
    note: str


def text(devices: Sequence[Device], library: str) -> str:
    """A line for each device, then what is to be known of them."""
    build = f"libedgetpu {library}" if library else "libedgetpu is not installed: docs/devices.md says where to get it"
    if not devices:
        return f"{coral.NONE}\n{build}"
    rows = [_HEAD, *map(_row, devices)]
    widths = [max(words.columns(row[column]) for row in rows) for column in range(len(_HEAD))]
    return "\n".join([*(_line(row, widths) for row in rows), *(f"• {note}" for note in _notes(devices)), build])


def _notes(devices: Sequence[Device]) -> list[str]:
    """Each once. With several USB devices, what their numbers are worth."""
    several = sum(device.coral.kind == "usb" for device in devices) > 1
    notes = [words.plain(device.note, words.SENTENCE) for device in devices if device.note]
    return list(dict.fromkeys([*notes, *([_NUMBERS] if several else [])]))


def _row(device: Device) -> tuple[str, ...]:
    one = device.coral
    return (
        device.name,
        words.plain(one.address),
        _USB.get(one.link, one.link) or "unknown",
        words.plain(one.driver) or ("none needed" if one.kind == "usb" else "none"),
        f"{one.ids}, then {coral.USB_AFTER}" if one.unready else one.ids,
        "unknown" if one.celsius is None else f"{one.celsius:.1f}",
        words.plain(device.held_by, words.SENTENCE) or "nobody seen",
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(
        cell + " " * (width - words.columns(cell)) for cell, width in zip(row, widths, strict=True)
    ).rstrip()
