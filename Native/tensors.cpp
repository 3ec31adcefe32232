#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/version.h>

#include "bridge.h"

namespace bridge {
namespace {

const char *torch_version() { return TORCH_VERSION; }

int from_data(const void *data, const int64_t *sizes, int64_t dimensions, int32_t dtype, ct_tensor *out, char **error) {
  return guarded(error, [&] {
    auto options = at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype));
    auto tensor = at::empty(at::IntArrayRef(sizes, dimensions), options);
    if (data) std::memcpy(tensor.data_ptr(), data, tensor.nbytes());
    *out = wrap(tensor);
  });
}

int from_memory(void *data, const int64_t *sizes, const int64_t *strides, int64_t dimensions, int32_t dtype,
                void (*release)(void *), void *owner, ct_tensor *out, char **error) {
  return guarded(error, [&] {
    auto options = at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype));
    *out = wrap(at::from_blob(
        data, at::IntArrayRef(sizes, dimensions), at::IntArrayRef(strides, dimensions),
        [release, owner](void *) { release(owner); }, options));
  });
}

int to_data(ct_tensor t, int32_t dtype, void *data, int64_t bytes, char **error) {
  return guarded(error, [&] {
    at::NoGradGuard guard;
    auto host = unwrap(t).detach().to(at::kCPU, static_cast<at::ScalarType>(dtype)).contiguous();
    if (static_cast<int64_t>(host.nbytes()) != bytes) throw std::length_error("the buffer's size is not the tensor's");
    std::memcpy(data, host.data_ptr(), host.nbytes());
  });
}

void release(ct_tensor t) {
  if (t) c10::raw::intrusive_ptr::decref(reinterpret_cast<at::TensorImpl *>(t));
}

int64_t dimensions(ct_tensor t) { return reinterpret_cast<at::TensorImpl *>(t)->dim(); }

void sizes(ct_tensor t, int64_t *out) {
  auto s = reinterpret_cast<at::TensorImpl *>(t)->sizes();
  std::copy(s.begin(), s.end(), out);
}

int32_t dtype(ct_tensor t) { return static_cast<int32_t>(unwrap(t).scalar_type()); }

int32_t device(ct_tensor t, int32_t *index) {
  auto d = reinterpret_cast<at::TensorImpl *>(t)->device();
  if (index) *index = d.index();
  return static_cast<int32_t>(d.type());
}

void *data_pointer(ct_tensor t) {
  at::Tensor tensor = unwrap(t);
  if (!tensor.device().is_cpu() || !tensor.is_contiguous()) return nullptr;
  return tensor.data_ptr();
}

int32_t requires_grad(ct_tensor t) { return unwrap(t).requires_grad(); }

int set_requires_grad(ct_tensor t, int32_t value, char **error) {
  return guarded(error, [&] { unwrap(t).requires_grad_(value != 0); });
}

ct_tensor gradient(ct_tensor t) {
  at::Tensor g = unwrap(t).grad();
  return g.defined() ? wrap(g) : nullptr;
}

int set_gradient(ct_tensor t, ct_tensor g, char **error) {
  return guarded(error, [&] { unwrap(t).mutable_grad() = unwrap(g); });
}

int backward(ct_tensor root, ct_tensor g, int32_t retain_graph, char **error) {
  return guarded(error, [&] { unwrap(root).backward(unwrap(g), retain_graph != 0, false); });
}

int grad(const ct_tensor *outputs, int64_t output_count, const ct_tensor *inputs, int64_t input_count,
         const ct_tensor *output_gradients, int32_t retain_graph, int32_t create_graph, ct_tensor *out, char **error) {
  return guarded(error, [&] {
    torch::autograd::variable_list ys, xs, gs;
    for (int64_t i = 0; i < output_count; ++i) ys.push_back(unwrap(outputs[i]));
    for (int64_t i = 0; i < input_count; ++i) xs.push_back(unwrap(inputs[i]));
    if (output_gradients) {
      for (int64_t i = 0; i < output_count; ++i) gs.push_back(unwrap(output_gradients[i]));
    }
    auto result = torch::autograd::grad(ys, xs, gs, retain_graph != 0, create_graph != 0, /*allow_unused=*/true);
    for (int64_t i = 0; i < input_count; ++i) out[i] = result[i].defined() ? wrap(result[i]) : nullptr;
  });
}

