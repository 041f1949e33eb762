"""What remote write carries, read by another than who wrote it: protobuf's own library, and snappy by its format."""

from functools import cache
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from tests.fakes.loopback import Request

Written = list[tuple[list[tuple[str, str]], list[tuple[float, int]]]]
"""Series in order: labels in order, and samples with their times in milliseconds."""

_MESSAGES = {
    "Label": [("name", 1, "string"), ("value", 2, "string")],
    "Sample": [("value", 1, "double"), ("timestamp", 2, "int64")],
    "TimeSeries": [("labels", 1, ".Label"), ("samples", 2, ".Sample")],
    "WriteRequest": [("timeseries", 1, ".TimeSeries")],
}
"""As the specification of remote write 1.0 has them."""


_KINDS = {
    "string": FieldDescriptorProto.TYPE_STRING,
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "int64": FieldDescriptorProto.TYPE_INT64,
}


def _field(name: str, number: int, kind: str) -> FieldDescriptorProto:
    if kind in _KINDS:
        one = FieldDescriptorProto.LABEL_OPTIONAL
        return FieldDescriptorProto(name=name, number=number, type=_KINDS[kind], label=one)
    many, message = FieldDescriptorProto.LABEL_REPEATED, FieldDescriptorProto.TYPE_MESSAGE
    return FieldDescriptorProto(name=name, number=number, type=message, type_name=kind, label=many)


@cache
def _request() -> Any:  # a class that is made only here
    messages = [
        DescriptorProto(name=name, field=[_field(*one) for one in fields]) for name, fields in _MESSAGES.items()
    ]
    pool = DescriptorPool()
    pool.AddSerializedFile(
        FileDescriptorProto(name="remote.proto", syntax="proto3", message_type=messages).SerializeToString()
    )
    return GetMessageClass(pool.FindMessageTypeByName("WriteRequest"))


def read(data: bytes) -> Written:
    """The series of a WriteRequest."""
    request = _request().FromString(data)
    return [
        (
            [(label.name, label.value) for label in one.labels],
            [(sample.value, sample.timestamp) for sample in one.samples],
        )
        for one in request.timeseries
    ]


def sent(request: Request) -> Written:
    """The same of what was posted."""
    return read(unwrapped(request.body))


def unwrapped(block: bytes) -> bytes:
    """What a snappy block of literals holds."""
    length, place = _varint(block)
    whole = b""
    while place < len(block):
        tag = block[place]
        assert tag & 3 == 0, "no literal"
        extra = max((tag >> 2) - 59, 0)
        size = 1 + (int.from_bytes(block[place + 1 : place + 1 + extra], "little") if extra else tag >> 2)
        whole += block[place + 1 + extra : place + 1 + extra + size]
        place += 1 + extra + size
    assert (len(whole), place) == (length, len(block))
    return whole


def _varint(data: bytes) -> tuple[int, int]:
    number = place = 0
    while True:
        number |= (data[place] & 0x7F) << 7 * place
        place += 1
        if data[place - 1] < 0x80:
            return number, place
