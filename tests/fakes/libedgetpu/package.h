/* What the driver needs to know of a compiled model. */
#ifndef PACKAGE_H
#define PACKAGE_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  int minimum_runtime;
  uint64_t caching_token; /* 0: no parameters stay on the chip */
} Package;

/* Read the package in a custom operator's options; all zero where there is none. */
Package package_read(const void *options, size_t size);

#endif
