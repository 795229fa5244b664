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

template <typename T>
std::string precisely(const char* what) {  // which matrix is judged, where it is not the fp64 one
  return std::is_same_v<T, float> ? std::string(what) + ", fp32" : what;
}

// A function of a level's points in the order of its slots.
template <typename T, typename Value>
Buffer<T> slots_of(HpcgSolver<T>& solver, std::size_t level, const Value& value) {
  const Block& block = solver.block(level);
  DistributedMatrix<T>& a = solver.matrix(level);
  Buffer<double> rows(static_cast<std::size_t>(block.rows()));
  Buffer<T> slots(a.size());
  block.each_point([&](std::int64_t row, std::int64_t, std::int64_t point) { rows.data()[row] = value(point); });
  a.to_slots(rows.data(), slots.data());
  return slots;
}

}  // namespace

template <typename T>
double Hpcg::norm(const Buffer<T>& slots) {
  return std::sqrt(ranks_.sum(dot(true, solver_.matrix().slots(), slots.data(), slots.data())));
}

template <typename T>
Buffer<T> Hpcg::random_slots(HpcgSolver<T>& solver, std::uint64_t stream) {
  return slots_of(solver, 0,
                  [&](std::int64_t p) { return random_uniform(seed_, stream, static_cast<std::uint64_t>(p)) - 0.5; });
}

// A x of an x of small random integers, so that no sum rounds in either precision and every entry of the result must
// be equal; values on other ranks are known without asking them.
template <typename T>
void Hpcg::products(HpcgSolver<T>& solver, std::vector<Verdict>& verdicts) {
  HpcgReference reference(ranks_, solver.block());
  const auto value = [&](std::int64_t point) {
    return static_cast<double>(random_bits(seed_, 2, static_cast<std::uint64_t>(point)) % 64 + 1);
  };
  double wrong = 0;
  for (std::size_t l = 0; l < hpcg_levels; ++l) {
    const Block& block = solver.block(l);
    DistributedMatrix<T>& a = solver.matrix(l);
    Buffer<T> x = slots_of(solver, l, value), y(a.size());
    const auto size = static_cast<std::size_t>(block.box_size());
    Buffer<double> box(size), right(size), rows(static_cast<std::size_t>(block.rows()));
    reference.fill(l, value, box.data());
    reference.product(l, box.data(), right.data());
    a.multiply(x.data(), y.data());
    a.to_rows(y.data(), rows.data());
    block.each_point([&](std::int64_t row, std::int64_t at) { wrong += rows.data()[row] == right.data()[at] ? 0 : 1; });
  }
  verdicts.push_back({precisely<T>("wrong entries of A x on all levels, exact"), ranks_.sum(wrong), 0});
}

// |x.My - y.Mx| / (eps (|x| |My| + |y| |Mx|)), HPCG's departure from symmetry on a stricter scale. The random vectors
// have no mean, so that the dot products' partial sums, and with them their rounding errors, do not grow with the size.
template <typename T>
void Hpcg::symmetry(HpcgSolver<T>& solver, std::vector<Verdict>& verdicts) {
  DistributedMatrix<T>& a = solver.matrix();
  Buffer<T> x = random_slots(solver, 3), y = random_slots(solver, 4), mx(a.size()), my(a.size());
  const auto departure = [&] {
    const auto inner = [&](const Buffer<T>& u, const Buffer<T>& v) {
      return ranks_.sum(dot(true, a.slots(), u.data(), v.data()));
    };
    const double scale = norm(x) * norm(my) + norm(y) * norm(mx);
    return std::abs(inner(x, my) - inner(y, mx)) / (static_cast<double>(std::numeric_limits<T>::epsilon()) * scale);
  };
  a.multiply(x.data(), mx.data());
  a.multiply(y.data(), my.data());
  verdicts.push_back({precisely<T>("asymmetry of the matrix / eps"), departure(), 4});
  solver.precondition(x.data(), mx.data());
  solver.precondition(y.data(), my.data());
  verdicts.push_back({precisely<T>("asymmetry of the preconditioner / eps"), departure(), 4});
}

template double Hpcg::norm(const Buffer<double>&);
template Buffer<double> Hpcg::random_slots(HpcgSolver<double>&, std::uint64_t);
template void Hpcg::products(HpcgSolver<float>&, std::vector<Verdict>&);
template void Hpcg::symmetry(HpcgSolver<float>&, std::vector<Verdict>&);

void Hpcg::set_diagonal(const std::function<double(std::size_t)>& of_row) { solver_.matrix().set_diagonal(of_row); }

// The diagonal exaggerated to ten distinct values of a million: about ten iterations without a preconditioner, one with
// it; HPCG permits 12 and 2.
void Hpcg::spectrum(std::vector<Verdict>& verdicts) {
  DistributedMatrix<double>& a = solver_.matrix();
  const Block& block = solver_.block();
  Buffer<double> rows(output_.size()), right(a.size()), x(a.size());
  std::vector<double> scale(output_.size());
  block.each_point([&](std::int64_t row, std::int64_t, std::int64_t point) {
    scale[static_cast<std::size_t>(row)] = 1e6 * (point < 9 ? static_cast<double>(point + 2) : 1);
  });
  a.to_rows(right_.data(), rows.data());
  for (std::size_t row = 0; row < rows.size(); ++row) rows[row] *= scale[row];
  a.to_slots(rows.data(), right.data());
  set_diagonal([&](std::size_t row) { return 26 * scale[row]; });
  for (const bool precondition : {false, true}) {
    const CgResult result = solve(right.data(), x.data(), 1e-12 * norm(right), reference_iterations, precondition);
    verdicts.push_back({precondition ? "spectral test, iterations with preconditioner" : "spectral test, iterations",
                        static_cast<double>(result.iterations), precondition ? 2.0 : 12.0});
  }
  set_diagonal([](std::size_t) { return 26; });
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
  double mean = 0, variance = 0, spread = 0, largest = 0;
  const auto sets = static_cast<double>(scaled_residuals_.size());
  for (const double residual : scaled_residuals_) mean += residual / sets;
  for (const double residual : scaled_residuals_) {
    variance += (residual - mean) * (residual - mean) / sets;
    spread = worse(spread, std::abs(residual / mean - 1));
    largest = worse(largest, residual / reference_residual_);
  }
  verdicts.push_back({"largest residual of a set / the reference's", largest, accepted});
  verdicts.push_back({"variance of the sets' scaled residuals", sets > 0 ? variance : HUGE_VAL, 1e-6});
  verdicts.push_back({"largest relative deviation of a set's residual", spread, 1e-6});
  products(solver_, verdicts);
  symmetry(solver_, verdicts);
  spectrum(verdicts);
  return verdicts;
}

}  // namespace tandem::kernels
