// A linear layer, y = x W + b over a batch, or its way back: dx = dy W', dW = x' dy, db = column sums of dy. 2 or 4
// operations for each weight and row. Operands fp32 or bf16, sums and results fp32, products by oneDNN. Data and
// verdicts: linear_case.hpp.
#include <algorithm>
#include <memory>

#include "harness/base/check.hpp"
#include "kernels/dense/onednn.hpp"
#include "kernels/learning/linear_case.hpp"

namespace tandem::kernels {

namespace {

template <typename T>
class Linear final : public Kernel {
 public:
  Linear(const LinearChoice& choice, const KernelContext& context)
      : choice_(choice), case_(choice, context), result_(choice.results()) {
    const auto& [batch, in, out, backward, bf16] = choice_;
    const Element type = bf16 ? Element::bf16 : Element::fp32;
    T *const x = case_.x().data(), *const w = case_.w().data(), *const dy = case_.dy().data();
    if (backward) {
      products_.emplace_back(MatmulShape{batch, in, out}, Operand{dy, type}, Operand{w, type, true},
                             Operand{result_.data(), Element::fp32});
      products_.emplace_back(MatmulShape{in, out, batch}, Operand{x, type, true}, Operand{dy, type},
                             Operand{result_.data() + choice_.weight_gradient(), Element::fp32});
    } else {
      products_.emplace_back(MatmulShape{batch, out, in}, Operand{x, type}, Operand{w, type},
                             Operand{result_.data(), Element::fp32}, case_.bias().data());
    }
    for (const Matmul& product : products_)
      if (product.reference())
        throw Unsupported(fmt::format("oneDNN {} has only a reference implementation of {} products on this CPU",
                                      onednn_version(), choice_.precision()));
  }

  void prepare(Data data) override { case_.prepare(data); }

  void run() override {
    for (const Matmul& product : products_) product.run();
    if (choice_.backward) add_columns();
  }

  std::vector<Verdict> verify() override { return case_.judge(result_.data()); }

  Facts facts() const override {
    Facts facts = case_.facts();
    facts.limit = choice_.precision();
    facts.notes = {{"library", "oneDNN " + onednn_version()}, {"implementation", products_.front().implementation()}};
    return facts;
  }

  Output output() override { return {result_.data(), result_.size(), Output::Type::fp32}; }

 private:
  // db: each thread adds up its columns, row by row.
  void add_columns() {
    const std::size_t out = choice_.out, batch = choice_.batch;
    const Buffer<T>& dy = case_.dy();
    float* const sums = result_.data() + choice_.bias_gradient();
    constexpr std::size_t block = 64;
#pragma omp parallel for schedule(static)
    for (std::size_t begin = 0; begin < out; begin += block) {
      const std::size_t end = std::min(out, begin + block);
      std::fill(sums + begin, sums + end, 0.0f);
      for (std::size_t r = 0; r < batch; ++r)
        for (std::size_t j = begin; j < end; ++j) sums[j] += load(dy[r * out + j]);
    }
  }

  LinearChoice choice_;
  LinearCase<T> case_;
  Buffer<float> result_;
  std::vector<Matmul> products_;
};

}  // namespace

KernelEntry learning_linear() {
  KernelEntry entry = linear_entry("", "512", "1024");
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    const LinearChoice choice = linear_choice(settings);
    if (choice.bf16) return std::make_unique<Linear<Bf16>>(choice, context);
    return std::make_unique<Linear<float>>(choice, context);
  };
  return entry;
}

}  // namespace tandem::kernels
