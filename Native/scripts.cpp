// TorchScript: users' models in, ours out.
#include "bridge.h"

namespace bridge {
namespace {

torch::jit::Module &of(ct_script s) { return *reinterpret_cast<torch::jit::Module *>(s); }

ct_script wrap_module(torch::jit::Module module) {
  return reinterpret_cast<ct_script>(new torch::jit::Module(std::move(module)));
}

int script_load(const char *path, int32_t device, int32_t index, ct_script *out, char **error) {
  return guarded(error, [&] {
    c10::Device target(static_cast<c10::DeviceType>(device), static_cast<c10::DeviceIndex>(index));
    *out = wrap_module(torch::jit::load(path, target));
  });
}

int script_create(const char *name, ct_script *out, char **error) {
  return guarded(error, [&] { *out = wrap_module(torch::jit::Module(name)); });
}

void script_release(ct_script s) { delete reinterpret_cast<torch::jit::Module *>(s); }

int script_register(ct_script s, const char *name, ct_tensor t, int32_t is_parameter, char **error) {
  return guarded(error, [&] {
    at::Tensor value = unwrap(t).detach().clone();
    if (is_parameter) of(s).register_parameter(name, value, false);
    else of(s).register_buffer(name, value);
  });
}

int script_add_module(ct_script s, const char *name, ct_script child, char **error) {
  return guarded(error, [&] { of(s).register_module(name, of(child)); });
}

int script_define(ct_script s, const char *source, char **error) {
  return guarded(error, [&] { of(s).define(source); });
}

int script_save(ct_script s, const char *path, char **error) {
  return guarded(error, [&] { of(s).save(path); });
}

int script_freeze(ct_script s, char **error) {
  return guarded(error, [&] {
    of(s).eval();
    for (auto parameter : of(s).parameters()) parameter.requires_grad_(false);
  });
}

int script_submodule(ct_script s, const char *dotted_name, ct_script *out, char **error) {
  return guarded(error, [&] {
    for (const auto &named : of(s).named_modules()) {
      if (named.name == dotted_name) {
        *out = wrap_module(named.value);
        return;
      }
    }
    throw std::invalid_argument(std::string("the model has no submodule '") + dotted_name + "'");
  });
}

char *script_submodule_names(ct_script s) {
  std::string text;
  for (const auto &named : of(s).named_modules()) {
    if (!named.name.empty()) text += named.name + "\n";
  }
  return copy(text);
}

std::vector<std::pair<std::string, at::Tensor>> named_tensors(ct_script s) {
  std::vector<std::pair<std::string, at::Tensor>> all;
  for (const auto &named : of(s).named_parameters()) all.emplace_back(named.name, named.value);
  for (const auto &named : of(s).named_buffers()) all.emplace_back(named.name, named.value);
  return all;
}

char *script_tensor_names(ct_script s) {
  std::string text;
  for (const auto &named : named_tensors(s)) text += named.first + "\n";
  return copy(text);
}

int script_tensor(ct_script s, const char *name, ct_tensor *out, char **error) {
  return guarded(error, [&] {
    for (const auto &named : named_tensors(s)) {
      if (named.first == name) {
        *out = wrap(named.second);
        return;
      }
    }
    throw std::invalid_argument(std::string("the model has no parameter or buffer '") + name + "'");
  });
}

torch::jit::Method method_of(ct_script s, const char *method) {
  if (auto found = of(s).find_method(method)) return *found;
  std::string known;
  for (const auto &each : of(s).get_methods()) known += (known.empty() ? "" : ", ") + each.name();
  throw std::invalid_argument(std::string("the model has no method '") + method + "'; it has: " + known);
}

using Named = std::vector<std::pair<std::string, at::Tensor>>;

/// The tensors in a result, however deep in tuples, lists, dictionaries and objects, each with the path to it: positions
/// and names joined by dots. What is no tensor is passed over.
void collect(const c10::IValue &value, const std::string &path, Named &all) {
  auto below = [&](const std::string &part) { return path.empty() ? part : path + "." + part; };
  if (value.isTensor()) {
    if (value.toTensor().defined()) all.emplace_back(path, value.toTensor());
  } else if (value.isTuple()) {
    const auto &elements = value.toTupleRef().elements();
    auto schema = value.type()->castRaw<c10::TupleType>()->schema();
    for (size_t i = 0; i < elements.size(); ++i) {
      bool named = schema && i < schema->arguments().size();
      collect(elements[i], below(named ? schema->arguments()[i].name() : std::to_string(i)), all);
    }
  } else if (value.isList()) {
    auto list = value.toList();
    for (size_t i = 0; i < list.size(); ++i) collect(list.get(i), below(std::to_string(i)), all);
  } else if (value.isGenericDict()) {
    for (const auto &entry : value.toGenericDict()) {
      std::string key = entry.key().isString() ? entry.key().toStringRef()
          : entry.key().isInt() ? std::to_string(entry.key().toInt()) : "?";
      collect(entry.value(), below(key), all);
    }
  } else if (value.isObject()) {
    auto object = value.toObject();
    for (size_t i = 0; i < object->slots().size(); ++i) {
      collect(object->getSlot(i), below(object->type()->getAttributeName(i)), all);
    }
  }
}

/// A script's result; of several tensors also their names, separated by newlines.
ct_value box_result(const c10::IValue &value) {
  if (value.isTensor()) return box(value);
  Named all;
  collect(value, "", all);
  if (all.empty()) return box(value);
  c10::List<at::Tensor> tensors;
  std::string names;
  for (const auto &each : all) {
    tensors.push_back(each.second);
    for (char c : each.first) names += c == '\n' ? ' ' : c;
    names += '\n';
  }
  ct_value out = box(c10::IValue(tensors));
  out.name = copy(names);
  return out;
}

int script_arguments(ct_script s, const char *method, char **out, char **error) {
  return guarded(error, [&] {
    std::string text;
    // The first is the object, whatever it is called.
    const auto &all = method_of(s, method).function().getSchema().arguments();
    for (size_t i = 1; i < all.size(); ++i) text += all[i].name() + "\n";
    *out = copy(text);
  });
}

int script_call(ct_script s, const char *method, const ct_value *arguments, int64_t count, ct_value *results,
                int64_t capacity, int64_t *result_count, char **error) {
  return guarded(error, [&] {
    auto found = method_of(s, method);
    if (capacity < 1) throw std::length_error("no room for the result");
    std::vector<c10::IValue> stack;
    for (int64_t i = 0; i < count; ++i) stack.push_back(unbox(arguments[i]));
    // The optimizing executor profiles the first calls and may fuse in later ones: the same input would then give
    // other last bits. Without it a script does what eager PyTorch does, every time.
    torch::jit::GraphOptimizerEnabledGuard plain(false);
    results[0] = box_result(found(std::move(stack)));
    *result_count = 1;
  });
}

}  // namespace

void fill_scripts(ct_api &api) {
  api.script_load = script_load;
  api.script_create = script_create;
  api.script_release = script_release;
  api.script_register = script_register;
  api.script_add_module = script_add_module;
  api.script_define = script_define;
  api.script_save = script_save;
  api.script_freeze = script_freeze;
  api.script_submodule = script_submodule;
  api.script_submodule_names = script_submodule_names;
  api.script_tensor_names = script_tensor_names;
  api.script_tensor = script_tensor;
  api.script_arguments = script_arguments;
  api.script_call = script_call;
}

}  // namespace bridge
