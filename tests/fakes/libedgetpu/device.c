/* The list of devices, what the environment says of each, opening and unplugging. */
#define _GNU_SOURCE
#include "device.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static Device devices[MOST_DEVICES];
static size_t count;

/* The value in `name=value&…`, or NULL. */
static const char *value_in(const char *text, const char *name) {
  size_t length = strlen(name);
  while (text) {
    if (!strncmp(text, name, length) && text[length] == '=') return text + length + 1;
    text = strchr(text, '&');
    if (text) text++;
  }
  return NULL;
}

static const char *in_environment(const char *name) {
  char variable[64];
  snprintf(variable, sizeof variable, "FAKE_EDGETPU_%s", name);
  for (char *c = variable; *c; c++) *c = (char)toupper((unsigned char)*c);
  return getenv(variable);
}

/* What stands beside a device is for it alone, what stands in the environment for all. */
static long setting(const char *own, const char *name, long otherwise) {
  const char *value = value_in(own, name);
  if (!value) value = in_environment(name);
  return value ? strtol(value, NULL, 10) : otherwise;
}

__attribute__((constructor)) static void load(void) {
  wait_until(now_ns() + (uint64_t)setting(NULL, "loading_us", 0) * 1000);
}

int runtime_version(void) { return (int)setting(NULL, "runtime_version", 14); }

static Settings settings_of(const char *own) {
  return (Settings){
#define SETTING(name, otherwise) .name = setting(own, #name, otherwise),
      SETTINGS(SETTING)
#undef SETTING
  };
}

/* `usb:/path?name=value&name=value` */
static void add_device(char *text) {
  Device *device = &devices[count++];
  char *own = strchr(text, '?');
  if (own) *own++ = '\0';
  device->device.type = strncmp(text, "usb:", 4) ? EDGETPU_APEX_PCI : EDGETPU_APEX_USB;
  device->device.path = text + 4;
  device->settings = settings_of(own);
  device->random = (uint64_t)device->settings.seed;
  device->epoch = 1;
  pthread_mutex_init(&device->busy, NULL);
}

/* The paths stay in the copied text, which lives as long as the process. */
static void read_devices(void) {
  const char *listed = in_environment("devices");
  char *rest = NULL, *text = strdup(listed ? listed : "");
  for (char *one = strtok_r(text, ",", &rest); one && count < MOST_DEVICES; one = strtok_r(NULL, ",", &rest))
    add_device(one);
}

/* A file that outlives the process, one for each device; false without a folder for it. */
static bool state_file(const Device *device, const char *what, char *path, size_t size) {
  const char *folder = in_environment("state");
  if (folder) snprintf(path, size, "%s/%s-%td", folder, what, device - devices);
  return folder != NULL;
}

/* How often this was called for the device, by whichever process: the file grows by one byte each time. */
static long count_up(const Device *device, const char *what) {
  char path[4096];
  struct stat found = {0};
  int file = state_file(device, what, path, sizeof path) ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;
  if (file < 0 || write(file, "\n", 1) != 1 || fstat(file, &found)) {
    fputs("the libedgetpu of the tests: FAKE_EDGETPU_STATE names no folder it can write to\n", stderr);
    abort();
  }
  close(file);
  return (long)found.st_size;
}

static bool present(const Device *device) {
  char path[4096];
  bool elsewhere = state_file(device, "unplugged", path, sizeof path) && !access(path, F_OK);
  return !device->unplugged && !elsewhere;
}

size_t devices_present(Device *found[MOST_DEVICES]) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  size_t n = 0;
  pthread_once(&once, read_devices);
  for (size_t i = 0; i < count; i++)
    if (present(&devices[i])) found[n++] = &devices[i];
  return n;
}

bool device_open(Device *device, long clock_divider) {
  wait_until(now_ns() + (uint64_t)device->settings.open_us * 1000);
  long failures = device->settings.load_failures;
  if (failures && count_up(device, "loads") <= failures) return false;
  device->clock_divider = clock_divider;
  device->opened = true;
  return true;
}

void device_unplug(Device *device) {
  if (!device->unplugged && in_environment("state")) count_up(device, "unplugged");
  device->unplugged = true;
}
