// The data of learning/linear, on any device, and how its results are judged: without another product
// (dense/freivalds.hpp), the bias being one more row of W below a column of ones.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/freivalds.hpp"
#include "kernels/learning/draw.hpp"
#include "kernels/learning/judging.hpp"

namespace tandem::kernels {

struct LinearChoice {
  std::size_t batch = 0, in = 0, out = 0;
  bool backward = false, bf16 = false;

  const char* precision() const { return bf16 ? "bf16" : "fp32"; }
  // Values of the result: y [batch, out]; or dx [batch, in], then dW [in, out], then db [out].
  std::size_t results() const { return backward ? (batch + out) * in + out : batch * out; }
  std::size_t weight_gradient() const { return batch * in; }
  std::size_t bias_gradient() const { return weight_gradient() + in * out; }
};

// Name, parameters (a batch of `rows` rows, layers of `width` times `width`, unless given) and memory; make: the
// device's.
KernelEntry linear_entry(const std::string& where, const std::string& rows, const std::string& width);
LinearChoice linear_choice(const Settings& settings);

// T: float or Bf16, of the operands.
template <typename T>
class LinearCase {
 public:
  LinearCase(const LinearChoice& choice, const KernelContext& context)
      : ranks_(context.ranks),
        seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        choice_(choice),
        x_(choice.batch * choice.in),
        w_(choice.in * choice.out),
        dy_(choice.backward ? choice.batch * choice.out : 0),
        bias_(choice.backward ? 0 : choice.out) {}

  void prepare(Data data) {
    data_ = data;
    draw(x_, seed_, 1, data);
    draw(w_, seed_, 2, data);
    draw(dy_, seed_, 3, data);
    draw(bias_, seed_, 4, data);
  }

  Buffer<T>& x() { return x_; }    // [batch, in]
  Buffer<T>& w() { return w_; }    // [in, out]
  Buffer<T>& dy() { return dy_; }  // [batch, out], backward only
  Buffer<float>& bias() { return bias_; }

  std::vector<Verdict> judge(const float* result) const {
    const auto& [batch, in, out, backward, bf16] = choice_;
    if (!backward) return {judge("y", {batch, out, in + 1, with_ones(x_, in), with_bias(), row_major(result, out)})};
    const RowReader gradient = row_major(result + choice_.weight_gradient(), out);
    return {judge("dx", {batch, in, out, rows(dy_, out), columns(w_, out), row_major(result, in)}),
            judge("dW, db", {in + 1, out, batch, columns_and_ones(), rows(dy_, out), gradient})};
  }

  Facts facts() const {  // without a limit
    const auto& [batch, in, out, backward, bf16] = choice_;
    const double products = static_cast<double>(batch) * static_cast<double>(in) * static_cast<double>(out);
    const auto operands = static_cast<double>(x_.size() + w_.size() + dy_.size()) * sizeof(T);
    const double bytes = operands + 4 * static_cast<double>(bias_.size() + choice_.results());
    return {(backward ? 4 : 2) * products, bytes, bytes, "", {}};
  }

 private:
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
  Buffer<float> bias_;
};

}  // namespace tandem::kernels
