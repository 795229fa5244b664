#include "kernels/sparse/hpcg_judge.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "harness/base/random.hpp"
#include "kernels/sparse/hpcg_reference.hpp"

namespace tandem::kernels {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double norm_of_a = 52;  // no row's magnitudes add up to more

double worse(double a, double b) { return b <= a ? a : std::isnan(b) ? HUGE_VAL : b; }

std::size_t rows_of(const Block& block) { return static_cast<std::size_t>(block.rows()); }

}  // namespace

double hpcg_flops(std::span<const double> rows, std::span<const double> nonzeros, double iterations) {
  double cycle = 4 * nonzeros.back();                                               // coarsest: one symmetric sweep
  for (std::size_t l = 0; l + 1 < nonzeros.size(); ++l) cycle += 10 * nonzeros[l];  // two of them and the residual
  const double dots = (3 * iterations + 1) * 2 * rows[0], updates = dots;
  return dots + updates + (iterations + 1) * 2 * nonzeros[0] + iterations * cycle;
}

HpcgJudge::HpcgJudge(const Ranks& ranks, const Block& block, std::uint64_t seed)
    : ranks_(ranks), blocks_{block}, seed_(seed), right_(rows_of(block)) {
  while (blocks_.size() < hpcg_levels) blocks_.push_back(blocks_.back().coarse());
}

double HpcgJudge::exact(std::int64_t point) const {
  return data_ == Data::exact ? 1 : random_uniform(seed_, 1, static_cast<std::uint64_t>(point));
}

void HpcgJudge::prepare(Data data) {
  data_ = data;
  const Block& block = blocks_.front();
  HpcgReference reference(ranks_, block);
  Buffer<double> x(reference.size()), right(reference.size());
  reference.fill(
      0, [&](std::int64_t point) { return exact(point); }, x.data());
  reference.product(0, x.data(), right.data());
  const CgResult natural = reference.solve(right.data(), x.data(), reference_iterations);
  reference_residual_ = natural.residual / natural.history.front();
  target_ = reference_residual_ * accepted * natural.history.front();
  block.each_point([&](std::int64_t row, std::int64_t at) { right_.data()[row] = right.data()[at]; });
  scaled_residuals_.clear();
}

double HpcgJudge::flops(std::size_t iterations) const {
  std::vector<double> rows, nonzeros;
  for (const Block& block : blocks_) {
    rows.push_back(static_cast<double>(block.rows()));
    nonzeros.push_back(static_cast<double>(block.nonzeros()));
  }
  const auto own = static_cast<double>(iterations);
  return hpcg_flops(rows, nonzeros, own) * reference_iterations / own;
}

double HpcgJudge::inner(const Buffer<double>& x, const Buffer<double>& y) const {
  return ranks_.sum(dot(true, right_.size(), x.data(), y.data()));
}

double HpcgJudge::norm(const Buffer<double>& rows) const { return std::sqrt(inner(rows, rows)); }

Buffer<double> HpcgJudge::random_rows(std::uint64_t stream) const {
  Buffer<double> rows(right_.size());
  blocks_.front().each_point([&](std::int64_t row, std::int64_t, std::int64_t point) {
    const double value = random_uniform(seed_, stream, static_cast<std::uint64_t>(point)) - 0.5;
    rows.data()[row] = static_cast<double>(static_cast<float>(value));
  });
  return rows;
}

