/* Claiming the custom operators of a model, each by a kernel of its own, as edgetpu_delegate_for_custom_op.cc does. */
#include "delegate.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  Device *device;
  Resident resident;
} Kernel;

static void *kernel_init(TfLiteContext *context, const char *buffer, size_t length) {
  const TfLiteDelegateParams *params = (const void *)buffer;
  TfLiteNode *node;
  TfLiteRegistration *registration;
  Kernel *kernel = calloc(1, sizeof *kernel);
  (void)length;
  if (!kernel || context->GetNodeAndRegistration(context, params->nodes_to_replace->data[0], &node, &registration))
    abort();
  kernel->device = params->delegate->data;
  kernel->resident.package = package_read(node->custom_initial_data, (size_t)node->custom_initial_data_size);
  return kernel;
}

static void kernel_free(TfLiteContext *context, void *kernel) {
  (void)context;
  free(kernel);
}

/* The words are those of custom_op_direct.cc and package_registry.cc. */
static TfLiteStatus kernel_prepare(TfLiteContext *context, TfLiteNode *node) {
  const Kernel *kernel = node->user_data;
  int wanted = kernel->resident.package.minimum_runtime, present = runtime_version();
  if (wanted <= present) return kTfLiteOk;
  context->ReportError(context,
                       "Failed to prepare for TPU. Failed precondition: Package requires runtime version (%d), which "
                       "is newer than this runtime version (%d).",
                       wanted, present);
  return kTfLiteError;
}

/* The bytes of the first input over and over: what a model on the CPU can be made to answer too. */
static void write_output(const Settings *settings, const TfLiteTensor *input, TfLiteTensor *output) {
  for (size_t i = 0; i < output->bytes; i++) {
    long byte = settings->output == NEVER ? input->data[i % input->bytes] : settings->output;
    output->data[i] = (unsigned char)(byte + settings->output_steps);
  }
}

static void write_outputs(const Settings *settings, TfLiteContext *context, const TfLiteNode *node) {
  const TfLiteTensor *input = &context->tensors[node->inputs->data[0]];
  for (int i = 0; i < node->outputs->size; i++)
    write_output(settings, input, &context->tensors[node->outputs->data[i]]);
}

static TfLiteStatus kernel_invoke(TfLiteContext *context, TfLiteNode *node) {
  Kernel *kernel = node->user_data;
  uint64_t ends_ns;
  const char *failed = device_begin(kernel->device, &kernel->resident, &ends_ns);
  if (!failed) write_outputs(&kernel->device->settings, context, node);
  device_end(kernel->device, ends_ns);
  if (failed) context->ReportError(context, "Failed to execute request. %s", failed);
  return failed ? kTfLiteError : kTfLiteOk;
}

/* libedgetpu 16.0 hands over 64 bytes, and behind them lies whatever is on its stack. Here that is always the same,
 * and no pointer, so that a runtime which reads it comes to the same end each time. */
static Handed handed_over(void) {
  const char *abi = getenv("FAKE_EDGETPU_ABI");
  Handed handed = {.registration = {.init = kernel_init,
                                    .free = kernel_free,
                                    .prepare = kernel_prepare,
                                    .invoke = kernel_invoke,
                                    .custom_name = "EdgeTpuDelegateForCustomOp",
                                    .version = 1}};
  if (abi && !strcmp(abi, "2.5")) memset(handed.behind, 0x5a, sizeof handed.behind);
  return handed;
}

static TfLiteStatus replace(TfLiteContext *context, TfLiteDelegate *delegate, int node) {
  struct {
    int size, data[1];
  } one = {1, {node}};
  return context->ReplaceNodeSubsetsWithDelegateKernels(context, handed_over(), (const void *)&one, delegate);
}

static TfLiteStatus claimed(TfLiteContext *context, int number, int *claim) {
  TfLiteNode *node;
  TfLiteRegistration *registration;
  TfLiteStatus status = context->GetNodeAndRegistration(context, number, &node, &registration);
  *claim = !status && registration->custom_name && !strcmp(registration->custom_name, "edgetpu-custom-op");
  return status;
}

/* Replacing an operator changes the plan, so all of them are found first. */
static TfLiteStatus replace_all(TfLiteContext *context, TfLiteDelegate *delegate, const TfLiteIntArray *plan,
                                int *claims) {
  int size = plan->size, found = 0, claim;
  for (int i = 0; i < size; i++) {
    if (claimed(context, plan->data[i], &claim)) return kTfLiteError;
    if (claim) claims[found++] = plan->data[i];
  }
  for (int i = 0; i < found; i++)
    if (replace(context, delegate, claims[i])) return kTfLiteError;
  return kTfLiteOk;
}

static TfLiteStatus prepare(TfLiteContext *context, TfLiteDelegate *delegate) {
  TfLiteIntArray *plan;
  if (context->GetExecutionPlan(context, &plan)) return kTfLiteError;
  int *claims = calloc((size_t)plan->size + 1, sizeof *claims);
  TfLiteStatus status = claims ? replace_all(context, delegate, plan, claims) : kTfLiteError;
  free(claims);
  return status;
}

TfLiteDelegate *delegate_new(Device *device) {
  TfLiteDelegate *delegate = device ? calloc(1, sizeof *delegate) : NULL;
  if (!delegate) return NULL;
  delegate->data = device;
  delegate->Prepare = prepare;
  delegate->flags = kTfLiteDelegateFlagsAllowDynamicTensors;
  return delegate;
}
