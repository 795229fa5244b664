// Expansions and their fits. Ridge: (F^T D F + r I) w = F^T D c, D = 1 / norm^2 because errors are judged relative to
// the field; leave-one-out residual e_i / (1 - h_i), h the diagonal of the hat matrix. Kernel: (K + r I) w = c,
// residual w_i / (K + r I)^-1_ii (Rasmussen and Williams 2006, section 5.4.2).
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/learning/symmetric.hpp"
#include "pipelines/reduced/rivals.hpp"

namespace tandem::pipelines {

namespace {

constexpr std::size_t search_points = 1024;

double distance2(const double* a, const double* b, std::size_t d) {
  double sum = 0;
  for (std::size_t i = 0; i < d; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

// (1 + r + r^2/3) e^-r, r = sqrt(5) |x - y| / length.
double matern(double squared, double length) {
  const double r = std::sqrt(5 * squared) / length;
  return (1 + r + r * r / 3) * std::exp(-r);
}

std::size_t nearest(std::span<const double> centres, const double* x, std::size_t d) {
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t j = 0; j < centres.size() / d; ++j)
    if (const double distance = distance2(&centres[j * d], x, d); distance < least) least = distance, best = j;
  return best;
}

struct Fit {
  std::vector<double> weights;                             // [functions, modes]
  double error = std::numeric_limits<double>::infinity();  // sum of squared leave-one-out errors
};

// Transposes [rows, columns].
std::vector<double> transposed(const std::vector<double>& from, std::size_t rows, std::size_t columns) {
  std::vector<double> to(from.size());
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) to[j * rows + i] = from[i * columns + j];
  return to;
}

// F [n, m] and c [n, modes] come divided by the norms; `normal` = F^T F.
Fit fit_ridge(const std::vector<double>& f, const std::vector<double>& c, const std::vector<double>& normal,
              std::size_t n, std::size_t m, double ridge) {
  std::vector<double> matrix = normal;
  for (std::size_t j = 0; j < m; ++j) matrix[j * (m + 1)] += ridge;
  const kernels::Cholesky factor(std::move(matrix), m);
  if (!factor.valid()) return {};
  const std::size_t modes = c.size() / n;
  std::vector<double> right(modes * m), hats = f;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < modes; ++k)
      for (std::size_t j = 0; j < m; ++j) right[k * m + j] += c[i * modes + k] * f[i * m + j];
  factor.solve(right, modes);
  factor.solve(hats, n);
  Fit fit{transposed(right, modes, m), 0};
  for (std::size_t i = 0; i < n; ++i) {
    double hat = 0;
    for (std::size_t j = 0; j < m; ++j) hat += hats[i * m + j] * f[i * m + j];
    for (std::size_t k = 0; k < modes; ++k) {
      double residual = c[i * modes + k];
      for (std::size_t j = 0; j < m; ++j) residual -= f[i * m + j] * right[k * m + j];
      fit.error += residual * residual / ((1 - hat) * (1 - hat));
    }
  }
  return fit;
}

Expansion fit_polynomial(Expansion expansion, std::span<const ReducedPoint> points) {
  const std::size_t n = points.size(), m = expansion.functions(), modes = expansion.modes;
  std::vector<double> f(n * m), c(n * modes), normal(m * m);
  for (std::size_t i = 0; i < n; ++i) {
    expansion.evaluate(points[i].inputs, std::span(f).subspan(i * m, m));
    for (std::size_t j = 0; j < m; ++j) f[i * m + j] /= points[i].norm;
    for (std::size_t k = 0; k < modes; ++k) c[i * modes + k] = points[i].coefficients[k] / points[i].norm;
    for (std::size_t a = 0; a < m; ++a)
      for (std::size_t b = 0; b < m; ++b) normal[a * m + b] += f[i * m + a] * f[i * m + b];
  }
  double mean = 0;
  for (std::size_t j = 0; j < m; ++j) mean += normal[j * (m + 1)] / static_cast<double>(m);
  double best = std::numeric_limits<double>::infinity();
  for (int power = -10; power <= 0; ++power) {
    const double ridge = mean * std::pow(10.0, power);
    Fit fit = fit_ridge(f, c, normal, n, m, ridge);
    if (!(fit.error < best)) continue;
    best = fit.error;
    expansion.ridge = ridge;
    expansion.weights = std::move(fit.weights);
  }
  check(!expansion.weights.empty(), "no ridge makes a regression of {} functions solvable", m);
  return expansion;
}

Fit fit_kernel(std::span<const ReducedPoint> points, double length, double ridge, bool judge) {
  const std::size_t n = points.size(), modes = points.front().coefficients.size();
  std::vector<double> matrix(n * n), right(n * modes);
#pragma omp parallel for schedule(static)
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j)
      matrix[i * n + j] =
          matern(distance2(points[i].inputs.data(), points[j].inputs.data(), points[i].inputs.size()), length);
    matrix[i * (n + 1)] += ridge;
    for (std::size_t k = 0; k < modes; ++k) right[k * n + i] = points[i].coefficients[k];
  }
  const kernels::Cholesky factor(std::move(matrix), n);
  if (!factor.valid()) return {};
  factor.solve(right, modes);
  Fit fit{transposed(right, modes, n), 0};
  if (!judge) return fit;
  const auto inverse = factor.inverse_diagonal();
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < modes; ++k) {
      const double residual = right[k * n + i] / inverse[i] / points[i].norm;
      fit.error += residual * residual;
    }
  return fit;
}