// Of the products x is made of small random integers, so that no sum rounds in either precision and every entry of the
// result must be equal; values on other ranks are known without asking them. The departure from symmetry is HPCG's on a
// stricter scale, |x.My - y.Mx| / (eps (|x| |My| + |y| |Mx|)); its random vectors have no mean, so that the dot
// products' partial sums, and with them their rounding errors, do not grow with the size.
void HpcgJudge::judge_parts(const HpcgParts& parts, std::vector<Verdict>& verdicts) const {
  HpcgReference reference(ranks_, blocks_.front());
  const auto value = [&](std::int64_t point) {
    return static_cast<double>(random_bits(seed_, 2, static_cast<std::uint64_t>(point)) % 64 + 1);
  };
  double wrong = 0;
  for (std::size_t l = 0; l < hpcg_levels; ++l) {
    const Block& block = blocks_[l];
    const auto size = static_cast<std::size_t>(block.box_size());
    Buffer<double> box(size), right(size), x(rows_of(block)), y(rows_of(block));
    block.each_point([&](std::int64_t row, std::int64_t, std::int64_t point) { x.data()[row] = value(point); });
    reference.fill(l, value, box.data());
    reference.product(l, box.data(), right.data());
    parts.multiply(l, x.data(), y.data());
    block.each_point([&](std::int64_t row, std::int64_t at) { wrong += y.data()[row] == right.data()[at] ? 0 : 1; });
  }
  verdicts.push_back({"wrong entries of A x on all levels, exact" + parts.precision, ranks_.sum(wrong), 0});

  const Buffer<double> x = random_rows(3), y = random_rows(4);
  Buffer<double> mx(x.size()), my(x.size());
  const auto departure = [&] {
    const double scale = norm(x) * norm(my) + norm(y) * norm(mx);
    return std::abs(inner(x, my) - inner(y, mx)) / (parts.epsilon * scale);
  };
  parts.multiply(0, x.data(), mx.data());
  parts.multiply(0, y.data(), my.data());
  verdicts.push_back({"asymmetry of the matrix / eps" + parts.precision, departure(), 4});
  parts.precondition(x.data(), mx.data());
  parts.precondition(y.data(), my.data());
  verdicts.push_back({"asymmetry of the preconditioner / eps" + parts.precision, departure(), 4});
}

// |M32 r - M64 r| / (eps32 |M64 r|) of a random r.
void HpcgJudge::judge_single(const HpcgParts& full, const HpcgParts& single, double residual_of_full,
                             std::vector<Verdict>& verdicts) const {
  judge_parts(single, verdicts);
  const Buffer<double> r = random_rows(5);
  Buffer<double> of_full(r.size()), of_single(r.size());
  full.precondition(r.data(), of_full.data());
  single.precondition(r.data(), of_single.data());
  const double whole = norm(of_full);
  for (std::size_t row = 0; row < r.size(); ++row) of_full[row] -= of_single[row];
  verdicts.push_back(
      {"preconditioners in fp32 and fp64, difference / eps32", norm(of_full) / (single.epsilon * whole), 16});
  verdicts.push_back({"residual of the fp64 solve / target", residual_of_full / target_, 1});
}

// The diagonal exaggerated to ten distinct values of a million: about ten iterations without a preconditioner, one with
// it; HPCG permits 12 and 2.
void HpcgJudge::judge_spectrum(const std::function<std::size_t(const double*, double, std::size_t, bool)>& solve,
                               const std::function<void(const std::function<double(std::size_t)>&)>& set_diagonal,
                               std::vector<Verdict>& verdicts) const {
  std::vector<double> scale(right_.size());
  blocks_.front().each_point([&](std::int64_t row, std::int64_t, std::int64_t point) {
    scale[static_cast<std::size_t>(row)] = 1e6 * (point < 9 ? static_cast<double>(point + 2) : 1);
  });
  Buffer<double> right(right_.size());
  for (std::size_t row = 0; row < right.size(); ++row) right[row] = right_[row] * scale[row];
  set_diagonal([&](std::size_t row) { return 26 * scale[row]; });
  for (const bool precondition : {false, true}) {
    const std::size_t iterations = solve(right.data(), 1e-12 * norm(right), reference_iterations, precondition);
    verdicts.push_back({precondition ? "spectral test, iterations with preconditioner" : "spectral test, iterations",
                        static_cast<double>(iterations), precondition ? 2.0 : 12.0});
  }
  set_diagonal([](std::size_t) { return 26; });
}

// |x - x*| <= |r| / lambda with the exact least eigenvalue of the whole matrix.
void HpcgJudge::judge_result(const Buffer<double>& rows, std::vector<Verdict>& verdicts) const {
  const Block& block = blocks_.front();
  HpcgReference reference(ranks_, block);
  Buffer<double> x(reference.size()), truth(reference.size()), ax(reference.size()), right(reference.size());
  reference.fill(
      0, [&](std::int64_t point) { return exact(point); }, truth.data());
  reference.product(0, truth.data(), right.data());
  block.each_point([&](std::int64_t row, std::int64_t at) { x.data()[at] = rows.data()[row]; });
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
}

}  // namespace tandem::kernels