/// A derivative computed elsewhere.
struct Pull : torch::CustomClassHolder {
  int (*pull)(void *, ct_tensor, ct_tensor *, char **);
  void (*release)(void *);
  void *context;
  Pull(int (*pull)(void *, ct_tensor, ct_tensor *, char **), void (*release)(void *), void *context)
      : pull(pull), release(release), context(context) {}
  ~Pull() override { release(context); }
};

struct Pulled : torch::autograd::Function<Pulled> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor & /*x*/, const at::Tensor &y,
                            const c10::intrusive_ptr<Pull> &pull) {
    ctx->saved_data["pull"] = c10::IValue::make_capsule(pull);
    return y.detach();
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx,
                                                 torch::autograd::variable_list gradients) {
    auto holder = ctx->saved_data["pull"].toCapsule();
    auto *pull = static_cast<Pull *>(holder.get());
    ct_tensor out = nullptr;
    char *message = nullptr;
    if (pull->pull(pull->context, wrap(gradients[0]), &out, &message) != 0) {
      std::string text = message ? message : "the gradient failed";
      std::free(message);
      throw std::runtime_error(text);
    }
    return {unwrap(out), at::Tensor(), at::Tensor()};
  }
};

int attach(ct_tensor y, ct_tensor x, int (*pull)(void *, ct_tensor, ct_tensor *, char **), void (*release)(void *),
           void *context, ct_tensor *out, char **error) {
  return guarded(error, [&] {
    auto holder = c10::make_intrusive<Pull>(pull, release, context);
    *out = wrap(Pulled::apply(unwrap(x), unwrap(y), holder));
  });
}

int32_t grad_mode() { return at::GradMode::is_enabled(); }
void set_grad_mode(int32_t enabled) { at::GradMode::set_enabled(enabled != 0); }

int32_t threads() { return at::get_num_threads(); }
void set_threads(int32_t count) {
  // A thread's first question for its number of threads sets it to what any thread set last: ask before setting.
  at::get_num_threads();
  at::set_num_threads(count);
}

int32_t cuda_devices() {
  try {
    const auto &hooks = at::detail::getCUDAHooks();
    return hooks.hasCUDA() ? static_cast<int32_t>(hooks.deviceCount()) : 0;
  } catch (...) {
    return 0;
  }
}

int32_t has_mps() { return at::hasMPS(); }

}  // namespace

void fill_tensors(ct_api &api) {
  api.torch_version = torch_version;
  api.from_data = from_data;
  api.from_memory = from_memory;
  api.to_data = to_data;
  api.release = release;
  api.dimensions = dimensions;
  api.sizes = sizes;
  api.dtype = dtype;
  api.device = device;
  api.data_pointer = data_pointer;
  api.requires_grad = requires_grad;
  api.set_requires_grad = set_requires_grad;
  api.gradient = gradient;
  api.set_gradient = set_gradient;
  api.backward = backward;
  api.grad = grad;
  api.attach = attach;
  api.grad_mode = grad_mode;
  api.set_grad_mode = set_grad_mode;
  api.threads = threads;
  api.set_threads = set_threads;
  api.cuda_devices = cuda_devices;
  api.has_mps = has_mps;
  api.free = std::free;
}

}  // namespace bridge

extern "C" const ct_api *ct_api_table(void) {
  static const ct_api table = [] {
    ct_api api{};
    api.version = CT_API_VERSION;
    bridge::fill_tensors(api);
    bridge::fill_operators(api);
    bridge::fill_scripts(api);
    bridge::replace_kernels();
    return api;
  }();
  return &table;
}
