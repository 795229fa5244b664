// A linear layer, y = x W + b over a batch, or its way back: dx = dy W', dW = x' dy, db = column sums of dy. 2 or 4
// operations for each weight and row. Operands fp32 or bf16, sums and results fp32, products by oneDNN. Judged without
// another product (dense/freivalds.hpp): the bias is one more row of W below a column of ones.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/freivalds.hpp"
#include "kernels/dense/onednn.hpp"
#include "kernels/learning/elementwise.hpp"

namespace tandem::kernels {

namespace {

struct LinearChoice {
  std::size_t batch = 0, in = 0, out = 0;
  bool backward = false, bf16 = false;
};

LinearChoice choice_of(const Settings& settings) {
  const auto size = [&](const char* key) {
    const auto value = settings.integer(key);
    check_usage(value >= 1 && value <= 1 << 20, "{}={}: expected 1 to 2^20", key, value);
    return static_cast<std::size_t>(value);
  };
  const auto either = [&](const char* key, const char* no, const char* yes) {
    const auto& text = settings.text(key);
    check_usage(text == no || text == yes, "{}={}: expected {} or {}", key, text, no, yes);
    return text == yes;
  };
  return {size("batch"), size("in"), size("out"), either("pass", "forward", "backward"),
          either("precision", "fp32", "bf16")};
}

inline double number(float value) { return static_cast<double>(value); }
inline double number(Bf16 value) { return static_cast<double>(load(value)); }

template <typename T>
class Linear final : public Kernel {
 public:
  Linear(const LinearChoice& choice, const KernelContext& context)
      : ranks_(context.ranks),
        seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        choice_(choice),
        x_(choice.batch * choice.in),
        w_(choice.in * choice.out),
        dy_(choice.backward ? choice.batch * choice.out : 0),
        bias_(choice.backward ? 0 : choice.out),
        // y, or dx followed by dW and by db as its last row
        result_(choice.backward ? (choice.batch + choice.out) * choice.in + choice.out : choice.batch * choice.out) {
    const auto& [batch, in, out, backward, bf16] = choice_;
    const Element type = bf16 ? Element::bf16 : Element::fp32;
    if (backward) {
      products_.emplace_back(MatmulShape{batch, in, out}, Operand{dy_.data(), type}, Operand{w_.data(), type, true},
                             Operand{result_.data(), Element::fp32});
      products_.emplace_back(MatmulShape{in, out, batch}, Operand{x_.data(), type, true}, Operand{dy_.data(), type},
                             Operand{weight_gradient(), Element::fp32});
    } else {
      products_.emplace_back(MatmulShape{batch, out, in}, Operand{x_.data(), type}, Operand{w_.data(), type},
                             Operand{result_.data(), Element::fp32}, bias_.data());
    }
    for (const Matmul& product : products_)
      if (product.reference())
        throw Unsupported(fmt::format("oneDNN {} has only a reference implementation of {} products on this CPU",
                                      onednn_version(), limit()));
  }

  void prepare(Data data) override {
    data_ = data;
    fill(x_, 1);
    fill(w_, 2);
    fill(dy_, 3);
    fill(bias_, 4);
  }

  void run() override {
    for (const Matmul& product : products_) product.run();
    if (choice_.backward) add_columns();
  }

  std::vector<Verdict> verify() override {
    const auto& [batch, in, out, backward, bf16] = choice_;
    if (!backward)
      return {judge("y", {batch, out, in + 1, with_ones(x_, in), with_bias(), row_major(result_.data(), out)})};
    const RowReader gradient = row_major(static_cast<const float*>(weight_gradient()), out);
    return {judge("dx", {batch, in, out, rows(dy_, out), columns(w_, out), row_major(result_.data(), in)}),
            judge("dW, db", {in + 1, out, batch, columns_and_ones(), rows(dy_, out), gradient})};
  }

  Facts facts() const override {
    const auto& [batch, in, out, backward, bf16] = choice_;
    const double products = static_cast<double>(batch) * static_cast<double>(in) * static_cast<double>(out);
    const auto operands = static_cast<double>(x_.size() + w_.size() + dy_.size()) * sizeof(T);
    const double bytes = operands + 4 * static_cast<double>(bias_.size() + result_.size());
    return {(backward ? 4 : 2) * products,
            bytes,
            bytes,
            limit(),
            {{"library", "oneDNN " + onednn_version()}, {"implementation", products_.front().implementation()}}};
  }

  Output output() override { return {result_.data(), result_.size(), Output::Type::fp32}; }

