// A linear layer, y = x W + b over a batch, or its way back: dx = dy W', dW = x' dy, db = column sums of dy. 2 or 4
// operations for each weight and row. Operands fp32 or bf16, sums and results fp32, products by oneDNN. Judged without
// another product (dense/freivalds.hpp): the bias is one more row of W below a column of ones.
#include <algorithm>
#include <memory>

#include "harness/base/check.hpp"
#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/freivalds.hpp"
#include "kernels/dense/onednn.hpp"
#include "kernels/learning/choices.hpp"
#include "kernels/learning/draw.hpp"
#include "kernels/learning/judging.hpp"

namespace tandem::kernels {

namespace {

struct LinearChoice {
  std::size_t batch = 0, in = 0, out = 0;
  bool backward = false, bf16 = false;
};

LinearChoice choice_of(const Settings& settings) {
  constexpr std::int64_t most = 1 << 20;
  return {count_of(settings, "batch", most), count_of(settings, "in", most), count_of(settings, "out", most),
          second_of(settings, "pass", "forward", "backward"), in_bf16(settings)};
}

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
    draw(x_, seed_, 1, data);
    draw(w_, seed_, 2, data);
    draw(dy_, seed_, 3, data);
    draw(bias_, seed_, 4, data);
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
        for (std::size_t j = begin; j < end; ++j) sums[j] += load(dy_[r * out + j]);
    }
  }

  Verdict judge(const std::string& what, const Product& product) const {
    const double value =
        data_ == Data::exact ? differing_rows(product, seed_) : componentwise_error(product, seed_, 0x1p-24);
    return {what + (data_ == Data::exact ? ", rows that differ" : ", componentwise error / bound"),
            worst_of(ranks_, value), data_ == Data::exact ? 0.0 : 1.0};
  }

  static RowReader rows(const Buffer<T>& matrix, std::size_t columns) {
    return [&matrix, columns](std::size_t row, std::span<double> values) {
      for (std::size_t j = 0; j < values.size(); ++j) values[j] = static_cast<double>(load(matrix[row * columns + j]));
    };
  }
  // Rows of the transpose.
  static RowReader columns(const Buffer<T>& matrix, std::size_t columns) {
    return [&matrix, columns](std::size_t row, std::span<double> values) {
      for (std::size_t j = 0; j < values.size(); ++j) values[j] = static_cast<double>(load(matrix[j * columns + row]));
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
