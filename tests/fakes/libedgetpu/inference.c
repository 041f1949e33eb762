/* One inference on a device: how long it takes, and everything that may go wrong instead. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "device.h"

/* The last words of libedgetpu 16.0 before it aborts: usb_driver.cc, as users of Coral report them
 * (google-coral/edgetpu#494, #11 and #413, blakeblackshear/frigate#5559). */
static const struct {
  long error;
  const char *text;
} last_words[] = {
    {1, "F driver/usb/usb_driver.cc:802] [0-0] bulk out for header failed. Abort. "
        "Unknown: USB transfer error 1 [LibUsbDataOutCallback]\n"},
    {2, "F driver/usb/usb_driver.cc:857] transfer on tag 1 failed. Abort. "
        "Deadline exceeded: USB transfer error 2 [LibUsbDataOutCallback]\n"},
    {5, "F driver/usb/usb_driver.cc:1148] HandleQueuedBulkIn transfer in failed. "
        "Not found: USB transfer error 5 [LibUsbDataInCallback]\n"},
};

/* mmio_driver.cc of 16.0; google-coral/edgetpu#395 shows the text, twice, and that nothing ever comes after it. */
static const char hib_error[] =
    "E driver/mmio_driver.cc:254] HIB Error. hib_error_status = 0000000000002200, "
    "hib_first_error_status = 0000000000000200\n";

uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Asleep as a process that waits for USB, but for the end: a sleeper wakes up to 50 µs late (Linux's timer slack). */
void wait_until(uint64_t ends_ns) {
  uint64_t wake_ns = ends_ns - 80000;
  if (ends_ns > now_ns() + 150000) {
    struct timespec wake = {(time_t)(wake_ns / 1000000000u), (long)(wake_ns % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL)) continue;
  }
  while (now_ns() < ends_ns) continue;
}

static bool reached(long after, long invokes) { return after != NEVER && invokes >= after; }

static void hang(void) {
  for (;;) pause();
}

static void abort_with_usb_text(long error) {
  for (size_t i = 0; i < sizeof last_words / sizeof *last_words; i++)
    if (last_words[i].error == error) fputs(last_words[i].text, stderr);
  abort();
}

static void hang_with_hib_text(void) {
  fputs(hib_error, stderr);
  fputs(hib_error, stderr);
  hang();
}

static void end_the_process(const Settings *settings, long invokes) {
  if (reached(settings->hang_after, invokes)) hang();
  if (reached(settings->crash_after, invokes)) raise(SIGSEGV);
  if (reached(settings->abort_after, invokes)) abort_with_usb_text(settings->abort_error);
  if (reached(settings->hib_after, invokes)) hang_with_hib_text();
}

/* The words are those of edgetpu_context_direct.cc and driver.cc. */
static const char *failure(Device *device, long invokes) {
  const Settings *settings = &device->settings;
  if (reached(settings->unplug_after, invokes)) device_unplug(device);
  if (device->unplugged) return "Edge TPU is not ready.";
  bool turn = settings->fail_every > 0 && (invokes + 1) % settings->fail_every == 0;
  return turn || reached(settings->fail_after, invokes) ? "Request cancelled." : NULL;
}

/* As driver.cc keeps parameters: those of one token together, until an operator of another token, or of none, runs. */
static long upload_us(Device *device, Resident *resident) {
  uint64_t token = resident->package.caching_token;
  if (!token || token != device->caching_token) device->epoch++;
  device->caching_token = token;
  if (resident->epoch == device->epoch) return 0;
  long repeated = token ? device->settings.reload_us : 0;
  long cost = resident->epoch ? repeated : device->settings.first_us;
  resident->epoch = device->epoch;
  return cost;
}

/* Uniform below `limit`, by Knuth's MMIX generator. */
static uint64_t random_below(Device *device, uint64_t limit) {
  device->random = device->random * 6364136223846793005u + 1442695040888963407u;
  return (device->random >> 33) % limit;
}

static uint64_t duration_ns(Device *device, long invokes) {
  const Settings *settings = &device->settings;
  long us = reached(settings->slow_after, invokes) ? settings->slow_us : settings->latency_us;
  uint64_t jitter = random_below(device, (uint64_t)settings->jitter_us * 1000 + 1);
  return (uint64_t)(us * device->clock_divider) * 1000 + jitter;
}

const char *device_begin(Device *device, Resident *resident, uint64_t *ends_ns) {
  pthread_mutex_lock(&device->busy);
  *ends_ns = now_ns();
  long invokes = device->invokes++;
  end_the_process(&device->settings, invokes);
  const char *failed = failure(device, invokes);
  if (!failed) *ends_ns += duration_ns(device, invokes) + (uint64_t)upload_us(device, resident) * 1000;
  return failed;
}

void device_end(Device *device, uint64_t ends_ns) {
  wait_until(ends_ns);
  pthread_mutex_unlock(&device->busy);
}
