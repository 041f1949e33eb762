"""What others published of Coral devices, and which of it is of a model that was measured: shown, never judged."""

from pathlib import Path, PurePosixPath
from typing import Annotated, Final

from msgspec import Meta, Struct

from edgetpu_ci import codec
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.model import SIMULATED, Measurement, Report

FILE: Final = Path(__file__).with_name("published-coral.yml")
"""`baselines/published-coral.yml` of the repository, in a checkout and in an installation."""

_MEAN = "throughput_fps"
"""1,000 / this is the mean of ms per inference: what pycoral published, too."""

_ENDINGS = ("_edgetpu", "_postprocess", "_quant")


class Row(Struct, frozen=True, forbid_unknown_fields=True):
    """One model: as the source calls it, the stems of its files, and ms per inference on each host."""

    model: str
    names: tuple[str, ...]
    ms: dict[str, Annotated[float, Meta(gt=0)]]


class Source(Struct, frozen=True, forbid_unknown_fields=True):
    """Who published what: where it stands, what was measured, and what the hosts are."""

    name: str
    where: str
    what: str
    hosts: dict[str, str]
    rows: tuple[Row, ...]


class Published(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file; `published` says of which devices."""

    published: str
    sources: tuple[Source, ...]


class Figure(Struct, frozen=True):
    """One published figure beside ours: `ratio` is ours / published."""

    source: str
    model: str
    host: str
    ms: float
    ratio: float


class Standing(Struct, frozen=True):
    """One measured model: its mean ms per inference of `n`, and every figure of the same model.

    `why` says in words why a model whose name is published is shown beside nothing.
    """

    subject: str
    device: str
    figures: tuple[Figure, ...] = ()
    ms: float = 0.0
    n: int = 0
    why: str = ""


def load(path: Path = FILE) -> Published:
    """The figures that come with us; DocumentError when the file is gone."""
    try:
        return codec.decode_yaml(path.read_bytes(), Published, str(path))
    except OSError as error:
        raise DocumentError(f"{path} cannot be read; install edgetpu-ci again.") from error


def name(subject: str) -> str:
    """The model that a measured subject is by its file's name: `models/MobileNet_v1_1.0_224_quant_edgetpu` and so on.

    Only endings that say how every Edge TPU model was made are taken off. A model converted another way (`_ptq`,
    `tf2_…`), or of another width or size, is another model.
    """
    short = PurePosixPath(subject.lower()).name.removesuffix(".tflite")
    for ending in _ENDINGS:
        short = short.removesuffix(ending)
    return short


def standings(report: Report, known: Published) -> tuple[Standing, ...]:
    """Where each measured model stands whose name is published; the others are left out."""
    found = (_standing(m, known) for m in report.run.measurements if m.metric == _MEAN)
    return tuple(standing for standing in found if standing)


def _standing(measured: Measurement, known: Published) -> Standing | None:
    rows = [(source, row) for source in known.sources for row in source.rows if name(measured.subject) in row.names]
    if not rows:
        return None
    why = _not_comparable(measured)
    if why or not measured.value:
        return Standing(measured.subject, measured.device, why=why)
    ours = 1000 / measured.value
    figures = tuple(
        Figure(source.name, row.model, source.hosts[host], ms, ours / ms)
        for source, row in rows
        for host, ms in row.ms.items()
    )
    return Standing(measured.subject, measured.device, figures, ours, measured.n)


def _not_comparable(measured: Measurement) -> str:
    if not measured.value:
        return measured.reason or "no inference was completed"
    if SIMULATED in measured.device:
        return "the device is simulated, and takes as long as it was told to"
    return "it ran on a CPU; the figures are of Edge TPUs" if measured.device.split(" ")[0] == "cpu" else ""
