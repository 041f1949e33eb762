"""libedgetpu itself: which build is loaded, and which devices it lists. No device is opened here."""

import ctypes
import hashlib
import os

from .failed import Failed

_KINDS = {0: "pci", 1: "usb"}
"""`edgetpu_device_type` of the public edgetpu_c.h."""


class _Device(ctypes.Structure):
    """`edgetpu_device` of the public edgetpu_c.h."""

    _fields_ = [("kind", ctypes.c_int), ("path", ctypes.c_char_p)]


def load(name):
    """The library, loaded; without a device it loads too."""
    try:
        library = ctypes.CDLL(name)
    except OSError as error:
        kind = "no_libusb" if "libusb" in str(error) else "bad_library" if "/" in name else "no_library"
        raise Failed(kind, error) from error
    if not hasattr(library, "edgetpu_version"):
        raise Failed("not_libedgetpu", f"{name} has no edgetpu_version")
    library.edgetpu_version.restype = ctypes.c_char_p
    return library


def facts(library, name):
    """The file it was loaded from, what it says of itself, and the file's checksum: that alone tells std from max."""
    path = _loaded_from(ctypes.cast(library.edgetpu_version, ctypes.c_void_p).value) or name
    return {"library": path, "version": library.edgetpu_version().decode(errors="replace"), "sha256": _sha256(path)}


def devices(_runtime, request):
    """The task "devices": what the library lists, in its order."""
    name = request["edgetpu"]["library"]
    library = load(name)
    found = [{"kind": kind, "path": path} for kind, path in listed(library)]
    return {"edgetpu": facts(library, name), "devices": found}


def number(library, path):
    """What the library calls a device now, such as `usb:0`: another's first open may have changed that."""
    known = listed(library)
    for kind, there in known:
        if there == path:
            same_kind = [other for other_kind, other in known if other_kind == kind]
            return f"{kind}:{same_kind.index(path)}"
    raise Failed("no_device", f"libedgetpu does not list {path}, but {', '.join(p for _, p in known) or 'nothing'}")


def names(library):
    """What the library lists, as it names them."""
    kinds = [kind for kind, _ in listed(library)]
    return ", ".join(f"{kind}:{kinds[:place].count(kind)}" for place, kind in enumerate(kinds))


def listed(library):
    """Kind and path of each device, in the order in which `usb:0` and the like count."""
    library.edgetpu_list_devices.restype = ctypes.POINTER(_Device)
    library.edgetpu_free_devices.argtypes = [ctypes.POINTER(_Device)]
    count = ctypes.c_size_t()
    first = library.edgetpu_list_devices(ctypes.byref(count))
    found = [(_KINDS.get(first[n].kind, "unknown"), first[n].path.decode(errors="replace")) for n in range(count.value)]
    if first:
        library.edgetpu_free_devices(first)
    return found


def _loaded_from(address):
    """The file that is mapped where a function lies; "" where the kernel does not tell."""
    try:
        with open("/proc/self/maps") as maps:
            for line in maps:
                fields = line.split(maxsplit=5)
                first, last = (int(end, 16) for end in fields[0].split("-"))
                if first <= address < last and len(fields) > 5:  # noqa: PLR2004 - the sixth is the file
                    return fields[5].strip()
    except (OSError, ValueError):
        pass
    return ""


def _sha256(path):
    if not os.path.isfile(path):
        return ""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()
