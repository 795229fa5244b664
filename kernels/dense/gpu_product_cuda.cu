// cuBLASLt. It thinks in columns: a row-major C = A B is its C^T = B^T A^T, in which B comes first and nothing is
// moved.
#include <algorithm>
#include <array>
#include <cstdint>

#include <cublasLt.h>

#include "harness/base/check.hpp"
#include "harness/device/gpu_memory.hpp"
#include "kernels/dense/gpu_product.hpp"

namespace tandem::cuda {

using namespace kernels;

namespace {

constexpr std::size_t workspace_bytes = std::size_t{64} << 20;
constexpr int most_ways = 8;

void demand(cublasStatus_t status, const char* call) {
  check(status == CUBLAS_STATUS_SUCCESS, "cuBLASLt refused to {}: {}", call, cublasLtGetStatusString(status));
}

cudaDataType_t type_of(Element element) {
  switch (element) {
    case Element::fp64:
      return CUDA_R_64F;
    case Element::fp32:
      return CUDA_R_32F;
    case Element::bf16:
      return CUDA_R_16BF;
    case Element::fp16:
      return CUDA_R_16F;
    case Element::fp8:
      return CUDA_R_8F_E4M3;
    case Element::int8:
      return CUDA_R_8I;
    case Element::int32:
      return CUDA_R_32I;
    case Element::uint8:
      break;
  }
  throw Unsupported("cuBLASLt has no products of unsigned bytes");
}

cublasComputeType_t compute_of(const ProductFormat& format) {
  if (format.tf32) return CUBLAS_COMPUTE_32F_FAST_TF32;
  if (format.c == Element::int32) return CUBLAS_COMPUTE_32I;
  return format.c == Element::fp64 ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F;
}

// A matrix of columns, as the library sees it, or a batch of them.
class Layout {
 public:
  Layout(Element element, std::size_t rows, std::size_t columns, std::size_t lead, std::size_t batch,
         std::size_t step) {
    demand(cublasLtMatrixLayoutCreate(&layout_, type_of(element), rows, columns, static_cast<std::int64_t>(lead)),
           "describe a matrix");
    if (batch == 1) return;
    const auto count = static_cast<std::int32_t>(batch);
    const auto offset = static_cast<std::int64_t>(step);
    demand(cublasLtMatrixLayoutSetAttribute(layout_, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count),
           "count a batch");
    demand(
        cublasLtMatrixLayoutSetAttribute(layout_, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &offset, sizeof offset),
        "step through a batch");
  }
  ~Layout() { cublasLtMatrixLayoutDestroy(layout_); }
  Layout(const Layout&) = delete;
  Layout& operator=(const Layout&) = delete;
  operator cublasLtMatrixLayout_t() const { return layout_; }

 private:
  cublasLtMatrixLayout_t layout_ = nullptr;
};

class Description {
 public:
  explicit Description(const ProductFormat& format) {
    demand(cublasLtMatmulDescCreate(&description_, compute_of(format), type_of(format.c)), "describe a product");
    const cublasOperation_t first = format.b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    demand(cublasLtMatmulDescSetAttribute(description_, CUBLASLT_MATMUL_DESC_TRANSA, &first, sizeof first),
           "transpose an operand");
    const cublasOperation_t second = format.a_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    demand(cublasLtMatmulDescSetAttribute(description_, CUBLASLT_MATMUL_DESC_TRANSB, &second, sizeof second),
           "transpose an operand");
    const cublasLtEpilogue_t epilogue = format.bias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
    demand(cublasLtMatmulDescSetAttribute(description_, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue),
           "add a bias");
    const cudaDataType_t bias_type = CUDA_R_32F;
    if (format.bias)
      demand(cublasLtMatmulDescSetAttribute(description_, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, &bias_type,
                                            sizeof bias_type),
             "take a bias in fp32");
  }
  void set_bias(const float* bias) {
    demand(cublasLtMatmulDescSetAttribute(description_, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof bias),
           "find the bias");
  }
  ~Description() { cublasLtMatmulDescDestroy(description_); }
  Description(const Description&) = delete;
  Description& operator=(const Description&) = delete;
  operator cublasLtMatmulDesc_t() const { return description_; }

