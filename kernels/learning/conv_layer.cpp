// oneDNN 3.x dropped the operation descriptors of 2.x.
#include "kernels/learning/conv_layer.hpp"

#include <unordered_map>
#include <vector>

#include "harness/base/check.hpp"
#include "kernels/dense/onednn_engine.hpp"

namespace tandem::kernels {

namespace {

using dnnl::memory;
using Arguments = std::unordered_map<int, memory>;

constexpr auto direct = dnnl::algorithm::convolution_direct;  // others round more

memory::dim dim(std::size_t count) { return static_cast<memory::dim>(count); }

// What all three convolutions of a layer take.
struct Form {
  memory::desc x, y, dx, dy, w, dw, b;
  memory::dims strides, before, after;
};

Form form_of(const ConvShape& s, const ConvArrays& a) {
  using tag = memory::format_tag;
  const auto images = [&](std::size_t channels, std::size_t height, std::size_t width, const Operand& operand) {
    return memory::desc({dim(s.batch), dim(channels), dim(height), dim(width)}, type_of(operand.type), tag::nhwc);
  };
  const auto weights = [&](Element type) {
    return memory::desc({dim(s.out), dim(s.in), dim(s.filter), dim(s.filter)}, type_of(type), tag::any);
  };
  const memory::dim before = dim(s.before()), after = dim(s.filter - 1) - before, stride = dim(s.stride);
  return {images(s.in, s.height, s.width, a.x),
          images(s.out, s.out_height(), s.out_width(), a.y),
          images(s.in, s.height, s.width, a.dx),
          images(s.out, s.out_height(), s.out_width(), a.dy),
          weights(a.x.type),
          weights(Element::fp32),
          {{dim(s.out)}, memory::data_type::f32, tag::a},
          {stride, stride},
          {before, before},
          {after, after}};
}

dnnl::convolution_forward::primitive_desc plan_forward(const Form& f, bool relu, ConvLayer::Pass pass) {
  using dnnl::prop_kind;
  const auto kind = pass == ConvLayer::Pass::training ? prop_kind::forward_training : prop_kind::forward_inference;
  dnnl::primitive_attr attributes;
  dnnl::post_ops after;
#if DNNL_VERSION_MAJOR >= 3
  if (relu) after.append_eltwise(dnnl::algorithm::eltwise_relu, 0, 0);
  attributes.set_post_ops(after);
  return {engine(), kind, direct, f.x, f.w, f.b, f.y, f.strides, f.before, f.after, attributes};
#else
  if (relu) after.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
  attributes.set_post_ops(after);
  return {{kind, direct, f.x, f.w, f.b, f.y, f.strides, f.before, f.after}, attributes, engine()};
#endif
}

using Forward = dnnl::convolution_forward::primitive_desc;

dnnl::convolution_backward_data::primitive_desc plan_backward_data(const Form& f, const Forward& forward) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), direct, f.dx, f.w, f.dy, f.strides, f.before, f.after, forward};
#else
  return {{direct, f.dx, f.w, f.dy, f.strides, f.before, f.after}, engine(), forward};
#endif
}

dnnl::convolution_backward_weights::primitive_desc plan_backward_weights(const Form& f, const Forward& forward) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), direct, f.x, f.dw, f.b, f.dy, f.strides, f.before, f.after, forward};
#else
  return {{direct, f.x, f.dw, f.b, f.dy, f.strides, f.before, f.after}, engine(), forward};
#endif
}

}  // namespace

// Primitives in the order in which they run.
struct ConvLayer::State {
  struct Step {
    dnnl::primitive primitive;
    Arguments arguments;
  };
  dnnl::stream stream{engine()};
  std::vector<Step> forward, backward;
  std::string implementation;
  bool reference = false;

  void add(std::vector<Step>& steps, const dnnl::primitive& primitive, const char* name, Arguments arguments) {
    steps.push_back({primitive, std::move(arguments)});
    implementation += (implementation.empty() ? "" : ", ") + std::string(name);
    reference = reference || std::string(name).find("ref") != std::string::npos;
  }
  // `from` in another format, as a step before or after the convolution.
  static void copy(std::vector<Step>& steps, const memory& from, const memory& to) {
    steps.push_back({dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}});
  }
  void run(const std::vector<Step>& steps) {
    for (const Step& step : steps) step.primitive.execute(stream, step.arguments);
    stream.wait();
  }
};

ConvLayer::ConvLayer(const ConvShape& shape, const ConvArrays& a, bool relu, Pass pass)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  const Form form = form_of(shape, a);
  const auto bind = [](const memory::desc& desc, void* data) { return memory(desc, engine(), data); };
  const auto own = [](const memory::desc& desc) { return memory(desc, engine()); };
  const memory::desc plain({dim(shape.out), dim(shape.in), dim(shape.filter), dim(shape.filter)},
                           memory::data_type::f32, memory::format_tag::ohwi);
  try {
    const auto forward = plan_forward(form, relu, pass);
    const memory w = bind(plain, a.w), packed = own(forward.weights_desc());
    State::copy(state.forward, w, packed);
    state.add(state.forward, dnnl::convolution_forward(forward), forward.impl_info_str(),
              {{DNNL_ARG_SRC, bind(form.x, a.x.data)},
               {DNNL_ARG_WEIGHTS, packed},
               {DNNL_ARG_BIAS, bind(form.b, a.b)},
               {DNNL_ARG_DST, bind(form.y, a.y.data)}});
    if (pass == Pass::inference) return;

    const auto weights = plan_backward_weights(form, forward);
    const memory dw = own(weights.diff_weights_desc());
    state.add(state.backward, dnnl::convolution_backward_weights(weights), weights.impl_info_str(),
              {{DNNL_ARG_SRC, bind(form.x, a.x.data)},
               {DNNL_ARG_DIFF_DST, bind(form.dy, a.dy.data)},
               {DNNL_ARG_DIFF_WEIGHTS, dw},
               {DNNL_ARG_DIFF_BIAS, bind(form.b, a.db)}});
    State::copy(state.backward, dw, bind(plain, a.dw));

    const auto data = plan_backward_data(form, forward);
    const memory repacked = own(data.weights_desc());
    State::copy(state.backward, w, repacked);
    state.add(state.backward, dnnl::convolution_backward_data(data), data.impl_info_str(),
              {{DNNL_ARG_DIFF_DST, bind(form.dy, a.dy.data)},
               {DNNL_ARG_WEIGHTS, repacked},
               {DNNL_ARG_DIFF_SRC, bind(form.dx, a.dx.data)}});
  } catch (const dnnl::error& error) {
    if (error.status != dnnl_unimplemented) throw;
    throw Unsupported(fmt::format("oneDNN {} has no {} convolution of {} by {} channels for this CPU", onednn_version(),
                                  name_of(a.x.type), shape.in, shape.out));
  }
}

ConvLayer::~ConvLayer() = default;
ConvLayer::ConvLayer(ConvLayer&&) noexcept = default;
ConvLayer& ConvLayer::operator=(ConvLayer&&) noexcept = default;

void ConvLayer::forward() { state_->run(state_->forward); }
void ConvLayer::backward() { state_->run(state_->backward); }

std::string ConvLayer::implementation() const { return state_->implementation; }
bool ConvLayer::reference() const { return state_->reference; }

}  // namespace tandem::kernels
