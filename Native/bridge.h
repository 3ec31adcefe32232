// Shared by the bridge's C++ files: conversions between C handles and LibTorch's types, and the exception fence.
#pragma once

#include <torch/csrc/autograd/autograd.h>
#include <torch/script.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "ctorch.h"

namespace bridge {

inline ct_tensor wrap(at::Tensor t) { return reinterpret_cast<ct_tensor>(t.unsafeReleaseTensorImpl()); }

/// A second reference to the caller's tensor; the caller keeps its own.
inline at::Tensor unwrap(ct_tensor t) {
  if (!t) return at::Tensor();
  return at::Tensor(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::unsafe_reclaim_from_nonowning(
      reinterpret_cast<at::TensorImpl *>(t)));
}

inline char *copy(const std::string &text) {
  char *out = static_cast<char *>(std::malloc(text.size() + 1));
  if (out) std::memcpy(out, text.c_str(), text.size() + 1);
  return out;
}

/// The line of LibTorch's message that says something, without its C++ backtrace.
std::string describe(const std::exception &e);

template <typename Body>
int guarded(char **error, Body body) {
  try {
    body();
    return 0;
  } catch (const std::exception &e) {
    if (error) *error = copy(describe(e));
  } catch (...) {
    if (error) *error = copy("unknown C++ exception");
  }
  return 1;
}

/// Converts a result; tensors become owned by the value.
ct_value box(const c10::IValue &value);
/// Converts an argument to what `type` asks for (an int where a float is declared, and so on).
c10::IValue unbox(const ct_value &value, const c10::TypePtr &type);
/// Converts an argument for which no type is known.
c10::IValue unbox(const ct_value &value);

void fill_tensors(ct_api &api);
void fill_operators(ct_api &api);
void fill_scripts(ct_api &api);
/// Puts this library's kernels in the place of LibTorch's that they equal.
void replace_kernels();

}  // namespace bridge