 private:
  cublasLtMatmulDesc_t description_ = nullptr;
};

class Handle {
 public:
  Handle() { demand(cublasLtCreate(&handle_), "start"); }
  ~Handle() { cublasLtDestroy(handle_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator cublasLtHandle_t() const { return handle_; }

 private:
  cublasLtHandle_t handle_ = nullptr;
};

// A number in the format of the sums.
struct Scalar {
  explicit Scalar(Element element, double value) {
    if (element == Element::fp64) fp64 = value;
    if (element == Element::fp32) fp32 = static_cast<float>(value);
    if (element == Element::int32) int32 = static_cast<std::int32_t>(value);
  }
  union {
    double fp64 = 0;
    float fp32;
    std::int32_t int32;
  };
};

// Of every matrix of a batch.
std::size_t alignment_in(const MatmulShape& shape, const ProductFormat& format) {
  const ProductStrides strides(shape, format);
  return shape.batch == 1
             ? format.alignment
             : std::min(format.alignment,
                        alignment_of({strides.step_a * bytes_of(format.a), strides.step_b * bytes_of(format.b),
                                      strides.step_c * bytes_of(format.c)}));
}

// Work runs in the order in which it was started: all products, of which a factorisation has a thousand, share one
// handle and one workspace.
template <typename T, typename... Arguments>
std::shared_ptr<T> shared(Arguments... arguments) {
  static std::weak_ptr<T> known;
  auto one = known.lock();
  if (!one) known = one = std::make_shared<T>(arguments...);
  return one;
}

}  // namespace

struct Product::State {
  State(const MatmulShape& shape, const ProductFormat& format) : State(shape, format, ProductStrides(shape, format)) {}
  State(const MatmulShape& shape, const ProductFormat& format, const ProductStrides& strides)
      : description(format),
        b(format.b, format.b_transposed ? shape.k : shape.n, format.b_transposed ? shape.n : shape.k, strides.b,
          shape.batch, strides.step_b),
        a(format.a, format.a_transposed ? shape.m : shape.k, format.a_transposed ? shape.k : shape.m, strides.a,
          shape.batch, strides.step_a),
        c(format.c, shape.n, shape.m, strides.c, shape.batch, strides.step_c),
        alpha(format.c, format.factor),
        beta(format.c, format.add ? 1 : 0),
        workspace(shared<DeviceBuffer<std::byte>>(workspace_bytes)) {}

  void propose(const MatmulShape& shape, const ProductFormat& format) {
    // What is proposed depends on the bias' alignment: that of any buffer.
    if (format.bias) description.set_bias(reinterpret_cast<const float*>(workspace->data()));
    cublasLtMatmulPreference_t preference = nullptr;
    demand(cublasLtMatmulPreferenceCreate(&preference), "take a preference");
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t what, const auto& value) {
      return cublasLtMatmulPreferenceSetAttribute(preference, what, &value, sizeof value);
    };
    auto status_of_limits = prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, workspace_bytes);
    const auto alignment = static_cast<std::uint32_t>(alignment_in(shape, format));
    for (const auto matrix : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                              CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      if (status_of_limits == CUBLAS_STATUS_SUCCESS) status_of_limits = prefer(matrix, alignment);
    const auto status =
        cublasLtMatmulAlgoGetHeuristic(*handle, description, b, a, c, c, preference, most_ways, found.data(), &ways);
    cublasLtMatmulPreferenceDestroy(preference);
    demand(status_of_limits, "limit workspace and alignment");
    if (status == CUBLAS_STATUS_NOT_SUPPORTED || (status == CUBLAS_STATUS_SUCCESS && ways == 0))
      throw Unsupported(fmt::format("cuBLASLt has no product of {} and {} into {} for this GPU and size",
                                    name_of(format.a), name_of(format.b), name_of(format.c)));
    demand(status, "propose an algorithm");
  }

  std::shared_ptr<Handle> handle = shared<Handle>();
  Description description;
  Layout b, a, c;
  Scalar alpha, beta;
  std::shared_ptr<DeviceBuffer<std::byte>> workspace;
  std::array<cublasLtMatmulHeuristicResult_t, most_ways> found{};
  int ways = 0;
  std::size_t way = 0;
};

Product::Product(const MatmulShape& shape, const ProductFormat& format)
    : state_(std::make_unique<State>(shape, format)) {
  state_->propose(shape, format);
}
Product::~Product() = default;

std::size_t Product::ways() const { return static_cast<std::size_t>(state_->ways); }
void Product::use(std::size_t way) { state_->way = way; }

void Product::start(const void* a, const void* b, void* c, const float* bias) {
  if (bias != nullptr) state_->description.set_bias(bias);
  demand(cublasLtMatmul(*state_->handle, state_->description, &state_->alpha, b, state_->b, a, state_->a, &state_->beta,
                        c, state_->c, c, state_->c, &state_->found.at(state_->way).algo, state_->workspace->data(),
                        workspace_bytes, stream()),
         "multiply");
}

std::string Product::library() const {
  const std::size_t version = cublasLtGetVersion();  // 130001 or, before 13, 120103
  return fmt::format("cuBLASLt {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

}  // namespace tandem::cuda
