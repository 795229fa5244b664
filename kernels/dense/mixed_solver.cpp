#include "kernels/dense/mixed_solver.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/dense/elimination.hpp"
#include "kernels/dense/gmres.hpp"
#include "kernels/dense/lu_verify.hpp"

namespace tandem::kernels {
namespace {

constexpr std::size_t kMostSteps = 30;  // of a cycle
constexpr std::size_t kMostCycles = 3;
constexpr std::size_t kBlock = 128;  // rows of a triangular solve that one thread solves, after all have updated them

// Whole cache lines a row, but not a multiple of a page: rows of one column would fall into few sets of the cache.
std::size_t lead_of(std::size_t n) {
  const std::size_t lead = (n + 15) / 16 * 16;
  return lead % 1024 == 0 ? lead + 16 : lead;
}

// As functions of their own: g++ 12 gathers where a vector loop reads captured pointers.
template <typename T>
double dot(const T* row, const double* x, std::size_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t j = 0; j < count; ++j) sum += static_cast<double>(row[j]) * x[j];
  return sum;
}

double convert_row(const double* from, float* to, std::size_t count) {
  double size = 0;
#pragma omp simd reduction(+ : size)
  for (std::size_t j = 0; j < count; ++j) {
    to[j] = static_cast<float>(from[j]);
    size += std::abs(from[j]);
  }
  return size;
}

}  // namespace

double mixed_solver_bytes(std::size_t n, Element element) {
  const auto order = static_cast<double>(n), lead = static_cast<double>(lead_of(n));
  return 8 * order * order + 4 * order * lead + rounded_product_bytes(element, largest_operand(n)) +
         8 * order * (gmres_vectors(kMostSteps) + 4);
}

MixedSolver::MixedSolver(std::size_t n, Element element, int threads, Marks& marks)
    : n_(n),
      lead_(lead_of(n)),
      threads_(threads),
      marks_(marks),
      parts_{marks.part("conversion"), marks.part("factorisation"), marks.part("refinement")},
      a_(n * n),
      factors_(n * lead_),
      product_(element, lead_, largest_operand(n)),
      b_(n),
      x_(n) {}

void MixedSolver::load(const LinearSystem& system) {
#pragma omp parallel for schedule(static) num_threads(threads_)
  for (std::ptrdiff_t i = 0; i < static_cast<std::ptrdiff_t>(n_); ++i) {
    const auto row = static_cast<std::size_t>(i);
    system.entries(row, 0, {&a_[row * n_], n_});
    system.entries(row, n_, {&b_[row], 1});
    std::fill_n(&factors_[row * lead_], lead_, 0.0F);
  }
  std::fill(x_.begin(), x_.end(), 0.0);
}

void MixedSolver::solve() {
  marks_.enter(parts_.convert);
  convert();
  marks_.enter(parts_.factor);
  Elimination(factors_.data(), lead_, product_, threads_).factor(0, n_);
  factored(factors_.data(), lead_);
  marks_.enter(parts_.refine);
  refine();
}

void MixedSolver::convert() {
  double norm = 0;
#pragma omp parallel for schedule(static) num_threads(threads_) reduction(max : norm)
  for (std::ptrdiff_t i = 0; i < static_cast<std::ptrdiff_t>(n_); ++i) {
    const auto row = static_cast<std::size_t>(i);
    norm = std::max(norm, convert_row(&a_[row * n_], &factors_[row * lead_], n_));
  }
  norm_a_ = norm;
  norm_b_ = largest(b_);
}

double MixedSolver::scaled(double residual) const {
  return residual / (0x1p-53 * (norm_a_ * largest(x_) + norm_b_) * static_cast<double>(n_));
}

// dsgesv's end: ||b - A x|| <= sqrt(n) u ||A|| ||x||, all by the largest entry or row sum; GMRES ends by the 2-norm,
// which is not less. Another cycle starts where rounding hid that the end was not reached, unless cycles no longer
// help.
void MixedSolver::refine() {
  std::vector<double> r(n_);
  precondition(b_, x_);
  residual(r);
  double now = largest(r);
  refinement_ = {0, scaled(now), scaled(now)};
  for (std::size_t cycle = 0; cycle < kMostCycles; ++cycle) {
    const double target = std::sqrt(static_cast<double>(n_)) * 0x1p-53 * norm_a_ * largest(x_);
    if (!(now > target)) return;
    refinement_.steps += gmres(
                             x_, r, target, kMostSteps, [this](const auto& from, auto& to) { multiply(from, to); },
                             [this](const auto& from, auto& to) { precondition(from, to); })
                             .steps;
    const double before = now;
    residual(r);
    now = largest(r);
    refinement_.after = scaled(now);
    if (!(now < before / 2)) return;
  }
}

void MixedSolver::multiply(const std::vector<double>& from, std::vector<double>& to) const {
#pragma omp parallel for schedule(static) num_threads(threads_)
  for (std::ptrdiff_t i = 0; i < static_cast<std::ptrdiff_t>(n_); ++i) {
    const auto row = static_cast<std::size_t>(i);
    to[row] = dot(&a_[row * n_], from.data(), n_);
  }
}

void MixedSolver::residual(std::vector<double>& r) const {
  multiply(x_, r);
  for (std::size_t i = 0; i < n_; ++i) r[i] = b_[i] - r[i];
}

// Both triangles by blocks of rows: all threads subtract what the solved unknowns contribute, reading whole rows, then
// one solves the block on the diagonal.
void MixedSolver::precondition(const std::vector<double>& from, std::vector<double>& to) const {
  to = from;
  for (std::size_t first = 0; first < n_; first += kBlock) {
    const std::size_t end = std::min(first + kBlock, n_);
#pragma omp parallel for schedule(static) num_threads(threads_) if (first > 0)
    for (std::size_t i = first; i < end; ++i) to[i] += dot(factors(i).data(), to.data(), first);
    for (std::size_t i = first; i < end; ++i) to[i] += dot(factors(i).data() + first, &to[first], i - first);
  }
  for (std::size_t end = n_; end > 0;) {
    const std::size_t first = (end - 1) / kBlock * kBlock;
#pragma omp parallel for schedule(static) num_threads(threads_) if (end < n_)
    for (std::size_t i = first; i < end; ++i) to[i] -= dot(factors(i).data() + end, to.data() + end, n_ - end);
    for (std::size_t i = end; i-- > first;)
      to[i] =
          (to[i] - dot(factors(i).data() + i + 1, to.data() + i + 1, end - i - 1)) / static_cast<double>(factors(i)[i]);
    end = first;
  }
}

}  // namespace tandem::kernels
