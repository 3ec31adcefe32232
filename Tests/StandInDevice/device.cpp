// A second device for tests on machines that have none: its tensors lie in the host's memory and its operators are the
// host's, but like an accelerator it refuses to compute with tensors that lie elsewhere (numbers without dimensions
// apart). What runs on it therefore made nothing on a device that it only supposed, and gives the host's own bits.
#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <cstdlib>
#include <cstring>
#include <torch/library.h>

namespace {

constexpr auto kind = c10::DeviceType::PrivateUse1;

struct Memory final : c10::Allocator {
  at::DataPtr allocate(size_t bytes) override {
    void *data = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
    return {data, data, &std::free, c10::Device(kind, 0)};
  }
  at::DeleterFnPtr raw_deleter() const override { return &std::free; }
  void copy_data(void *to, const void *from, size_t bytes) const override { std::memcpy(to, from, bytes); }
};

Memory memory;

// One device, one stream, and nothing is ever under way: all events have happened.
struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kind; }
  c10::Device exchangeDevice(c10::Device) const override { return {kind, 0}; }
  c10::Device getDevice() const override { return {kind, 0}; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, {kind, 0}); }
  c10::Stream exchangeStream(c10::Stream) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, {kind, 0}); }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  void record(void **, const c10::Stream &, const c10::DeviceIndex, const c10::EventFlag) const override {}
  void block(void *, const c10::Stream &) const override {}
  bool queryEvent(void *) const override { return true; }
  bool queryStream(const c10::Stream &) const override { return true; }
  void synchronizeStream(const c10::Stream &) const override {}
};

struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return 1; }
};

Hooks hooks;

// The same memory as a tensor of the host.
at::Tensor host(const at::Tensor &t) {
  if (!t.defined() || t.device().type() != kind) return t;
  return at::from_blob(
      t.data_ptr(), t.sizes(), t.strides(), at::TensorOptions().dtype(t.scalar_type()).device(at::kCPU));
}

at::Tensor emptyLike(const at::Tensor &t) {
  return at::detail::empty_strided_generic(
      t.sizes(), t.strides(), &memory, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), t.scalar_type());
}

at::Tensor here(const at::Tensor &t) {
  if (!t.defined()) return t;
  auto dense = t.is_non_overlapping_and_dense() ? t : t.contiguous();
  auto result = emptyLike(dense);
  host(result).copy_(dense);
  return result;
}

at::Tensor empty(
    at::IntArrayRef size, std::optional<at::ScalarType> dtype, std::optional<at::Layout>, std::optional<at::Device>,
    std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(
      size, &memory, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), dtype.value_or(at::kFloat), format);
}

at::Tensor emptyStrided(
    at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
    std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(
      size, stride, &memory, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), dtype.value_or(at::kFloat));
}

at::Tensor copyFrom(const at::Tensor &from, const at::Tensor &to, bool) {
  host(to).copy_(host(from));
  return to;
}

at::Tensor copyFromAndResize(const at::Tensor &from, const at::Tensor &to) {
  if (to.sizes() != from.sizes()) const_cast<at::Tensor &>(to).resize_(from.sizes());
  return copyFrom(from, to, false);
}

const at::Tensor &resize(const at::Tensor &t, at::IntArrayRef size, std::optional<at::MemoryFormat>) {
  auto *impl = t.unsafeGetTensorImpl();
  int64_t count = 1;
  for (auto length : size) count *= length;
  auto bytes = static_cast<size_t>(count) * t.itemsize() + static_cast<size_t>(t.storage_offset()) * t.itemsize();
  if (bytes > t.storage().nbytes()) {
    auto fresh = memory.allocate(bytes);
    if (t.storage().nbytes()) std::memcpy(fresh.get(), t.storage().data(), t.storage().nbytes());
    t.storage().unsafeGetStorageImpl()->set_data_ptr_noswap(std::move(fresh));
    t.storage().unsafeGetStorageImpl()->set_nbytes(bytes);
  }
  impl->set_sizes_contiguous(size);
  return t;
}

at::Scalar scalar(const at::Tensor &t) { return host(t).item(); }

at::Tensor asStrided(
    const at::Tensor &t, at::IntArrayRef size, at::IntArrayRef stride, std::optional<int64_t> offset) {
  return at::native::as_strided_tensorimpl(t, size, stride, offset);
}

