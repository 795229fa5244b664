// oneDNN 3.x dropped the operation descriptors of 2.x.
#include "kernels/dense/onednn.hpp"

#include <unordered_map>
#include <vector>

#include "harness/base/check.hpp"
#include "kernels/dense/onednn_engine.hpp"

namespace tandem::kernels {

using dnnl::memory;

// Never destroyed: products may outlive any order of static destruction.
const dnnl::engine& engine() {
  static const auto* const cpu = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *cpu;
}

namespace {

Unsupported no_format(Element element) {
  return Unsupported(fmt::format("oneDNN {} has no {} on a CPU", onednn_version(), name_of(element)));
}

}  // namespace

memory::data_type type_of(Element element) {
  switch (element) {
    case Element::fp32:
      return memory::data_type::f32;
    case Element::bf16:
      return memory::data_type::bf16;
    case Element::fp16:
      return memory::data_type::f16;
    case Element::fp8:
#if DNNL_VERSION_MAJOR > 3 || (DNNL_VERSION_MAJOR == 3 && DNNL_VERSION_MINOR >= 4)
      return memory::data_type::f8_e4m3;
#else
      throw no_format(element);
#endif
    case Element::int8:
      return memory::data_type::s8;
    case Element::uint8:
      return memory::data_type::u8;
    case Element::int32:
      return memory::data_type::s32;
    case Element::fp64:
      break;
  }
  throw no_format(element);
}

namespace {

// Leads count elements of the array in memory, whose rows are the matrix' columns where it is transposed.
memory::desc describe(const MatmulShape& shape, std::size_t rows, std::size_t columns, const Operand& operand) {
  const auto r = static_cast<memory::dim>(rows), c = static_cast<memory::dim>(columns);
  const auto b = static_cast<memory::dim>(shape.batch);
  const auto lead = operand.lead > 0 ? static_cast<memory::dim>(operand.lead) : operand.transposed ? r : c;
  const memory::dim down = operand.transposed ? 1 : lead, along = operand.transposed ? lead : 1;
  if (shape.batch == 1) return {{r, c}, type_of(operand.type), memory::dims{down, along}};
  const auto step = operand.step > 0 ? static_cast<memory::dim>(operand.step) : lead * (operand.transposed ? c : r);
  return {{operand.shared ? 1 : b, r, c}, type_of(operand.type), memory::dims{step, down, along}};
}

memory::desc any_format(const MatmulShape& shape, const Operand& b) {
  const auto k = static_cast<memory::dim>(shape.k), n = static_cast<memory::dim>(shape.n);
  if (shape.batch == 1) return {{k, n}, type_of(b.type), memory::format_tag::any};
  return {{static_cast<memory::dim>(shape.batch), k, n}, type_of(b.type), memory::format_tag::any};
}

dnnl::matmul::primitive_desc make(const memory::desc& a, const memory::desc& b, const memory::desc* bias,
                                  const memory::desc& c, bool add) {
  dnnl::primitive_attr attributes;
  if (add) {
    dnnl::post_ops after;
    after.append_sum();
    attributes.set_post_ops(after);
  }
#if DNNL_VERSION_MAJOR >= 3
  if (bias) return {engine(), a, b, *bias, c, attributes};
  return {engine(), a, b, c, attributes};
#else
  if (bias) return {dnnl::matmul::desc(a, b, *bias, c), attributes, engine()};
  return {dnnl::matmul::desc(a, b, c), attributes, engine()};
#endif
}

}  // namespace

struct Matmul::State {
  dnnl::stream stream{engine()};
  dnnl::matmul primitive;
  std::unordered_map<int, memory> arguments;
  memory plain_b;         // the caller's B, where it is packed
  dnnl::reorder packing;  // plain_b -> DNNL_ARG_WEIGHTS
  std::string implementation;
  // Of a C of one column whose entries lie apart: oneDNN 3.7 writes one of bf16 operands as if they did not.
  std::vector<float> column;
  float* c = nullptr;
  std::size_t lead = 1;