 private:
  const char* limit() const { return choice_.bf16 ? "bf16" : "fp32"; }
  float* weight_gradient() { return result_.data() + choice_.batch * choice_.in; }

  // Integers -2 .. 2, or reals in [-1, 1).
  template <typename Value>
  void fill(Buffer<Value>& values, std::uint64_t stream) const {
    const auto count = static_cast<std::ptrdiff_t>(values.size());
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const double u = random_uniform(seed_, stream, static_cast<std::uint64_t>(i));
      store(values.data()[i], static_cast<float>(data_ == Data::exact ? std::floor(5 * u) - 2 : 2 * u - 1));
    }
  }

  // db: each thread adds up its columns, row by row.
  void add_columns() {
    const std::size_t out = choice_.out, batch = choice_.batch;
    float* const sums = weight_gradient() + choice_.in * out;
    constexpr std::size_t block = 64;
#pragma omp parallel for schedule(static)
    for (std::size_t begin = 0; begin < out; begin += block) {
      const std::size_t end = std::min(out, begin + block);
      std::fill(sums + begin, sums + end, 0.0f);
      for (std::size_t r = 0; r < batch; ++r)
        for (std::size_t j = begin; j < end; ++j) sums[j] += static_cast<float>(number(dy_[r * out + j]));
    }
  }

  Verdict judge(const std::string& what, const Product& product) const {
    const double value =
        data_ == Data::exact ? differing_rows(product, seed_) : componentwise_error(product, seed_, 0x1p-24);
    const double wrong = ranks_.max(std::isfinite(value) ? 0 : 1);
    const double worst = ranks_.max(std::isfinite(value) ? value : 0);
    const double judged = wrong > 0 ? std::numeric_limits<double>::infinity() : worst;
    return {what + (data_ == Data::exact ? ", rows that differ" : ", componentwise error / bound"), judged,
            data_ == Data::exact ? 0.0 : 1.0};
  }

  static RowReader rows(const Buffer<T>& matrix, std::size_t columns) {
    return [&matrix, columns](std::size_t row, std::span<double> values) {
      for (std::size_t j = 0; j < values.size(); ++j) values[j] = number(matrix[row * columns + j]);
    };
  }
  // Rows of the transpose.
  static RowReader columns(const Buffer<T>& matrix, std::size_t columns) {
    return [&matrix, columns](std::size_t row, std::span<double> values) {
      for (std::size_t j = 0; j < values.size(); ++j) values[j] = number(matrix[j * columns + row]);
    };
  }
  static RowReader with_ones(const Buffer<T>& matrix, std::size_t columns) {
    return [read = rows(matrix, columns)](std::size_t row, std::span<double> values) {
      read(row, values.first(values.size() - 1));
      values.back() = 1;
    };
  }
  RowReader with_bias() const {
    return [this](std::size_t row, std::span<double> values) {
      if (row < choice_.in) return rows(w_, choice_.out)(row, values);
      std::copy(bias_.begin(), bias_.end(), values.begin());
    };
  }
  RowReader columns_and_ones() const {
    return [this](std::size_t row, std::span<double> values) {
      if (row < choice_.in) return columns(x_, choice_.in)(row, values);
      std::fill(values.begin(), values.end(), 1.0);
    };
  }

  const Ranks& ranks_;
  std::uint64_t seed_;
  LinearChoice choice_;
  Data data_ = Data::random;
  Buffer<T> x_, w_, dy_;
  Buffer<float> bias_, result_;
  std::vector<Matmul> products_;
};

}  // namespace

KernelEntry learning_linear() {
  KernelEntry entry;
  entry.name = "learning/linear";
  entry.summary = "a linear layer, forward or backward with all its gradients";
  entry.parameters = {{"batch", "512", "rows"},
                      {"in", "1024", "inputs"},
                      {"out", "1024", "outputs"},
                      {"pass", "forward", "forward or backward"},
                      {"precision", "fp32", "of the operands: fp32 or bf16; sums and results are fp32"}};
  entry.memory = [](const Settings& settings, const Placement&) {
    const LinearChoice c = choice_of(settings);
    const auto batch = static_cast<double>(c.batch), in = static_cast<double>(c.in), out = static_cast<double>(c.out);
    return (c.bf16 ? 2 : 4) * (batch * in + in * out + (c.backward ? batch * out : 0)) +
           4 * (c.backward ? (batch + out) * in + out : (batch + 1) * out);
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    const LinearChoice choice = choice_of(settings);
    if (choice.bf16) return std::make_unique<Linear<Bf16>>(choice, context);
    return std::make_unique<Linear<float>>(choice, context);
  };
  return entry;
}

}  // namespace tandem::kernels
