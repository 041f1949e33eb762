"""The C structures that a delegate and a runtime hand to each other, each declared once.

Source: `c/common.h` and `core/c/common.h` of TensorFlow Lite 2.5 (the libedgetpu 16.0 era) and of LiteRT; fields are
only ever added at the end. Only what is used has a name here. All of this is for 64-bit machines.
"""

import ctypes
import platform
import struct

Pointer = ctypes.c_void_p

KNOWN_MACHINES = ("x86_64", "aarch64")
"""Where a longer structure by value moves no other argument; on 32-bit Arm it does."""

OK, ERROR = 0, 1


class Registration(ctypes.Structure):
    """`TfLiteRegistration` as TF 2.5 has it: what libedgetpu 16.0 hands over, by value."""

    _fields_ = [
        ("init", Pointer),
        ("free", Pointer),
        ("prepare", Pointer),
        ("invoke", Pointer),
        ("profiling_string", Pointer),
        ("builtin_code", ctypes.c_int32),
        ("custom_name", Pointer),
        ("version", ctypes.c_int),
    ]


class WideRegistration(ctypes.Structure):
    """The same with room for all that later runtimes read behind it, which must be zero.

    `registration_external` came with TF 2.11, `async_kernel` with 2.13, `inplace_operator` with 2.15.
    """

    _fields_ = [("known", Registration), ("later", Pointer * 16)]


class Context(ctypes.Structure):
    """The beginning of `TfLiteContext`."""

    _fields_ = [
        ("tensors_size", ctypes.c_size_t),
        ("get_execution_plan", Pointer),
        ("tensors", Pointer),
        ("impl", Pointer),
        ("resize_tensor", Pointer),
        ("report_error", Pointer),
        ("add_tensors", Pointer),
        ("get_node_and_registration", Pointer),
        ("replace_node_subsets", Pointer),
    ]


class Node(ctypes.Structure):
    """The beginning of `TfLiteNode`."""

    _fields_ = [("inputs", Pointer), ("outputs", Pointer)]


class Tensor(ctypes.Structure):
    """`TfLiteTensor`, of which an array lies in the context: its whole size matters."""

    _fields_ = [
        ("type", ctypes.c_int32),
        ("data", Pointer),
        ("dims", Pointer),
        ("scale", ctypes.c_float),
        ("zero_point", ctypes.c_int32),
        ("allocation_type", ctypes.c_int32),
        ("bytes", ctypes.c_size_t),
        ("rest", ctypes.c_char * 64),
    ]


class Delegate(ctypes.Structure):
    """The beginning of `TfLiteDelegate`, with room for what later runtimes read, which must be zero."""

    _fields_ = [
        ("data", Pointer),
        ("prepare", Pointer),
        ("copy_from_buffer", Pointer),
        ("copy_to_buffer", Pointer),
        ("free_buffer", Pointer),
        ("flags", ctypes.c_int64),
        ("later", Pointer * 9),
    ]


ALLOW_DYNAMIC_TENSORS = 1
"""The flag of a delegate that libedgetpu sets."""

SIZES = ((Registration, 64), (Context, 72), (Tensor, 112), (Delegate, 120))
"""In bytes, as the C compilers of both machines lay them out."""

PREPARE = ctypes.CFUNCTYPE(ctypes.c_int, Pointer, Pointer)
"""`Prepare` of a delegate (context, delegate), and `prepare` and `invoke` of an operator (context, node)."""

INIT = ctypes.CFUNCTYPE(Pointer, Pointer, Pointer, ctypes.c_size_t)
FREE = ctypes.CFUNCTYPE(None, Pointer, Pointer)
REPLACE = ctypes.CFUNCTYPE(ctypes.c_int, Pointer, Registration, Pointer, Pointer)
REPLACE_WIDE = ctypes.CFUNCTYPE(ctypes.c_int, Pointer, WideRegistration, Pointer, Pointer)
GET_PLAN = ctypes.CFUNCTYPE(ctypes.c_int, Pointer, ctypes.POINTER(Pointer))
GET_NODE = ctypes.CFUNCTYPE(ctypes.c_int, Pointer, ctypes.c_int, ctypes.POINTER(Pointer), ctypes.POINTER(Pointer))


def address(function):
    """Where a C function or callback begins."""
    return ctypes.cast(function, Pointer).value


def integers(at):
    """The values of a `TfLiteIntArray`."""
    count = ctypes.c_int.from_address(at).value
    return list((ctypes.c_int * count).from_address(at + ctypes.sizeof(ctypes.c_int)))


def unfit(machine, bits):
    """Why these declarations are not to be used on a machine; "" when they are."""
    if machine not in KNOWN_MACHINES or bits != 64:  # noqa: PLR2004 - a pointer of 64 bits
        return f"the adapter is made for 64-bit x86-64 and aarch64, and this is {machine} with {bits} bits"
    wrong = [f"{kind.__name__} has {ctypes.sizeof(kind)}" for kind, size in SIZES if ctypes.sizeof(kind) != size]
    return f"the structures have other sizes here: {', '.join(wrong)}" if wrong else ""


def unfit_here():
    """The same of the machine and the Python that this is."""
    return unfit(platform.machine(), 8 * struct.calcsize("P"))