  void run() {
    for (std::size_t i = 0; i < column.size(); ++i) column[i] = c[i * lead];
    primitive.execute(stream, arguments);
    stream.wait();
    for (std::size_t i = 0; i < column.size(); ++i) c[i * lead] = column[i];
  }
};

Matmul::Matmul(MatmulShape shape, Operand a, Operand b, Operand c, const float* bias, Weights weights)
    : state_(std::make_unique<State>()) {
  if (shape.n == 1 && shape.batch == 1 && c.lead > 1 && c.type == Element::fp32) {
    state_->column.resize(shape.m);
    state_->c = static_cast<float*>(c.data);
    state_->lead = c.lead;
    c = {.data = state_->column.data(), .add = c.add};
  }
  const auto a_desc = describe(shape, shape.m, shape.k, a), b_desc = describe(shape, shape.k, shape.n, b);
  const auto c_desc = describe(shape, shape.m, shape.n, c);
  const auto bias_desc = describe(shape, 1, shape.n, {});
  try {
    const bool packed = weights == Weights::packed;
    const auto plan = make(a_desc, packed ? any_format(shape, b) : b_desc, bias ? &bias_desc : nullptr, c_desc, c.add);
    State& state = *state_;
    state.primitive = dnnl::matmul(plan);
    state.implementation = plan.impl_info_str();
    const memory plain_b(b_desc, engine(), b.data);
    state.arguments = {{DNNL_ARG_SRC, memory(a_desc, engine(), a.data)},
                       {DNNL_ARG_WEIGHTS, packed ? memory(plan.weights_desc(), engine()) : plain_b},
                       {DNNL_ARG_DST, memory(c_desc, engine(), c.data)}};
    if (bias) state.arguments.emplace(DNNL_ARG_BIAS, memory(bias_desc, engine(), const_cast<float*>(bias)));
    if (!packed) return;
    state.plain_b = plain_b;
    state.packing = dnnl::reorder(plain_b, state.arguments.at(DNNL_ARG_WEIGHTS));
  } catch (const dnnl::error& error) {
    if (error.status != dnnl_unimplemented) throw;
    throw Unsupported(fmt::format("oneDNN {} has no {} x {} -> {} product for this CPU", onednn_version(),
                                  name_of(a.type), name_of(b.type), name_of(c.type)));
  }
}

Matmul::~Matmul() = default;
Matmul::Matmul(Matmul&&) noexcept = default;
Matmul& Matmul::operator=(Matmul&&) noexcept = default;

void Matmul::pack() {
  if (!state_->plain_b) return;
  state_->packing.execute(state_->stream, state_->plain_b, state_->arguments.at(DNNL_ARG_WEIGHTS));
  state_->stream.wait();
}

void Matmul::run() const { state_->run(); }

void Matmul::run_into(void* c) {
  if (state_->column.empty())
    state_->arguments.at(DNNL_ARG_DST).set_data_handle(c);
  else
    state_->c = static_cast<float*>(c);
  run();
}

void Matmul::run_on(const void* a, const void* b, void* c) {
  state_->arguments.at(DNNL_ARG_SRC).set_data_handle(const_cast<void*>(a));
  state_->arguments.at(DNNL_ARG_WEIGHTS).set_data_handle(const_cast<void*>(b));
  run_into(c);
}

std::string Matmul::implementation() const { return state_->implementation; }
bool Matmul::reference() const { return state_->implementation.find("ref") != std::string::npos; }

struct Conversion::State {
  dnnl::stream stream{engine()};
  memory from, to;
  dnnl::reorder reorder;
};

Conversion::Conversion(std::size_t rows, std::size_t columns, Operand from, Operand to)
    : state_(std::make_unique<State>()) {
  const auto memory_of = [&](const Operand& operand) {
    return memory(describe({}, rows, columns, operand), engine(), operand.data);
  };
  state_->from = memory_of(from);
  state_->to = memory_of(to);
  state_->reorder = dnnl::reorder(state_->from, state_->to);
}

Conversion::~Conversion() = default;
Conversion::Conversion(Conversion&&) noexcept = default;

void Conversion::run(const void* from, void* to) {
  state_->from.set_data_handle(const_cast<void*>(from));
  state_->to.set_data_handle(to);
  state_->reorder.execute(state_->stream, state_->from, state_->to);
  state_->stream.wait();
}

void add_product(const MatmulShape& shape, const float* a, std::size_t lead_a, const float* b, std::size_t lead_b,
                 float* c, std::size_t lead_c) {
  const auto dim = [](std::size_t count) { return static_cast<memory::dim>(count); };
  const dnnl::status status = dnnl::sgemm('N', 'N', dim(shape.m), dim(shape.n), dim(shape.k), 1, a, dim(lead_a), b,
                                          dim(lead_b), 1, c, dim(lead_c));
  check(status == dnnl::status::success, "oneDNN refused a product of {} x {} x {}", shape.m, shape.n, shape.k);
}

std::string onednn_version() {
  const auto* version = dnnl::version();
  return fmt::format("{}.{}.{}", version->major, version->minor, version->patch);
}

}  // namespace tandem::kernels
