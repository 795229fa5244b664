// A point within half a sub-cell of the edge counts in proportion, so that the share has no steps: the implicit
// function over its gradient is the distance from the edge.
#include "kernels/lattice/coverage.hpp"

#include <algorithm>
#include <cmath>

namespace tandem::kernels {
namespace {

constexpr std::size_t points = 8;  // of a cell in each direction

double share_at(const Ellipse& body, double x, double y) {
  const double c = std::cos(body.angle), s = std::sin(body.angle);
  const double u = (c * (x - body.x) + s * (y - body.y)) / body.a, v = (c * (y - body.y) - s * (x - body.x)) / body.b;
  const double radius = std::hypot(u, v), slope = std::hypot(u / body.a, v / body.b);
  const double inside = slope > 0 ? radius * (1 - radius) / slope : body.b;  // about the distance from the edge
  return std::clamp(0.5 + inside * points, 0.0, 1.0);
}

std::size_t cell(double at, std::size_t count) {
  return static_cast<std::size_t>(std::clamp(at, 0.0, static_cast<double>(count)));
}

}  // namespace

void add_coverage(const Ellipse& body, std::size_t nx, std::size_t ny, std::span<float> coverage) {
  const double c = std::cos(body.angle), s = std::sin(body.angle);
  const double reach_x = std::hypot(body.a * c, body.b * s) + 1, reach_y = std::hypot(body.a * s, body.b * c) + 1;
  const std::size_t i_end = cell(body.x + reach_x + 1, nx), j_end = cell(body.y + reach_y + 1, ny);
  for (std::size_t j = cell(body.y - reach_y, ny); j < j_end; ++j)
    for (std::size_t i = cell(body.x - reach_x, nx); i < i_end; ++i) {
      double sum = 0;
      for (std::size_t q = 0; q < points; ++q)
        for (std::size_t p = 0; p < points; ++p)
          sum += share_at(body, static_cast<double>(i) + (static_cast<double>(p) + 0.5) / points,
                          static_cast<double>(j) + (static_cast<double>(q) + 0.5) / points);
      float& covered = coverage[j * nx + i];
      covered = std::min(1.0f, covered + static_cast<float>(sum / (points * points)));
    }
}

}  // namespace tandem::kernels
