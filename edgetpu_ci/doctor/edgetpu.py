"""What `doctor` finds out of the Edge TPUs that a configuration uses. A device that somebody holds is not opened."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from msgspec.structs import replace

from edgetpu_ci import tflite
from edgetpu_ci.device import apex, coral, holder, lease, libedgetpu
from edgetpu_ci.device.coral import Coral
from edgetpu_ci.doctor import edgetpu_findings
from edgetpu_ci.doctor.edgetpu_findings import Compiled, Facts
from edgetpu_ci.doctor.finding import Finding
from edgetpu_ci.errors import ConfigError, DeviceError, ModelError, RefusedError
from edgetpu_ci.files import write_whole
from edgetpu_ci.loads import model_slot, models
from edgetpu_ci.loads.model_slot import Options
from edgetpu_ci.model import SIMULATED
from edgetpu_ci.tflite.writer import Network
from edgetpu_ci.world import World

_WAIT_SECONDS: Final = 2
_TRIAL_SECONDS: Final = 60

_DAMAGED: Final = b"\xff\xff\xff\x7fDWN1" + bytes(8)
"""A package whose root lies outside it. One without any bytes could make libedgetpu abort: it wants memory for it."""

_OPTIONS: Final = b"4\0\x10" + _DAMAGED + b"\0\1\x15\1\1\1\x16\x14\2\x24\1"
"""The same under the key "4" of a FlexBuffer map, as the compiler writes it."""


def examine(wanted: Sequence[Options], world: World) -> Iterator[Finding]:
    """Look at what each step with a compiled model needs; without one, and with a Coral or a libedgetpu, at these."""
    uses = _uses(wanted, world)
    for options, files in uses.items():
        yield from _examine(options, files, world)
    if not uses and (coral.find(world) or libedgetpu.locate(libedgetpu.NAME, world)):
        # Nothing in the configuration needs it, so nothing of it is a fault.
        found = _examine(_bare(wanted[0]) if wanted else Options(models=()), (), world)
        yield from (Finding("note" if f.state == "bad" else f.state, f.what, f.sentence) for f in found)


def _uses(wanted: Sequence[Options], world: World) -> Mapping[Options, list[Path]]:
    """The compiled models of all steps, by what runs them."""
    uses: dict[Options, list[Path]] = {}
    for options in wanted:
        if compiled := [file for file in model_files(options, world) if models.is_compiled(file)]:
            uses.setdefault(_bare(options), []).extend(compiled)
    return uses


def model_files(options: Options, world: World) -> list[Path]:
    """The model files of a step; none where a pattern finds none, which is a fault of the configuration."""
    try:
        return [file for _, file in models.find(options.models, world)]
    except ConfigError:
        return []


def _bare(options: Options) -> Options:
    """What of a step decides how a compiled model is run."""
    return Options(
        models=(),
        python=options.python,
        runtime=options.runtime,
        device=options.device,
        device_wait_seconds=options.device_wait_seconds,
        edgetpu_library=options.edgetpu_library,
        edgetpu_compat=options.edgetpu_compat,
        performance=options.performance,
        timeout_seconds=min(options.timeout_seconds, _TRIAL_SECONDS),
    )


def _examine(options: Options, files: Sequence[Path], world: World) -> Iterator[Finding]:
    if options.device.startswith(SIMULATED):
        yield edgetpu_findings.simulated()
        return
    facts = _look(options, files, world)
    found = list(edgetpu_findings.of_host(facts))
    yield from found
    if _may_try(facts, found):
        yield from _try(files, facts, world)


def _may_try(facts: Facts, found: Sequence[Finding]) -> bool:
    """Whether a model may be run; where none is to be, nobody is put at risk for it who cannot be seen."""
    faults = {f.what for f in found if f.state == "bad"} - {edgetpu_findings.MODEL}
    return not faults and not facts.tenant and (bool(facts.models) or not facts.unseen)


def _look(options: Options, files: Sequence[Path], world: World) -> Facts:
    corals = coral.find(world)
    chosen = _choose(options.device, corals)
    used, tenant, unseen = None, None, ""
    if isinstance(chosen, Coral):
        used, tenant = holder.held_by(chosen, world), lease.tenant(chosen, world)
        unseen = "" if used or tenant else holder.unseen(chosen, world)
    return Facts(
        options=options,
        library=model_slot.try_library(options, world),
        driver=apex.find(world),
        corals=corals,
        chosen=chosen,
        # A job of ours is told by its lock; what its worker has open is the same job.
        used=str(used) if used and not tenant else "",
        tenant=str(tenant) if tenant else "",
        unseen=unseen,
        models=tuple(Compiled(file.name, _minimum_runtime(file)) for file in files),
    )


def _choose(device: str, corals: Sequence[Coral]) -> Coral | str:
    try:
        return coral.choose(device, corals)
    except (ConfigError, DeviceError) as error:
        return str(error)


def _minimum_runtime(file: Path) -> int | None:
    try:
        packages = tflite.load(file, file.name).packages
    except ModelError:
        return None
    return max((package.minimum_runtime for package in packages), default=None)


def _try(files: Sequence[Path], facts: Facts, world: World) -> Iterator[Finding]:
    """Run the first model that is not too new once, on the device and with nobody else."""
    fitting = [
        file for file, model in zip(files, facts.models, strict=True) if edgetpu_findings.runs_here(model, facts)
    ]
    with TemporaryDirectory() as folder, ExitStack() as held:
        file = fitting[0] if fitting else _smallest(Path(folder))
        try:
            options = _taken(facts, held, world)
        except (DeviceError, RefusedError) as error:
            yield Finding("bad", edgetpu_findings.DEVICE, str(error))
            return
        answer = model_slot.try_runtime(options, file, world)
    yield from edgetpu_findings.of_trial(file.name if fitting else "", answer, facts)


def _taken(facts: Facts, held: ExitStack, world: World) -> Options:
    """The options with the device that is ours now; where the kernel shows none, there is nobody to harm."""
    if not isinstance(facts.chosen, Coral):
        return facts.options
    # What it would warn of is a finding already.
    quiet = dataclasses.replace(world, warn=lambda _line: None)
    (ours,) = held.enter_context(lease.hold([facts.chosen], _WAIT_SECONDS, quiet))
    return replace(facts.options, device=ours.path)


def _smallest(folder: Path) -> Path:
    """A model with the Edge TPU's operator, for which libedgetpu finds nothing to do (`driver/package_registry.cc`)."""
    net = Network("an Edge TPU operator without a sound package")
    operands = [net.tensor(name, "uint8", (1, 4), [1.0]) for name in ("input", "output")]
    net.operator(tflite.EDGE_TPU, operands[:1], operands[1:], 1, {5: _OPTIONS})
    file = folder / "edgetpu.tflite"
    write_whole(file, net.pack(operands[:1], operands[1:]))
    return file
