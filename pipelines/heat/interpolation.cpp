// Three one-dimensional passes.
#include "pipelines/heat/interpolation.hpp"

#include <algorithm>

namespace tandem::pipelines {

Interpolation::Axis::Axis(std::size_t cells_from, std::size_t cells_to)
    : from(cells_from + 1), low(cells_to + 1), weight(cells_to + 1) {
  for (std::size_t i = 0; i <= cells_to; ++i) {
    low[i] = i * cells_from / cells_to;  // exact: no rounding at common nodes
    weight[i] = static_cast<double>(i * cells_from - low[i] * cells_to) / static_cast<double>(cells_to);
  }
}

Interpolation::Interpolation(const HeatMesh& from, const HeatMesh& to)
    : x_(from.nx, to.nx), y_(from.ny, to.ny), z_(from.nz, to.nz) {}

void Interpolation::apply(std::span<const double> from, std::span<float> to, std::size_t bottom) const {
  const std::size_t plane = x_.to() * y_.to(), lowest = z_.low[bottom];
  std::vector<double> wide(x_.to() * y_.from * z_.from), planes(plane * z_.from);
  for (std::size_t r = lowest * y_.from; r < y_.from * z_.from; ++r) {
    const double* row = from.data() + r * x_.from;
    double* out = wide.data() + r * x_.to();
    for (std::size_t i = 0; i < x_.to(); ++i)
      out[i] = row[x_.low[i]] + x_.weight[i] * (row[x_.high(i)] - row[x_.low[i]]);
  }
  for (std::size_t k = lowest; k < z_.from; ++k)
    for (std::size_t j = 0; j < y_.to(); ++j) {
      const double *a = wide.data() + (k * y_.from + y_.low[j]) * x_.to(),
                   *b = wide.data() + (k * y_.from + y_.high(j)) * x_.to();
      double* out = planes.data() + k * plane + j * x_.to();
      for (std::size_t i = 0; i < x_.to(); ++i) out[i] = a[i] + y_.weight[j] * (b[i] - a[i]);
    }
  for (std::size_t k = bottom; k < z_.to(); ++k) {
    const double *a = planes.data() + z_.low[k] * plane, *b = planes.data() + z_.high(k) * plane;
    float* out = to.data() + (k - bottom) * plane;
    for (std::size_t i = 0; i < plane; ++i) out[i] = static_cast<float>(a[i] + z_.weight[k] * (b[i] - a[i]));
  }
}

void Interpolation::transpose(std::span<const float> to, std::span<double> from) const {
  const std::size_t plane = x_.to() * y_.to();
  std::vector<double> wide(x_.to() * y_.from * z_.from), planes(plane * z_.from);
  for (std::size_t k = 0; k < z_.to(); ++k) {
    double *a = planes.data() + z_.low[k] * plane, *b = planes.data() + z_.high(k) * plane;
    const float* in = to.data() + k * plane;
    const double w = z_.weight[k];
    for (std::size_t i = 0; i < plane; ++i) a[i] += (1 - w) * static_cast<double>(in[i]);
    if (w != 0)
      for (std::size_t i = 0; i < plane; ++i) b[i] += w * static_cast<double>(in[i]);
  }
  for (std::size_t k = 0; k < z_.from; ++k)
    for (std::size_t j = 0; j < y_.to(); ++j) {
      double *a = wide.data() + (k * y_.from + y_.low[j]) * x_.to(),
             *b = wide.data() + (k * y_.from + y_.high(j)) * x_.to();
      const double* in = planes.data() + k * plane + j * x_.to();
      for (std::size_t i = 0; i < x_.to(); ++i) a[i] += (1 - y_.weight[j]) * in[i];
      for (std::size_t i = 0; i < x_.to(); ++i) b[i] += y_.weight[j] * in[i];
    }
  std::fill(from.begin(), from.end(), 0.0);
  for (std::size_t r = 0; r < y_.from * z_.from; ++r) {
    double* row = from.data() + r * x_.from;
    const double* in = wide.data() + r * x_.to();
    for (std::size_t i = 0; i < x_.to(); ++i) {
      row[x_.low[i]] += (1 - x_.weight[i]) * in[i];
      row[x_.high(i)] += x_.weight[i] * in[i];
    }
  }
}

}  // namespace tandem::pipelines
