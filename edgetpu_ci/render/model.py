"""A model file as a table for people."""

from collections.abc import Sequence

from edgetpu_ci import tflite
from edgetpu_ci.tflite.executable import ON_CHIP_BYTES, Executable, Package


def text(model: tflite.Model) -> str:
    """What the file holds: identity, inputs and outputs, operators with their shares, what the Edge TPU does."""
    executables = [each for package in model.packages for each in package.executables]
    tables = [_operators(model), *([_executables(executables)] if executables else [])]
    return "\n".join([*_facts(model), *(line for table in tables for line in ("", *table))])


def tensor(operand: tflite.Tensor | None) -> str:
    """Name, type, shape and quantization in one line."""
    if operand is None:
        return "left out"
    sizes = " × ".join(map(str, operand.shape)) or "scalar"
    scale = "" if operand.scale is None else f", scale {operand.scale:.6g}, zero point {operand.zero_point}"
    return f"{operand.name or 'unnamed'} {operand.dtype} {sizes}{scale}"


def macs(count: int) -> str:
    """Multiply-accumulates in millions, and few of them to the last one."""
    return f"{count / 1e6:,.2f} M" if count >= 100_000 else f"{count:,}"  # noqa: PLR2004 - below, two places say little


def executable(found: Executable) -> str:
    """What an executable holds, in one line."""
    return (
        f"{found.name or 'unnamed'} for {found.chip or 'an unnamed chip'}: {found.parameter_bytes:,} B parameters, "
        f"{found.instruction_bytes:,} B instructions, {found.scratch_bytes:,} B scratch"
    )


def _facts(model: tflite.Model) -> list[str]:
    main = model.subgraphs[0]
    facts = [
        ("size", f"{model.file_bytes:,} bytes, {model.buffer_bytes:,} of them weights, constants and metadata"),
        ("sha256", model.sha256),
        ("description", model.description or "none"),
        ("runtime", _runtime(model)),
        ("metadata", ", ".join(model.metadata) or "none"),
        *(("input", tensor(operand)) for operand in main.inputs),
        *(("output", tensor(operand)) for operand in main.outputs),
        ("MACs", _macs(model)),
        ("Edge TPU", _edge_tpu(model)),
        *([("packages", model.unreadable)] if model.unreadable else []),
        *(fact for package in model.packages for fact in _package(package)),
    ]
    return [f"{name:<12} {value}" for name, value in facts]


def _runtime(model: tflite.Model) -> str:
    return f"{model.minimum_runtime} or newer" if model.minimum_runtime else "the file names none"


def _macs(model: tflite.Model) -> str:
    kinds = tflite.kinds(model.operators)
    total = sum(kind.macs for kind in kinds)
    names = ", ".join(kind.name for kind in kinds if kind.unknown)
    if not names:
        return macs(total)
    return f"{f'{macs(total)}, and more' if total else 'unknown'}: those of {names} cannot be told from the file"


def _edge_tpu(model: tflite.Model) -> str:
    if not model.compiled:
        return f"not compiled for it: there is no {tflite.EDGE_TPU}"
    named = ", ".join(f"{kind.count} {kind.name}" for kind in tflite.kinds(model.on_cpu))
    return f"compiled for it; left on the CPU: {named or 'nothing'}"


def _package(package: Package) -> list[tuple[str, str]]:
    """What one operator of the Edge TPU brings."""
    share = 100 * package.cached_bytes / ON_CHIP_BYTES
    moved = [sum(sizes) for sizes in zip(*((each.bytes_in, each.bytes_out) for each in package.inferring), strict=True)]
    return [
        ("compiler", f"{package.compiler or 'unnamed'}, for version {package.minimum_runtime} of the runtime or newer"),
        ("token", package.token or "none: its parameters stay beside those of no other model"),
        ("cached", f"{package.cached_bytes:,} bytes of parameters, {share:.1f} % of the chip's 8 MiB"),
        ("streamed", f"{package.streamed_bytes:,} bytes of parameters at every inference"),
        ("moved", f"{moved[0]:,} bytes in and {moved[1]:,} out at every inference" if moved else "nothing"),
    ]


def _executables(executables: Sequence[Executable]) -> list[str]:
    rows: list[tuple[str, ...]] = [("executable", "parameters", "instructions", "in", "out", "scratch")]
    for each in executables:
        sizes = (each.parameter_bytes, each.instruction_bytes, each.bytes_in, each.bytes_out, each.scratch_bytes)
        rows.append((f"{each.kind}, {each.chip or 'unnamed chip'}", *(f"{size:,}" for size in sizes)))
    return _aligned(rows)


def _operators(model: tflite.Model) -> list[str]:
    kinds = tflite.kinds(model.operators)
    total = sum(kind.macs for kind in kinds)
    rows = [("operator", "count", "share", "MACs", "share")]
    for kind in kinds:
        known = macs(kind.macs) if kind.macs else "unknown" if kind.unknown else ""
        share = _percent(kind.macs, total) if kind.macs else ""
        rows.append((kind.name, f"{kind.count:,}", _percent(kind.count, len(model.operators)), known, share))
    return _aligned(rows)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Names to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    cells = [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in rows]
    return ["  ".join(row).rstrip() for row in cells]
