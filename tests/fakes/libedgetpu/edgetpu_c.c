/* What the library exports: the functions of edgetpu_c.h, and the two of TFLite's external delegates. */
#define _GNU_SOURCE
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delegate.h"

#define EXPORT __attribute__((visibility("default")))

struct edgetpu_option {
  const char *name, *value;
};

enum { ANY_INDEX = -1 };

EXPORT struct edgetpu_device *edgetpu_list_devices(size_t *n);
EXPORT void edgetpu_free_devices(struct edgetpu_device *devices);
EXPORT const char *edgetpu_version(void);
EXPORT void edgetpu_verbosity(int verbosity);
EXPORT TfLiteDelegate *edgetpu_create_delegate(int type, const char *name, const struct edgetpu_option *options,
                                               size_t n);
EXPORT void edgetpu_free_delegate(TfLiteDelegate *delegate);
EXPORT TfLiteDelegate *tflite_plugin_create_delegate(char **keys, char **values, size_t n,
                                                     void (*report_error)(const char *));
EXPORT void tflite_plugin_destroy_delegate(TfLiteDelegate *delegate);

/* The first device of a type, of those opened already if so wanted. */
static Device *first(int type, bool opened) {
  Device *present[MOST_DEVICES];
  size_t n = devices_present(present);
  for (size_t i = 0; i < n; i++)
    if (present[i]->device.type == type && (present[i]->opened || !opened)) return present[i];
  return NULL;
}

/* What edgetpu_manager_direct.cc takes when it may choose: what is open already; else PCIe, then USB. */
static Device *any(int type) {
  for (int opened = 1; opened >= 0; opened--)
    for (int bus = EDGETPU_APEX_PCI; bus <= EDGETPU_APEX_USB; bus++) {
      Device *found = type == bus || type == ANY_TYPE ? first(bus, opened) : NULL;
      if (found) return found;
    }
  return NULL;
}

static Device *indexed(int type, long index) {
  Device *present[MOST_DEVICES];
  size_t n = devices_present(present);
  for (size_t i = 0; i < n; i++)
    if ((type == ANY_TYPE || type == present[i]->device.type) && index-- == 0) return present[i];
  return NULL;
}

static Device *named(int type, const char *path) {
  Device *present[MOST_DEVICES];
  size_t n = devices_present(present);
  for (size_t i = 0; i < n; i++)
    if (type == present[i]->device.type && !strcmp(path, present[i]->device.path)) return present[i];
  return NULL;
}

/* By how much the option Performance divides the clock (beagle_top_level_handler.cc); 0 where there is no such choice.
 * That an inference takes so many times longer is our simplification. */
static long clock_divider(const char *performance) {
  static const char *const choices[] = {"Max", "High", "Medium", "Low"};
  for (int i = 0; i < 4; i++)
    if (!strcmp(performance, choices[i])) return 1L << i;
  return 0;
}

static TfLiteDelegate *open_device(Device *device, const char *performance) {
  long divider = clock_divider(performance);
  return device && divider && device_open(device, divider) ? delegate_new(device) : NULL;
}

/* "", "usb", "pci", ":N", "usb:N", "pci:N"; whether it is one of them. */
static bool parse_device(const char *text, int *type, long *index) {
  *type = !strncmp(text, "usb", 3) ? EDGETPU_APEX_USB : !strncmp(text, "pci", 3) ? EDGETPU_APEX_PCI : ANY_TYPE;
  *index = ANY_INDEX;
  if (*type != ANY_TYPE) text += 3;
  if (!*text) return true;
  char *end = NULL;
  if (*text++ == ':') *index = strtol(text, &end, 10);
  return end && end > text && !*end && *index >= 0 && *index <= INT_MAX;
}

static const char *option(char **keys, char **values, size_t n, const char *name, const char *otherwise) {
  for (size_t i = n; i-- > 0;)
    if (!strcmp(keys[i], name)) return values[i];
  return otherwise;
}

/* Without an index the genuine library does not pass its options on. */
TfLiteDelegate *tflite_plugin_create_delegate(char **keys, char **values, size_t n,
                                              void (*report_error)(const char *)) {
  int type;
  long index;
  (void)report_error; /* the genuine library never calls it either: the reason stays empty */
  if (!parse_device(option(keys, values, n, "device", ""), &type, &index)) return NULL;
  if (index == ANY_INDEX) return open_device(any(type), "Max");
  return open_device(indexed(type, index), option(keys, values, n, "Performance", "Max"));
}

void tflite_plugin_destroy_delegate(TfLiteDelegate *delegate) { free(delegate); }

TfLiteDelegate *edgetpu_create_delegate(int type, const char *name, const struct edgetpu_option *options, size_t n) {
  const char *performance = "Max";
  for (size_t i = 0; i < n; i++)
    if (!strcmp(options[i].name, "Performance")) performance = options[i].value;
  return open_device(name ? named(type, name) : any(type), performance);
}

void edgetpu_free_delegate(TfLiteDelegate *delegate) { free(delegate); }

/* One block with the paths behind the records, for edgetpu_free_devices to free at once. */
static struct edgetpu_device *copies(Device *const present[], size_t n) {
  size_t size = 0;
  for (size_t i = 0; i < n; i++) size += sizeof(struct edgetpu_device) + strlen(present[i]->device.path) + 1;
  struct edgetpu_device *listed = malloc(size);
  if (!listed) abort();
  char *path = (char *)(listed + n);
  for (size_t i = 0; i < n; i++) {
    listed[i] = (struct edgetpu_device){present[i]->device.type, path};
    path = stpcpy(path, present[i]->device.path) + 1;
  }
  return listed;
}

struct edgetpu_device *edgetpu_list_devices(size_t *n) {
  Device *present[MOST_DEVICES];
  *n = devices_present(present);
  return *n ? copies(present, *n) : NULL;
}

void edgetpu_free_devices(struct edgetpu_device *devices) { free(devices); }

/* The form of 16.0's, and nobody's compiler: whoever prints it sees what it is. */
const char *edgetpu_version(void) {
  static char version[96];
  snprintf(version, sizeof version,
           "BuildLabel(COMPILER=stand-in for tests,DATE=redacted,TIME=redacted), RuntimeVersion(%d)", runtime_version());
  return version;
}

void edgetpu_verbosity(int verbosity) { (void)verbosity; }
