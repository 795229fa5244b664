// rocBLAS, where it was there to build with. It thinks in columns: a row-major C = A B is its C^T = B^T A^T, in which B
// comes first and nothing is moved.
#include "harness/base/check.hpp"
#include "harness/device/gpu_code.hpp"
#include "harness/device/gpu_memory.hpp"
#include "kernels/dense/gpu_product.hpp"

#if __has_include(<rocblas/rocblas.h>)
#include <rocblas/rocblas.h>

namespace tandem::hip {

using namespace kernels;

namespace {

void demand(rocblas_status status, const char* call) {
  check(status == rocblas_status_success, "rocBLAS refused to {}: {}", call, rocblas_status_to_string(status));
}

rocblas_datatype type_of(Element element) {
  switch (element) {
    case Element::fp64:
      return rocblas_datatype_f64_r;
    case Element::fp32:
      return rocblas_datatype_f32_r;
    case Element::bf16:
      return rocblas_datatype_bf16_r;
    case Element::fp16:
      return rocblas_datatype_f16_r;
    case Element::int8:
      return rocblas_datatype_i8_r;
    case Element::int32:
      return rocblas_datatype_i32_r;
    case Element::fp8:
    case Element::uint8:
      break;
  }
  throw Unsupported(fmt::format("this module has no products of {} by rocBLAS", name_of(element)));
}

constexpr unsigned bias_threads = 256;

GPU_KERNEL void add_bias(float* c, const float* bias, std::size_t columns, std::size_t count) {
  const std::size_t i = grid_index();
  if (i < count) c[i] += bias[i % columns];
}

class Handle {
 public:
  Handle() {
    demand(rocblas_create_handle(&handle_), "start");
    demand(rocblas_set_stream(handle_, stream()), "use the stream");
    demand(rocblas_set_atomics_mode(handle_, rocblas_atomics_not_allowed), "add in a fixed order");
  }
  ~Handle() { rocblas_destroy_handle(handle_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator rocblas_handle() const { return handle_; }

 private:
  rocblas_handle handle_ = nullptr;
};

// Each would bring a workspace of its own.
std::shared_ptr<Handle> shared_handle() {
  static std::weak_ptr<Handle> known;
  auto handle = known.lock();
  if (!handle) known = handle = std::make_shared<Handle>();
  return handle;
}

}  // namespace

struct Product::State {
  State(const MatmulShape& wanted, const ProductFormat& wished) : shape(wanted), format(wished) {
    for (const Element element : {format.a, format.b, format.c}) type_of(element);
    if (format.tf32) throw Unsupported("AMD GPUs have no tf32");
  }
  MatmulShape shape;
  ProductFormat format;
  std::shared_ptr<Handle> handle = shared_handle();
};

Product::Product(const MatmulShape& shape, const ProductFormat& format)
    : state_(std::make_unique<State>(shape, format)) {}
Product::~Product() = default;

std::size_t Product::ways() const { return 1; }
void Product::use(std::size_t) {}

void Product::start(const void* a, const void* b, void* c, const float* bias) {
  const auto& [m, n, k, batch] = state_->shape;
  const ProductFormat& format = state_->format;
  const auto of = [](std::size_t size) { return static_cast<rocblas_int>(size); };
  const ProductStrides strides(state_->shape, format);
  union {
    double fp64;
    float fp32;
    std::int32_t int32;
  } alpha{}, beta{};
  if (format.c == Element::fp64) {
    alpha.fp64 = format.factor;
    beta.fp64 = format.add ? 1 : 0;
  } else if (format.c == Element::int32) {
    alpha.int32 = 1;
  } else {
    alpha.fp32 = static_cast<float>(format.factor);
    beta.fp32 = format.add ? 1 : 0;
  }
  const auto operation = [](bool transposed) {
    return transposed ? rocblas_operation_transpose : rocblas_operation_none;
  };
  const rocblas_datatype type_a = type_of(format.a), type_b = type_of(format.b), type_c = type_of(format.c);
  const auto step = [](std::size_t elements) { return static_cast<rocblas_stride>(elements); };
  const rocblas_operation first = operation(format.b_transposed), second = operation(format.a_transposed);
  if (batch == 1)
    demand(rocblas_gemm_ex(*state_->handle, first, second, of(n), of(m), of(k), &alpha, b, type_b, of(strides.b), a,
                           type_a, of(strides.a), &beta, c, type_c, of(strides.c), c, type_c, of(strides.c), type_c,
                           rocblas_gemm_algo_standard, 0, 0),
           "multiply");
  else
    demand(rocblas_gemm_strided_batched_ex(*state_->handle, first, second, of(n), of(m), of(k), &alpha, b, type_b,
                                           of(strides.b), step(strides.step_b), a, type_a, of(strides.a),
                                           step(strides.step_a), &beta, c, type_c, of(strides.c), step(strides.step_c),
                                           c, type_c, of(strides.c), step(strides.step_c), of(batch), type_c,
                                           rocblas_gemm_algo_standard, 0, 0),
           "multiply a batch");
  if (format.bias)
    launch(add_bias, blocks_for(m * n, bias_threads), bias_threads, static_cast<float*>(c), bias, n, m * n);
}

std::string Product::library() const {
  std::size_t size = 0;
  demand(rocblas_get_version_string_size(&size), "tell its version");
  std::string text(size, '\0');
  demand(rocblas_get_version_string(text.data(), size), "tell its version");
  return "rocBLAS " + std::string(text.c_str());
}

}  // namespace tandem::hip

#else

namespace tandem::hip {

struct Product::State {};
Product::Product(const kernels::MatmulShape&, const ProductFormat&) {
  throw Unsupported("this module was built without rocBLAS");
}
Product::~Product() = default;
std::size_t Product::ways() const { return 0; }
void Product::use(std::size_t) {}
void Product::start(const void*, const void*, void*, const float*) {}
std::string Product::library() const { return ""; }

}  // namespace tandem::hip

#endif
