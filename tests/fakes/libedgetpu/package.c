/* Reading the DWN1 package of a custom operator: just the two fields, every offset checked.
 *
 * Field numbers of the public executable.fbs of libedgetpu. The options are a FlexBuffer with the package in it; the
 * package is found by its identifier instead, which stands four bytes after its beginning. */
#define _GNU_SOURCE
#include "package.h"

#include <string.h>

enum { PACKAGE_MINIMUM_RUNTIME = 0, PACKAGE_EXECUTABLES = 1, EXECUTABLES_SERIALIZED = 0, EXECUTABLE_TOKEN = 14 };

typedef struct {
  const unsigned char *data;
  size_t size;
} Bytes;

/* The little-endian number of `width` bytes at `at`; 0 where the bytes end before it does. */
static uint64_t number(Bytes bytes, size_t at, size_t width) {
  uint64_t value = 0;
  if (at > bytes.size || bytes.size - at < width) return 0;
  for (size_t i = 0; i < width; i++) value |= (uint64_t)bytes.data[at + i] << (8 * i);
  return value;
}

static size_t root(Bytes bytes) { return (size_t)number(bytes, 0, 4); }

/* Where a field of the table at `table` stands; past the end, where everything reads as 0, if it is left out. */
static size_t field(Bytes bytes, size_t table, size_t index) {
  size_t vtable = table - (size_t)(int32_t)number(bytes, table, 4);
  size_t slot = 4 + 2 * index;
  uint64_t offset = slot < number(bytes, vtable, 2) ? number(bytes, vtable + slot, 2) : 0;
  return offset ? table + (size_t)offset : bytes.size;
}

/* The vector that the offset at `at` leads to, as its bytes: `width` for each element. */
static Bytes vector(Bytes bytes, size_t at, size_t width) {
  size_t start = at + (size_t)number(bytes, at, 4) + 4;
  uint64_t size = number(bytes, start - 4, 4) * width;
  if (start > bytes.size || bytes.size - start < size) return (Bytes){bytes.data, 0};
  return (Bytes){bytes.data + start, (size_t)size};
}

/* The executables of a package share one token, or have none. */
static uint64_t token(Bytes executables) {
  Bytes offsets = vector(executables, field(executables, root(executables), EXECUTABLES_SERIALIZED), 4);
  for (size_t at = 0; at < offsets.size; at += 4) {
    Bytes executable = vector(executables, (size_t)(offsets.data - executables.data) + at, 1);
    uint64_t found = number(executable, field(executable, root(executable), EXECUTABLE_TOKEN), 8);
    if (found) return found;
  }
  return 0;
}

Package package_read(const void *options, size_t size) {
  const unsigned char *identifier = size > 4 ? memmem((const char *)options + 4, size - 4, "DWN1", 4) : NULL;
  if (!identifier) return (Package){0, 0};
  const unsigned char *start = identifier - 4;
  Bytes package = {start, size - (size_t)(start - (const unsigned char *)options)};
  size_t minimum = field(package, root(package), PACKAGE_MINIMUM_RUNTIME);
  size_t executables = field(package, root(package), PACKAGE_EXECUTABLES);
  return (Package){(int32_t)number(package, minimum, 4), token(vector(package, executables, 1))};
}
