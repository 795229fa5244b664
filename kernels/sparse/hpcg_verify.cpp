// HPCG's tests of validity and some of our own, by the problem's definition (hpcg_reference.hpp) and not by the matrix
// that is stored: products on all levels, symmetry, spectrum, residual and error of the solution, repeated sets.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "harness/base/random.hpp"
#include "kernels/sparse/hpcg.hpp"

namespace tandem::kernels {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double norm_of_a = 52;  // no row's magnitudes add up to more

double worse(double a, double b) { return b <= a ? a : std::isnan(b) ? HUGE_VAL : b; }

}  // namespace

double Hpcg::norm(const double* slots) {
  return std::sqrt(ranks_.sum(dot(true, solver_.matrix().slots(), slots, slots)));
}

Buffer<double> Hpcg::random_slots(std::uint64_t stream, std::size_t level, double least) {
  const Block& block = solver_.block(level);
  DistributedMatrix& a = solver_.matrix(level);
  Buffer<double> rows(static_cast<std::size_t>(block.rows())), slots(a.size());
  block.each_point([&](std::int64_t row, std::int64_t, std::int64_t point) {
    rows.data()[row] = least + random_uniform(seed_, stream, static_cast<std::uint64_t>(point));
  });
  a.to_slots(rows.data(), slots.data());
  return slots;
}

// A x of a random x whose values on other ranks are known without asking them.
void Hpcg::products(std::vector<Verdict>& verdicts) {
  HpcgReference reference(ranks_, solver_.block());
  double worst = 0;
  for (std::size_t l = 0; l < HpcgSolver::levels; ++l) {
    const Block& block = solver_.block(l);
    DistributedMatrix& a = solver_.matrix(l);
    Buffer<double> x = random_slots(2, l, 0), y(a.size()), rows(static_cast<std::size_t>(block.rows()));
    const auto size = static_cast<std::size_t>(block.box_size());
    Buffer<double> box(size), right(size), magnitude(size);
    reference.fill(
        l, [&](std::int64_t point) { return random_uniform(seed_, 2, static_cast<std::uint64_t>(point)); }, box.data());
    reference.product(l, box.data(), right.data());
    reference.product(l, box.data(), magnitude.data(), true);
    a.multiply(x.data(), y.data());
    a.to_rows(y.data(), rows.data());
    block.each_point([&](std::int64_t row, std::int64_t at) {  // 27 terms each way
      worst = worse(worst, std::abs(rows.data()[row] - right.data()[at]) / (54 * epsilon * magnitude.data()[at]));
    });
  }
  verdicts.push_back({"A x on all levels, componentwise error / bound", ranks_.max(worst), 1});
}

// |x.My - y.Mx| / (eps (|x| |My| + |y| |Mx|)), HPCG's departure from symmetry on a stricter scale. The random vectors
// have no mean, so that the dot products' partial sums, and with them their rounding errors, do not grow with the size.
void Hpcg::symmetry(std::vector<Verdict>& verdicts) {
  DistributedMatrix& a = solver_.matrix();
  Buffer<double> x = random_slots(3, 0, -0.5), y = random_slots(4, 0, -0.5), mx(a.size()), my(a.size());
  const auto departure = [&] {
    const auto inner = [&](const Buffer<double>& u, const Buffer<double>& v) {
      return ranks_.sum(dot(true, a.slots(), u.data(), v.data()));
    };
    const double scale = norm(x.data()) * norm(my.data()) + norm(y.data()) * norm(mx.data());
    return std::abs(inner(x, my) - inner(y, mx)) / (epsilon * scale);
  };
  a.multiply(x.data(), mx.data());
  a.multiply(y.data(), my.data());
  verdicts.push_back({"asymmetry of the matrix / eps", departure(), 4});
  solver_.precondition(x.data(), mx.data());
  solver_.precondition(y.data(), my.data());
  verdicts.push_back({"asymmetry of the preconditioner / eps", departure(), 4});
}

