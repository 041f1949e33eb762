/* The part of TensorFlow Lite's C interface that a delegate uses.
 *
 * Layouts of tensorflow/lite/core/c/common.h on 64-bit machines, redeclared because no wheel carries the header.
 * TensorFlow only ever appends to these records; everything appended since 2.5 must read as zero. */
#ifndef TFLITE_H
#define TFLITE_H

#include <stddef.h>
#include <stdint.h>

typedef enum { kTfLiteOk = 0, kTfLiteError = 1 } TfLiteStatus;

typedef struct {
  int size;
  int data[];
} TfLiteIntArray;

typedef struct TfLiteContext TfLiteContext;
typedef struct TfLiteDelegate TfLiteDelegate;

typedef struct {
  int32_t type;
  unsigned char *data;
  TfLiteIntArray *dims;
  float scale;
  int32_t zero_point;
  int32_t allocation_type;
  size_t bytes;
  const void *unused[8];
} TfLiteTensor;

typedef struct {
  TfLiteIntArray *inputs, *outputs, *intermediates, *temporaries;
  void *user_data;
  void *builtin_data;
  const void *custom_initial_data;
  int custom_initial_data_size;
} TfLiteNode;

typedef struct {
  void *(*init)(TfLiteContext *, const char *, size_t);
  void (*free)(TfLiteContext *, void *);
  TfLiteStatus (*prepare)(TfLiteContext *, TfLiteNode *);
  TfLiteStatus (*invoke)(TfLiteContext *, TfLiteNode *);
  const char *(*profiling_string)(const TfLiteContext *, const TfLiteNode *);
  int32_t builtin_code;
  const char *custom_name;
  int version;
} TfLiteRegistration;

typedef struct {
  TfLiteDelegate *delegate;
  TfLiteIntArray *nodes_to_replace, *input_tensors, *output_tensors;
} TfLiteDelegateParams;

/* A registration as it lies on the stack when it is handed over by value: a newer runtime reads past its 64 bytes. */
typedef struct {
  TfLiteRegistration registration;
  uint64_t behind[8];
} Handed;

struct TfLiteContext {
  size_t tensors_size;
  TfLiteStatus (*GetExecutionPlan)(TfLiteContext *, TfLiteIntArray **);
  TfLiteTensor *tensors;
  void *impl;
  void *ResizeTensor;
  void (*ReportError)(TfLiteContext *, const char *, ...);
  void *AddTensors;
  TfLiteStatus (*GetNodeAndRegistration)(TfLiteContext *, int, TfLiteNode **, TfLiteRegistration **);
  TfLiteStatus (*ReplaceNodeSubsetsWithDelegateKernels)(TfLiteContext *, Handed, const TfLiteIntArray *,
                                                        TfLiteDelegate *);
};

struct TfLiteDelegate {
  void *data;
  TfLiteStatus (*Prepare)(TfLiteContext *, TfLiteDelegate *);
  void *CopyFromBufferHandle, *CopyToBufferHandle, *FreeBufferHandle;
  int64_t flags;
  void *appended[9];
};

enum { kTfLiteDelegateFlagsAllowDynamicTensors = 1 };

_Static_assert(sizeof(TfLiteTensor) == 112, "TfLiteTensor");
_Static_assert(sizeof(TfLiteRegistration) == 64, "TfLiteRegistration of TensorFlow 2.5");
_Static_assert(offsetof(TfLiteTensor, bytes) == 40, "TfLiteTensor.bytes");
_Static_assert(offsetof(TfLiteNode, custom_initial_data) == 48, "TfLiteNode.custom_initial_data");
_Static_assert(offsetof(TfLiteContext, ReplaceNodeSubsetsWithDelegateKernels) == 64, "TfLiteContext");
_Static_assert(offsetof(TfLiteDelegate, flags) == 40, "TfLiteDelegate.flags");

#endif
