/* The devices the environment describes, and what happens on them. */
#ifndef DEVICE_H
#define DEVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "package.h"

enum { EDGETPU_APEX_PCI = 0, EDGETPU_APEX_USB = 1, ANY_TYPE = -1 };

/* As in edgetpu_c.h. */
struct edgetpu_device {
  int type;
  const char *path;
};

#define NEVER (-1)

/* Name and value unless told otherwise. Those that end in _after count the invokes that still go well. */
#define SETTINGS(SETTING)                                                                          \
  SETTING(open_us, 0)          /* what opening takes */                                            \
  SETTING(load_failures, 0)    /* so many first openings fail, counted in FAKE_EDGETPU_STATE */    \
  SETTING(latency_us, 1000)    /* what an inference takes at full clock */                         \
  SETTING(jitter_us, 0)        /* and up to so much more */                                        \
  SETTING(seed, 1)             /* of the jitter */                                                 \
  SETTING(first_us, 0)         /* the first upload of an operator's parameters */                  \
  SETTING(reload_us, 0)        /* uploading them again after another model's */                    \
  SETTING(slow_after, NEVER)   /* from then on throttled: */                                       \
  SETTING(slow_us, 0)          /* an inference takes this */                                       \
  SETTING(fail_every, 0)       /* every so many-th invoke fails */                                 \
  SETTING(fail_after, NEVER)   /* every invoke fails */                                            \
  SETTING(hang_after, NEVER)   /* the invoke never returns */                                      \
  SETTING(crash_after, NEVER)  /* SIGSEGV */                                                       \
  SETTING(abort_after, NEVER)  /* SIGABRT, with the text of */                                     \
  SETTING(abort_error, 2)      /* USB transfer error 1, 2 or 5 */                                  \
  SETTING(hib_after, NEVER)    /* PCIe: the text of a HIB error, then it hangs */                  \
  SETTING(unplug_after, NEVER) /* the device is gone */                                            \
  SETTING(output, NEVER)       /* a byte that fills every output; otherwise the input's bytes */   \
  SETTING(output_steps, 0)     /* added to each byte of the outputs */

typedef struct {
#define SETTING(name, otherwise) long name;
  SETTINGS(SETTING)
#undef SETTING
} Settings;

typedef struct {
  struct edgetpu_device device;
  Settings settings;
  long clock_divider;
  bool opened, unplugged;
  pthread_mutex_t busy; /* a chip runs one request at a time */
  long invokes;
  uint64_t random;
  uint64_t caching_token; /* whose parameters are on the chip */
  long epoch;             /* a new one begins when they make room for another model's */
} Device;

/* An operator on a chip; `epoch` is the one in which its parameters were uploaded, 0 before they ever were. */
typedef struct {
  Package package;
  long epoch;
} Resident;

/* The devices that are plugged in, in the order of FAKE_EDGETPU_DEVICES; returns their number, at most MOST_DEVICES. */
enum { MOST_DEVICES = 16 };
size_t devices_present(Device *present[MOST_DEVICES]);

/* Open a device at 1/`clock_divider` of its full clock; whether it could be opened. */
bool device_open(Device *device, long clock_divider);

/* Take the device for one inference and say when it ends (device_end waits for that and gives the device back).
 * Returns NULL, or what the driver says went wrong; then it ends at once. */
const char *device_begin(Device *device, Resident *resident, uint64_t *ends_ns);
void device_end(Device *device, uint64_t ends_ns);

/* Unplug a device: it leaves the list, for other processes too if FAKE_EDGETPU_STATE names a folder. */
void device_unplug(Device *device);

/* Models compiled for a newer one are refused: 14 as libedgetpu 16.0, or FAKE_EDGETPU_RUNTIME_VERSION. */
int runtime_version(void);

uint64_t now_ns(void);
void wait_until(uint64_t ends_ns);

#endif
