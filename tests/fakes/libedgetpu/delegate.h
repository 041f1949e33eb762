/* The delegate: what a TFLite runtime sees of a device. */
#ifndef DELEGATE_H
#define DELEGATE_H

#include "device.h"
#include "tflite.h"

/* A delegate for an open device; NULL where there is none, or no memory. Freed by free(). */
TfLiteDelegate *delegate_new(Device *device);

#endif
