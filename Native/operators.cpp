// One boxed call reaches every ATen operator, autograd and device dispatch included.
#include <ATen/core/dispatch/Dispatcher.h>

#include <sstream>

#include "bridge.h"

namespace bridge {
namespace {

const c10::OperatorHandle &of(ct_operator op) { return *reinterpret_cast<const c10::OperatorHandle *>(op); }

int find_operator(const char *name, const char *overload, ct_operator *out, char **error) {
  return guarded(error, [&] {
    auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
    if (!handle) {
      throw std::invalid_argument(std::string("LibTorch has no operator '") + name +
                                  (*overload ? std::string(".") + overload : "") + "'");
    }
    *out = reinterpret_cast<ct_operator>(new c10::OperatorHandle(*handle));
  });
}

char *operator_schema(ct_operator op) {
  std::ostringstream text;
  text << of(op).schema();
  return copy(text.str());
}

std::string shapes(const ct_value *arguments, int64_t count) {
  std::ostringstream text;
  bool first = true;
  auto add = [&](ct_tensor t) {
    if (!t) return;
    at::Tensor tensor = unwrap(t);
    text << (first ? "" : ", ") << tensor.sizes() << " " << c10::toString(tensor.scalar_type());
    first = false;
  };
  for (int64_t i = 0; i < count; ++i) {
    if (arguments[i].kind == CT_TENSOR) add(arguments[i].as.tensor);
    if (arguments[i].kind == CT_TENSORS) {
      for (int64_t j = 0; j < arguments[i].count && j < 4; ++j) add(arguments[i].as.tensors[j]);
    }
  }
  return text.str();
}

void push_arguments(const c10::FunctionSchema &schema, const ct_value *values, int64_t count, torch::jit::Stack &stack) {
  const auto &declared = schema.arguments();
  int64_t positional = 0;
  while (positional < count && !values[positional].name) ++positional;
  if (positional > static_cast<int64_t>(declared.size())) {
    throw std::invalid_argument("takes at most " + std::to_string(declared.size()) + " arguments, " +
                                std::to_string(positional) + " were given");
  }
  int64_t used = positional;
  for (size_t i = 0; i < declared.size(); ++i) {
    const ct_value *given = nullptr;
    if (static_cast<int64_t>(i) < positional) {
      given = &values[i];
    } else {
      for (int64_t j = positional; j < count; ++j) {
        if (values[j].name && declared[i].name() == values[j].name) {
          given = &values[j];
          ++used;
        }
      }
    }
    if (given && given->kind != CT_DEFAULT) {
      stack.push_back(unbox(*given, declared[i].type()));
    } else if (declared[i].default_value()) {
      stack.push_back(*declared[i].default_value());
    } else if (declared[i].type()->kind() == c10::TypeKind::OptionalType) {
      stack.emplace_back();
    } else {
      throw std::invalid_argument("needs the argument '" + declared[i].name() + "'");
    }
  }
  if (used == count) return;
  for (int64_t j = positional; j < count; ++j) {
    std::string name = values[j].name ? values[j].name : "";
    bool known = false;
    for (const auto &argument : declared) known |= argument.name() == name;
    if (!known) throw std::invalid_argument("has no argument '" + name + "'");
  }
  throw std::invalid_argument("was given an argument both by position and by name");
}

int call(ct_operator op, const ct_value *arguments, int64_t count, ct_value *results, int64_t capacity,
         int64_t *result_count, char **error) {
  const auto &handle = of(op);
  std::string problem;
  try {
    torch::jit::Stack stack;
    stack.reserve(handle.schema().arguments().size());
    push_arguments(handle.schema(), arguments, count, stack);
    handle.callBoxed(stack);
    if (static_cast<int64_t>(stack.size()) > capacity) throw std::length_error("returns too many values");
    for (size_t i = 0; i < stack.size(); ++i) results[i] = box(stack[i]);
    *result_count = static_cast<int64_t>(stack.size());
    return 0;
  } catch (const std::exception &e) {
    problem = describe(e);
  } catch (...) {
    problem = "unknown C++ exception";
  }
  if (error) {
    std::string given = shapes(arguments, count);
    *error = copy(c10::toString(handle.operator_name()) + ": " + problem +
                  (given.empty() ? "" : " (arguments: " + given + ")"));
  }
  return 1;
}

}  // namespace

void fill_operators(ct_api &api) {
  api.find_operator = find_operator;
  api.operator_schema = operator_schema;
  api.call = call;
}

}  // namespace bridge
