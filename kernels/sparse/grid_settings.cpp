#include "kernels/sparse/grid_settings.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "harness/base/check.hpp"

namespace tandem::kernels {
namespace {

// "104" or "104x96x80"; three zeros where it is neither.
Triple read_triple(const std::string& text) {
  Triple result{0, 0, 0};
  const char *at = text.data(), *end = at + text.size();
  std::size_t count = 0;
  for (; count < 3; ++count) {
    const auto [stop, error] = std::from_chars(at, end, result[count]);
    if (error != std::errc() || result[count] <= 0 || result[count] > 100000) return {0, 0, 0};
    at = stop;
    if (at == end || *at != 'x') break;
    ++at;
  }
  if (at != end || count == 1) return {0, 0, 0};
  if (count == 0) result[2] = result[1] = result[0];
  return result;
}

}  // namespace

std::string text_of(const Triple& t) { return fmt::format("{}x{}x{}", t[0], t[1], t[2]); }

Triple local_box(const Settings& settings) {
  const std::string& text = settings.text("local");
  const Triple points = read_triple(text);
  check_usage(points[0] > 0, "local=\"{}\", expected points a rank as 104 or 104x104x96", text);
  return points;
}

Triple multigrid_box(const Settings& settings) {
  const Triple points = local_box(settings);
  Triple valid = points;
  for (std::int64_t& n : valid) n = std::max<std::int64_t>(16, (n + 4) / 8 * 8);
  check_usage(valid == points, "local={}: each must be a multiple of 8 and at least 16; the nearest is {}",
              settings.text("local"), text_of(valid));
  return points;
}

std::string largest_cube(double points) {
  const auto n = static_cast<std::int64_t>(std::cbrt(points)) / 8 * 8;
  return n < 16 ? "" : fmt::format("local={}", n);
}

Triple grid_of(const Settings& settings, int ranks) {
  const std::string& text = settings.text("grid");
  Triple grid = read_triple(text);
  check_usage(text == "auto" || (grid[0] > 0 && text.find('x') != std::string::npos),
              "grid=\"{}\", expected auto or ranks as 2x2x1", text);
  const Triple best = near_cubic(ranks);
  if (grid[0] == 0) grid = best;
  const std::int64_t needed = grid[0] * grid[1] * grid[2];
  check_usage(needed == ranks, "grid={} is a grid of {} ranks and the case runs on {}; use grid={} or ranks = {}",
              text_of(grid), needed, ranks, text_of(best), needed);
  return grid;
}

}  // namespace tandem::kernels