Expansion fit_matern(Expansion expansion, std::span<const ReducedPoint> points) {
  const auto searched = points.first(std::min(points.size(), search_points));
  double best = std::numeric_limits<double>::infinity();
  for (const double length : {1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0})
    for (int power = -8; power <= -1; ++power) {
      const double ridge = std::pow(10.0, power);
      Fit fit = fit_kernel(searched, length, ridge, true);
      if (!(fit.error < best)) continue;
      best = fit.error;
      expansion.length = length;
      expansion.ridge = ridge;
      expansion.weights = std::move(fit.weights);
    }
  if (searched.size() < points.size())
    expansion.weights = fit_kernel(points, expansion.length, expansion.ridge, false).weights;
  check(!expansion.weights.empty(), "kernel regression of {} samples failed", points.size());
  return expansion;
}

}  // namespace

std::size_t Expansion::functions() const {
  if (kind == RivalKind::mean) return 1;
  if (kind == RivalKind::linear) return 1 + inputs;
  if (kind == RivalKind::quadratic) return 1 + inputs + inputs * (inputs + 1) / 2;
  return centres.size() / inputs;
}

void Expansion::evaluate(std::span<const double> x, std::span<double> values) const {
  const std::size_t d = inputs;
  if (kind == RivalKind::nearest) {
    std::fill(values.begin(), values.end(), 0.0);
    values[nearest(centres, x.data(), d)] = 1;
    return;
  }
  if (kind == RivalKind::kernel) {
    for (std::size_t j = 0; j < values.size(); ++j) values[j] = matern(distance2(&centres[j * d], x.data(), d), length);
    return;
  }
  values[0] = 1;
  if (kind == RivalKind::mean) return;
  std::copy(x.begin(), x.end(), values.begin() + 1);
  if (kind == RivalKind::linear) return;
  std::size_t at = 1 + d;
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t j = i; j < d; ++j) values[at++] = x[i] * x[j];
}

void Expansion::pull(std::span<const double> x, std::span<const double> pulls, std::span<double> to) const {
  const std::size_t d = inputs;
  std::fill(to.begin(), to.end(), 0.0);
  if (kind == RivalKind::mean || kind == RivalKind::nearest) return;
  if (kind == RivalKind::kernel) {
    for (std::size_t j = 0; j < pulls.size(); ++j) {
      const double* const centre = &centres[j * d];
      const double r = std::sqrt(5 * distance2(centre, x.data(), d)) / length;
      const double slope = pulls[j] * -5.0 / 3 * (1 + r) * std::exp(-r) / (length * length);
      for (std::size_t i = 0; i < d; ++i) to[i] += slope * (x[i] - centre[i]);
    }
    return;
  }
  std::copy_n(pulls.begin() + 1, d, to.begin());
  if (kind == RivalKind::linear) return;
  std::size_t at = 1 + d;
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t j = i; j < d; ++j, ++at) {
      to[i] += pulls[at] * x[j];
      to[j] += pulls[at] * x[i];
    }
}

Expansion fit_expansion(RivalKind kind, std::span<const ReducedPoint> points) {
  check(!points.empty(), "a rival without samples");
  Expansion expansion;
  expansion.kind = kind;
  expansion.modes = points.front().coefficients.size();
  expansion.inputs = points.front().inputs.size();
  if (kind == RivalKind::linear || kind == RivalKind::quadratic) return fit_polynomial(expansion, points);
  if (kind == RivalKind::mean) expansion.weights.assign(expansion.modes, 0.0);
  for (const ReducedPoint& point : points) {
    if (kind == RivalKind::mean) {
      for (std::size_t k = 0; k < expansion.modes; ++k)
        expansion.weights[k] += point.coefficients[k] / static_cast<double>(points.size());
      continue;
    }
    expansion.centres.insert(expansion.centres.end(), point.inputs.begin(), point.inputs.end());
    expansion.weights.insert(expansion.weights.end(), point.coefficients.begin(), point.coefficients.end());
  }
  return kind == RivalKind::kernel ? fit_matern(std::move(expansion), points) : expansion;
}

}  // namespace tandem::pipelines