// The diagonal exaggerated to ten distinct values of a million: about ten iterations without a preconditioner, one with
// it; HPCG permits 12 and 2.
void Hpcg::spectrum(std::vector<Verdict>& verdicts) {
  DistributedMatrix& a = solver_.matrix();
  const Block& block = solver_.block();
  Buffer<double> rows(output_.size()), right(a.size()), x(a.size());
  std::vector<double> scale(output_.size());
  block.each_point([&](std::int64_t row, std::int64_t, std::int64_t point) {
    scale[static_cast<std::size_t>(row)] = 1e6 * (point < 9 ? static_cast<double>(point + 2) : 1);
  });
  a.to_rows(right_.data(), rows.data());
  for (std::size_t row = 0; row < rows.size(); ++row) rows[row] *= scale[row];
  a.to_slots(rows.data(), right.data());
  a.set_diagonal([&](std::size_t row) { return 26 * scale[row]; });
  CgVectors<double> work(a.size());
  for (const bool precondition : {false, true}) {
    const CgResult result =
        solve(right.data(), x.data(), work, 1e-12 * norm(right.data()), reference_iterations, precondition);
    verdicts.push_back({precondition ? "spectral test, iterations with preconditioner" : "spectral test, iterations",
                        static_cast<double>(result.iterations), precondition ? 2.0 : 12.0});
  }
  a.set_diagonal([](std::size_t) { return 26; });
}

// Residual and error of the output. |x - x*| <= |r| / lambda with the exact least eigenvalue of the whole matrix.
void Hpcg::solution(std::vector<Verdict>& verdicts) {
  const Block& block = solver_.block();
  HpcgReference reference(ranks_, block);
  Buffer<double> x(reference.size()), truth(reference.size()), ax(reference.size()), right(reference.size());
  reference.fill(
      0, [&](std::int64_t point) { return exact(point); }, truth.data());
  reference.product(0, truth.data(), right.data());
  block.each_point([&](std::int64_t row, std::int64_t at) { x.data()[at] = output_.data()[row]; });
  reference.multiply(x.data(), ax.data());
  double sums[4] = {};  // squares: residual, right-hand side, error, exact solution
  block.each_point([&](std::int64_t, std::int64_t at) {
    sums[0] += std::pow(right.data()[at] - ax.data()[at], 2);
    sums[1] += std::pow(right.data()[at], 2);
    sums[2] += std::pow(x.data()[at] - truth.data()[at], 2);
    sums[3] += std::pow(truth.data()[at], 2);
  });
  ranks_.sum(sums);
  for (double& sum : sums) sum = std::sqrt(sum);
  double product = 1;
  for (std::size_t a = 0; a < 3; ++a)
    product *= 1 + 2 * std::cos(std::numbers::pi / static_cast<double>(block.whole(a) + 1));
  const double limit = reference_residual_ * (1 + 1e-6) * sums[1] + 16 * epsilon * norm_of_a * sums[3];
  verdicts.push_back({"true residual / the reference's after 50 iterations", sums[0] / limit, 1});
  verdicts.push_back({"error / (that residual / least eigenvalue)", sums[2] * (27 - product) / limit, 1});
}

std::vector<Verdict> Hpcg::verify() {
  std::vector<Verdict> verdicts;
  solution(verdicts);
  double mean = 0, variance = 0, spread = 0;
  const auto sets = static_cast<double>(scaled_residuals_.size());
  for (const double residual : scaled_residuals_) mean += residual / sets;
  for (const double residual : scaled_residuals_) {
    variance += (residual - mean) * (residual - mean) / sets;
    spread = worse(spread, std::abs(residual / mean - 1));
  }
  verdicts.push_back({"variance of the sets' scaled residuals", sets > 0 ? variance : HUGE_VAL, 1e-6});
  verdicts.push_back({"largest relative deviation of a set's residual", spread, 1e-6});
  products(verdicts);
  symmetry(verdicts);
  spectrum(verdicts);
  return verdicts;
}

}  // namespace tandem::kernels
