#include <ATen/ScalarOps.h>

#include "bridge.h"

namespace bridge {

std::string describe(const std::exception &e) {
  std::string text;
  if (auto *c10error = dynamic_cast<const c10::Error *>(&e)) {
    text = c10error->what_without_backtrace();
  } else {
    text = e.what();
  }
  // TorchScript puts the cause last, after the source it interprets; its class is Python's where the script raises it.
  auto cause = text.rfind("\nRuntimeError: ");
  if (cause != std::string::npos) {
    text = text.substr(cause + 15);
  } else if (text.rfind("The following operation failed", 0) == 0) {
    auto last = text.find_last_not_of(" \n");
    if (last != std::string::npos) text.resize(last + 1);
    text = text.substr(text.rfind('\n') + 1);
  }
  // "[enforce fail at file.cc:230] . " says where in LibTorch it was noticed.
  auto enforced = text.find("] . ");
  if (text.rfind("[enforce fail", 0) == 0 && enforced != std::string::npos) text = text.substr(enforced + 4);
  text.erase(0, text.find_first_not_of(" \n"));
  auto end = text.find('\n');
  if (end != std::string::npos) text.resize(end);
  return text.empty() ? "unknown error" : text;
}

namespace {

template <typename T>
T *allocate(size_t count) {
  auto *memory = static_cast<T *>(std::malloc(std::max<size_t>(1, count * sizeof(T))));
  if (!memory) throw std::bad_alloc();
  return memory;
}

c10::Device device_of(const ct_value &v) {
  return c10::Device(static_cast<c10::DeviceType>(v.as.i), static_cast<c10::DeviceIndex>(v.count));
}

std::vector<int64_t> ints_of(const ct_value &v) { return {v.as.ints, v.as.ints + v.count}; }

[[noreturn]] void mismatch(const ct_value &v, const c10::TypePtr &type) {
  static const char *names[] = {"none",    "a tensor",         "an int",      "a float",           "a bool",  "a string",
                                "a list of ints", "a list of floats", "a list of bools", "a list of tensors", "a device"};
  throw std::invalid_argument(std::string(v.kind >= 0 && v.kind <= CT_DEVICE ? names[v.kind] : "a value") +
                              " was given where " + type->str() + " is declared");
}

/// A number where a tensor is declared, as Python gives it: its type does not decide that of the result.
at::Tensor number(const c10::Scalar &value) { return at::native::wrapped_scalar_tensor(value); }

c10::IValue list_of(const ct_value &v, const c10::TypePtr &element) {
  switch (v.kind) {
    case CT_TENSORS: {
      if (element->kind() == c10::TypeKind::OptionalType) {
        c10::List<std::optional<at::Tensor>> list;
        for (int64_t i = 0; i < v.count; ++i) {
          if (v.as.tensors[i]) list.push_back(unwrap(v.as.tensors[i]));
          else list.push_back(std::nullopt);
        }
        return list;
      }
      c10::List<at::Tensor> list;
      list.reserve(v.count);
      for (int64_t i = 0; i < v.count; ++i) list.push_back(unwrap(v.as.tensors[i]));
      return list;
    }
    case CT_INTS: {
      if (element->kind() != c10::TypeKind::FloatType) return ints_of(v);
      c10::List<double> list;
      for (int64_t i = 0; i < v.count; ++i) list.push_back(static_cast<double>(v.as.ints[i]));
      return list;
    }
    case CT_DOUBLES:
      return std::vector<double>(v.as.doubles, v.as.doubles + v.count);
    case CT_BOOLS: {
      c10::List<bool> list;
      for (int64_t i = 0; i < v.count; ++i) list.push_back(v.as.ints[i] != 0);
      return list;
    }
    case CT_INT:
      // A single number stands for a list of one, as in Python.
      return std::vector<int64_t>{v.as.i};
    default:
      mismatch(v, element);
  }
}

}  // namespace

c10::IValue unbox(const ct_value &v, const c10::TypePtr &type) {
  using c10::TypeKind;
  auto kind = type->kind();
  if (kind == TypeKind::OptionalType) {
    if (v.kind == CT_NONE) return c10::IValue();
    return unbox(v, type->castRaw<c10::OptionalType>()->getElementType());
  }
  switch (v.kind) {
    case CT_NONE:
      // An undefined tensor is how ATen spells "no tensor" where the schema has no '?'.
      if (kind == TypeKind::TensorType) return at::Tensor();
      return c10::IValue();
    case CT_TENSOR:
      if (kind != TypeKind::TensorType) mismatch(v, type);
      return unwrap(v.as.tensor);
    case CT_INT:
      if (kind == TypeKind::TensorType) return number(v.as.i);
      if (kind == TypeKind::FloatType) return static_cast<double>(v.as.i);
      if (kind == TypeKind::BoolType) return v.as.i != 0;
      if (kind == TypeKind::ListType) return list_of(v, type->castRaw<c10::ListType>()->getElementType());
      return v.as.i;
    case CT_DOUBLE:
      if (kind == TypeKind::TensorType) return number(v.as.d);
      if (kind == TypeKind::IntType) mismatch(v, type);
      return v.as.d;
    case CT_BOOL:
      if (kind == TypeKind::TensorType) return number(v.as.i != 0);
      return v.as.i != 0;
    case CT_STRING:
      if (kind != TypeKind::StringType) mismatch(v, type);
      return std::string(v.as.string);
    case CT_DEVICE:
      return device_of(v);
    case CT_INTS:
    case CT_DOUBLES:
    case CT_BOOLS:
    case CT_TENSORS:
      if (kind != TypeKind::ListType) mismatch(v, type);
      return list_of(v, type->castRaw<c10::ListType>()->getElementType());
    default:
      mismatch(v, type);
  }
}

c10::IValue unbox(const ct_value &v) {
  switch (v.kind) {
    case CT_NONE: return c10::IValue();
    case CT_TENSOR: return unwrap(v.as.tensor);
    case CT_INT: return v.as.i;
    case CT_DOUBLE: return v.as.d;
    case CT_BOOL: return v.as.i != 0;
    case CT_STRING: return std::string(v.as.string);
    case CT_DEVICE: return device_of(v);
    case CT_INTS: return ints_of(v);
    case CT_TENSORS: return list_of(v, c10::TensorType::get());
    default: throw std::invalid_argument("this kind of argument cannot be passed to TorchScript");
  }
}

ct_value box(const c10::IValue &value) {
  ct_value out{};
  if (value.isNone()) {
    out.kind = CT_NONE;
  } else if (value.isTensor()) {
    out.kind = value.toTensor().defined() ? CT_TENSOR : CT_NONE;
    if (out.kind == CT_TENSOR) out.as.tensor = wrap(value.toTensor());
  } else if (value.isBool()) {
    out.kind = CT_BOOL;
    out.as.i = value.toBool();
  } else if (value.isInt()) {
    out.kind = CT_INT;
    out.as.i = value.toInt();
  } else if (value.isDouble()) {
    out.kind = CT_DOUBLE;
    out.as.d = value.toDouble();
  } else if (value.isString()) {
    out.kind = CT_STRING;
    out.as.string = copy(value.toStringRef());
  } else if (value.isTensorList() || value.isTuple()) {
    // TorchScript functions may return a tuple of tensors.
    std::vector<at::Tensor> list;
    if (value.isTensorList()) {
      list = value.toTensorVector();
    } else {
      for (const auto &element : value.toTupleRef().elements()) {
        if (!element.isTensor()) throw std::invalid_argument("a tuple holds something that is no tensor");
        list.push_back(element.toTensor());
      }
    }
    auto *tensors = allocate<ct_tensor>(list.size());
    for (size_t i = 0; i < list.size(); ++i) tensors[i] = list[i].defined() ? wrap(list[i]) : nullptr;
    out.kind = CT_TENSORS;
    out.count = static_cast<int64_t>(list.size());
    out.as.tensors = tensors;
  } else if (value.isIntList()) {
    auto list = value.toIntVector();
    auto *ints = allocate<int64_t>(list.size());
    std::copy(list.begin(), list.end(), ints);
    out.kind = CT_INTS;
    out.count = static_cast<int64_t>(list.size());
    out.as.ints = ints;
  } else {
    throw std::invalid_argument("a result of type " + value.tagKind() + " is not supported");
  }
  return out;
}

}  // namespace bridge
