// Plain loops over one net at a time; nothing here is shared with the code that it judges.
#include "kernels/learning/mlp_reference.hpp"

#include <cmath>
#include <numbers>

namespace tandem::kernels {

namespace {

using Matrix = std::vector<double>;  // row-major

// GELU in its tanh form, as value and slope.
void gelu(double z, double& value, double& slope) {
  const double c = std::sqrt(2 / std::numbers::pi), t = std::tanh(c * (z + 0.044715 * z * z * z));
  value = 0.5 * z * (1 + t);
  slope = 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * c * (1 + 3 * 0.044715 * z * z);
}

// to[rows, out] += from[rows, in] w[in, out].
void multiply(const Matrix& from, const float* w, Matrix& to, std::size_t rows, std::size_t in, std::size_t out) {
#pragma omp parallel for schedule(static)
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t i = 0; i < in; ++i)
      for (std::size_t j = 0; j < out; ++j) to[r * out + j] += from[r * in + i] * static_cast<double>(w[i * out + j]);
}

// error[rows, in] = error_above[rows, out] w^T, and the same of their squares.
Matrix multiply_transposed(const Matrix& above, const float* w, std::size_t rows, std::size_t in, std::size_t out,
                           bool squares) {
  Matrix error(rows * in);
#pragma omp parallel for schedule(static)
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t i = 0; i < in; ++i) {
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (std::size_t j = 0; j < out; ++j) {
        const auto weight = static_cast<double>(w[i * out + j]);
        sum += above[r * out + j] * (squares ? weight * weight : weight);
      }
      error[r * in + i] = sum;
    }
  return error;
}

void parameter_gradients(const Matrix& a, const Matrix& error, double* weights, double* biases, std::size_t rows,
                         std::size_t in, std::size_t out) {
#pragma omp parallel for schedule(static)
  for (std::size_t i = 0; i < in; ++i)
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t j = 0; j < out; ++j) weights[i * out + j] += a[r * in + i] * error[r * out + j];
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t j = 0; j < out; ++j) biases[j] += error[r * out + j];
}

struct Net {
  std::vector<Matrix> a, slope;  // inputs of each layer, slopes of the layer before
};

}  // namespace

MlpReference mlp_reference(const MlpShape& shape, std::span<const float> parameters, std::span<const float> inputs,
                           std::span<const float> targets, std::size_t rows, double weight) {
  MlpReference result;
  result.gradients.resize(shape.parameters());
  result.squares.resize(shape.parameters());
  for (std::size_t net = 0; net < shape.nets; ++net) {
    Net state;
    state.a.emplace_back(inputs.begin(), inputs.end());
    const auto weights_at = [&](std::size_t l) {
      return shape.weights_at(l) + net * shape.layers[l] * shape.layers[l + 1];
    };
    const auto biases_at = [&](std::size_t l) { return shape.biases_at(l) + net * shape.layers[l + 1]; };
    for (std::size_t l = 0; l < shape.depth(); ++l) {
      const std::size_t out = shape.layers[l + 1];
      Matrix z(rows * out), slope(rows * out);
      for (std::size_t i = 0; i < z.size(); ++i) z[i] = static_cast<double>(parameters[biases_at(l) + i % out]);
      multiply(state.a[l], parameters.data() + weights_at(l), z, rows, shape.layers[l], out);
      if (l + 1 < shape.depth())
        for (std::size_t i = 0; i < z.size(); ++i) gelu(z[i], z[i], slope[i]);
      state.a.push_back(std::move(z));
      state.slope.push_back(std::move(slope));
    }
    Matrix error = std::move(state.a.back());
    Matrix square(error.size());
    for (std::size_t i = 0; i < error.size(); ++i) {
      const auto target = static_cast<double>(targets[i]);
      const double difference = error[i] - target, apart = error[i] * error[i] + target * target;
      result.loss += weight * difference * difference;
      result.loss_scale += weight * apart;
      error[i] = 2 * weight * difference;
      square[i] = 4 * weight * weight * apart;
    }
    for (std::size_t l = shape.depth(); l-- > 0;) {
      const std::size_t in = shape.layers[l], out = shape.layers[l + 1];
      parameter_gradients(state.a[l], error, &result.gradients[weights_at(l)], &result.gradients[biases_at(l)], rows,
                          in, out);
      Matrix& a = state.a[l];
      for (double& value : a) value *= value;
      parameter_gradients(a, square, &result.squares[weights_at(l)], &result.squares[biases_at(l)], rows, in, out);
      if (l == 0) break;
      error = multiply_transposed(error, parameters.data() + weights_at(l), rows, in, out, false);
      square = multiply_transposed(square, parameters.data() + weights_at(l), rows, in, out, true);
      for (std::size_t i = 0; i < error.size(); ++i) {
        const double slope = state.slope[l - 1][i];
        error[i] *= slope;
        square[i] *= slope * slope;
      }
    }
  }
  return result;
}

}  // namespace tandem::kernels