at::Tensor view(const at::Tensor &t, at::IntArrayRef size) { return at::native::view(t, size); }

// LibTorch leaves convolutions of devices that it does not know to these two.
at::Tensor convolution(
    const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias, at::IntArrayRef stride,
    at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed, at::IntArrayRef outputPadding, int64_t groups) {
  auto hostBias = bias ? std::optional<at::Tensor>(host(*bias)) : bias;
  return here(at::convolution(
      host(x), host(weight), hostBias, stride, padding, dilation, transposed, outputPadding, groups));
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> convolutionBackward(
    const at::Tensor &gradient, const at::Tensor &x, const at::Tensor &weight, at::IntArrayRef stride,
    at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed, at::IntArrayRef outputPadding, int64_t groups,
    std::array<bool, 3> wanted) {
  auto outputs = transposed ? weight.size(1) * groups : weight.size(0);
  auto [a, b, c] = at::convolution_backward(
      host(gradient), host(x), host(weight), at::IntArrayRef({outputs}), stride, padding, dilation, transposed,
      outputPadding, groups, wanted);
  return {here(a), here(b), here(c)};
}

// Every other operator: the host's, on the same memory, if all its tensors are here.
void everything(const c10::OperatorHandle &op, c10::DispatchKeySet, torch::jit::Stack *stack) {
  const auto &schema = op.schema();
  const auto count = schema.arguments().size();
  const auto first = stack->size() - count;
  std::vector<at::Tensor> given, lent;
  auto lend = [&](const at::Tensor &t, bool isOut = false) {
    if (t.defined() && t.device().type() != kind && t.dim() > 0)
      TORCH_CHECK(false, schema.name(), ": a tensor of the host meets one of another device");
    // An operator may give its output another size, which borrowed memory cannot have.
    auto result = isOut ? at::empty_like(host(t)) : host(t);
    if (t.defined()) {
      given.push_back(t);
      lent.push_back(result);
    }
    return result;
  };
  for (size_t i = first; i < stack->size(); ++i) {
    auto &value = (*stack)[i];
    if (value.isTensor()) {
      value = lend(value.toTensor(), schema.arguments()[i - first].is_out());
    } else if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor &t : value.toTensorVector()) list.push_back(lend(t));
      value = list;
    } else if (value.isOptionalTensorList()) {
      c10::List<std::optional<at::Tensor>> list;
      for (const std::optional<at::Tensor> &t : value.toOptionalTensorList())
        list.push_back(t ? std::optional<at::Tensor>(lend(*t)) : t);
      value = list;
    } else if (value.isDevice()) {
      value = c10::Device(at::kCPU);
    }
  }
  op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);
  const auto results = schema.returns().size();
  auto back = [&](const at::Tensor &t) {
    // Changed in place: the very tensor that was given.
    for (size_t i = 0; i < lent.size(); ++i)
      if (lent[i].is_same(t)) {
        if (t.data_ptr() != given[i].data_ptr()) copyFromAndResize(t, given[i]);
        return given[i];
      }
    return here(t);
  };
  for (size_t i = stack->size() - results; i < stack->size(); ++i) {
    auto &value = (*stack)[i];
    if (value.isTensor()) {
      value = back(value.toTensor());
    } else if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor &t : value.toTensorVector()) list.push_back(back(t));
      value = list;
    }
  }
}

}  // namespace

C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", empty);
  m.impl("empty_strided", emptyStrided);
  m.impl("_copy_from", copyFrom);
  m.impl("_copy_from_and_resize", copyFromAndResize);
  m.impl("resize_", resize);
  m.impl("_local_scalar_dense", scalar);
  m.impl("as_strided", asStrided);
  m.impl("view", view);
  m.impl("convolution_overrideable", convolution);
  m.impl("convolution_backward_overrideable", convolutionBackward);
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&everything>()); }

// The number by which tensors name the device.
extern "C" int32_t stand_in_device_type() {
  static const bool once = [] {
    c10::SetAllocator(kind, &memory);
    c10::register_privateuse1_backend("standin");
    at::RegisterPrivateUse1HooksInterface(&hooks);
    return true;
  }();
  (void)once;
  return static_cast<int32_t>(kind);
}
