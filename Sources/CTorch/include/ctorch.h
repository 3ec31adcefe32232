// The plain-C face of LibTorch. Everything behind it lives in `Native/`, is compiled to one shared library
// (`libctorch`) by `Scripts/build-native.sh`, and is the only code that sees a LibTorch header. The library
// exports `ct_api_table`; the loader below opens it at run time, so building the Swift package needs no LibTorch.
//
// Conventions: a function that can fail returns 0 on success and 1 on failure and then sets `*error` to a
// malloc'ed message (free with ct_free). A `ct_tensor` is an owned reference: give it to `release` once.
// No C++ exception crosses this line.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cmine.h"
#include "cswitching.h"
#include "keyed_random.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Raised by one with every change of the table below; a library of another version is refused.
#define CT_API_VERSION 3

typedef struct ct_tensor_s *ct_tensor;
typedef struct ct_operator_s *ct_operator;
typedef struct ct_script_s *ct_script;

typedef enum ct_kind {
  CT_NONE = 0,
  CT_TENSOR = 1,
  CT_INT = 2,
  CT_DOUBLE = 3,
  CT_BOOL = 4,
  CT_STRING = 5,
  CT_INTS = 6,
  CT_DOUBLES = 7,
  CT_BOOLS = 8,
  CT_TENSORS = 9,
  CT_DEVICE = 10,
  /// "Use the schema's default": lets a later positional argument be given alone.
  CT_DEFAULT = 11,
} ct_kind;

/// One argument or result. As an argument everything is borrowed for the call; as a result tensors are owned
/// by the caller and `ints`, `doubles`, `tensors`, `string` are malloc'ed (free with ct_free).
typedef struct ct_value {
  int32_t kind;
  /// The name of a keyword argument, or NULL for a positional one. In a result NULL, but for the tensors that
  /// script_call gives: their names, newline-separated, malloc'ed.
  const char *name;
  /// Number of list elements; the device's index for CT_DEVICE.
  int64_t count;
  union {
    ct_tensor tensor;
    int64_t i;
    double d;
    const char *string;
    const int64_t *ints;
    const double *doubles;
    /// NULL entries are absent optional tensors.
    const ct_tensor *tensors;
  } as;
} ct_value;

typedef struct ct_api {
  int32_t version;
  const char *(*torch_version)(void);

  // Operators: (name, overload) from ATen's registry, called boxed through the dispatcher.
  int (*find_operator)(const char *name, const char *overload, ct_operator *out, char **error);
  /// The schema's text; malloc'ed.
  char *(*operator_schema)(ct_operator op);
  int (*call)(ct_operator op, const ct_value *arguments, int64_t count, ct_value *results, int64_t capacity,
              int64_t *result_count, char **error);

  // Tensors. `dtype` is ATen's ScalarType, `device` ATen's DeviceType.
  int (*from_data)(const void *data, const int64_t *sizes, int64_t dimensions, int32_t dtype, ct_tensor *out,
                   char **error);
  /// A tensor of host memory that it does not own; `release(owner)` is called when it is let go, not where this fails.
  /// The elements that sizes, strides and offset reach must lie in the memory.
  int (*from_memory)(void *data, const int64_t *sizes, const int64_t *strides, int64_t dimensions, int32_t dtype,
                     void (*release)(void *owner), void *owner, ct_tensor *out, char **error);
  /// Copies the elements, row-major and converted to `dtype`, to host memory of `bytes` bytes.
  int (*to_data)(ct_tensor t, int32_t dtype, void *data, int64_t bytes, char **error);
  void (*release)(ct_tensor t);
  int64_t (*dimensions)(ct_tensor t);
  void (*sizes)(ct_tensor t, int64_t *out);
  int32_t (*dtype)(ct_tensor t);
  int32_t (*device)(ct_tensor t, int32_t *index);
  /// The address of a contiguous host tensor's elements, or NULL.
  void *(*data_pointer)(ct_tensor t);

  // Autograd.
  int32_t (*requires_grad)(ct_tensor t);
  int (*set_requires_grad)(ct_tensor t, int32_t value, char **error);
  /// The accumulated gradient, or NULL.
  ct_tensor (*gradient)(ct_tensor t);
  int (*set_gradient)(ct_tensor t, ct_tensor gradient_or_null, char **error);
  int (*backward)(ct_tensor root, ct_tensor gradient_or_null, int32_t retain_graph, char **error);
  /// d(outputs)/d(inputs); `out[i]` is NULL where input i is not reached.
  int (*grad)(const ct_tensor *outputs, int64_t output_count, const ct_tensor *inputs, int64_t input_count,
              const ct_tensor *output_gradients_or_null, int32_t retain_graph, int32_t create_graph,
              ct_tensor *out, char **error);
  /// `y` as a function of `x` whose derivative somebody else computes: `pull` is given d(loss)/d(y), which it comes to own, and
  /// answers with d(loss)/d(x), which stays its own, or a message from malloc. `release` is called once the graph is gone.
  int (*attach)(ct_tensor y, ct_tensor x, int (*pull)(void *context, ct_tensor gradient, ct_tensor *out, char **error),
                void (*release)(void *context), void *context, ct_tensor *out, char **error);
  int32_t (*grad_mode)(void);
  void (*set_grad_mode)(int32_t enabled);

  // Threads and devices.
  int32_t (*threads)(void);
  void (*set_threads)(int32_t count);
  int32_t (*cuda_devices)(void);
  int32_t (*has_mps)(void);

  // TorchScript.
  int (*script_load)(const char *path, int32_t device, int32_t device_index, ct_script *out, char **error);
  int (*script_create)(const char *name, ct_script *out, char **error);
  void (*script_release)(ct_script s);
  int (*script_register)(ct_script s, const char *name, ct_tensor t, int32_t is_parameter, char **error);
  /// Makes `child` a submodule of `s`.
  int (*script_add_module)(ct_script s, const char *name, ct_script child, char **error);
  int (*script_define)(ct_script s, const char *source, char **error);
  int (*script_save)(ct_script s, const char *path, char **error);
  /// Evaluation mode (batch norm, dropout) and frozen parameters, for the module and all submodules.
  int (*script_freeze)(ct_script s, char **error);
  int (*script_submodule)(ct_script s, const char *dotted_name, ct_script *out, char **error);
  /// Newline-separated names of all submodules; malloc'ed.
  char *(*script_submodule_names)(ct_script s);
  /// Newline-separated "name" of parameters and buffers; malloc'ed.
  char *(*script_tensor_names)(ct_script s);
  int (*script_tensor)(ct_script s, const char *name, ct_tensor *out, char **error);
  /// Newline-separated names of a method's arguments, the object (the first, usually `self`) left out; malloc'ed.
  int (*script_arguments)(ct_script s, const char *method, char **out, char **error);
  int (*script_call)(ct_script s, const char *method, const ct_value *arguments, int64_t count,
                     ct_value *results, int64_t capacity, int64_t *result_count, char **error);

  void (*free)(void *memory);
} ct_api;

/// Opens the shared library at `path` and returns its table; NULL with `*error` (malloc'ed) on failure.
const ct_api *ct_load(const char *path, char **error);

/// A symbol of the opened library, or NULL.
void *ct_symbol(const char *name);

/// Lets the C library keep large blocks that are freed, where it has a way of being told so: a setting of the whole process.
void ct_keep_freed_memory(void);

#ifdef __cplusplus
}
#endif
