"""A model file as a table for people."""

from collections.abc import Sequence

from edgetpu_ci import tflite


def text(model: tflite.Model) -> str:
    """What the file holds: identity, inputs and outputs, operators with their shares, what is left on the CPU."""
    return "\n".join([*_facts(model), "", *_operators(model)])


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
    left = [operator for operator in model.operators if operator.name != tflite.EDGE_TPU]
    named = ", ".join(f"{kind.count} {kind.name}" for kind in tflite.kinds(left))
    return f"compiled for it; left on the CPU: {named or 'nothing'}"


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
