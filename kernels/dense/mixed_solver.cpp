#include "kernels/dense/mixed_solver.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/dense/lu_verify.hpp"

namespace tandem::kernels {
namespace {

constexpr std::size_t kBlock = 128;  // rows of a triangular solve that one thread solves, after all have updated them

// Whole cache lines a row, but not a multiple of a page: rows of one column would fall into few sets of the cache.
std::size_t lead_of(std::size_t columns) {
  const std::size_t lead = (columns + 15) / 16 * 16;
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

double mixed_solver_bytes(const LuShape& shape, Element element) {
  const std::size_t columns = Cyclic{shape.n, shape.nb, shape.q}.size();
  const auto rows = static_cast<double>(Cyclic{shape.n, shape.nb, shape.p}.size());
  const auto width = static_cast<double>(columns), lead = static_cast<double>(lead_of(columns));
  const double vectors = rows * (gmres_vectors(refine_steps) + 3) + 4 * static_cast<double>(shape.n) + width;
  return 8 * rows * width + 4 * rows * lead + grid_elimination_bytes(shape, element) + 8 * vectors;
}

MixedSolver::MixedSolver(const LuShape& shape, const Ranks& ranks, Element element, int threads, Marks& marks)
    : grid_(shape, ranks),
      n_(shape.n),
      width_(grid_.columns.before(n_)),
      lead_(lead_of(width_)),
      threads_(threads),
      marks_(marks),
      parts_{marks.part("conversion"), marks.part("factorisation"), marks.part("refinement")},
      a_(grid_.rows.size() * width_),
      factors_(grid_.rows.size() * lead_),
      elimination_(grid_, element, threads),
      b_(grid_.rows.size()),
      x_(n_),
      solved_(n_) {}

void MixedSolver::load(const LinearSystem& system) {
  const std::size_t nb = grid_.columns.block;
#pragma omp parallel for schedule(static) num_threads(threads_)
  for (std::size_t i = 0; i < b_.size(); ++i) {
    const std::size_t row = grid_.rows.global(i);
    for (std::size_t j = 0; j < width_; j += nb)
      system.entries(row, grid_.columns.global(j), {a_.data() + i * width_ + j, std::min(nb, width_ - j)});
    system.entries(row, n_, {&b_[i], 1});
    std::fill_n(&factors_[i * lead_], lead_, 0.0F);
  }
  std::fill(x_.begin(), x_.end(), 0.0);
}

void MixedSolver::solve() {
  marks_.enter(parts_.convert);
  convert();
  marks_.enter(parts_.factor);
  const Block factors{factors_.data(), lead_};
  elimination_.factor(factors);
  factored(factors);
  marks_.enter(parts_.refine);
  std::ranges::copy(grid_.whole(refined()), x_.begin());
}

void MixedSolver::convert() {
  Vector sizes(b_.size());
#pragma omp parallel for schedule(static) num_threads(threads_)
  for (std::size_t i = 0; i < sizes.size(); ++i)
    sizes[i] = convert_row(a_.data() + i * width_, factors_.data() + i * lead_, width_);
  grid_.row.sum(sizes);
  norm_a_ = largest_of(sizes);
}

double MixedSolver::largest_of(const Vector& values) const { return grid_.ranks.max(largest(values)); }

// Whatever decides is summed up over all ranks at once, so that all decide alike.
std::vector<double> MixedSolver::refined() {
  const auto dot_over_ranks = [this](const Vector& a, const Vector& b) {
    return grid_.ranks.sum(grid_.columns.part == 0 ? Dot()(a, b) : 0.0);
  };
  const auto over_ranks = [this](const Vector& values) { return largest_of(values); };
  Vector x(b_.size());
  refinement_ = refine(
      n_, norm_a_, b_, x, [this](const Vector& from, Vector& to) { multiply(from, to); },
      [this](const Vector& from, Vector& to) { precondition(from, to); }, over_ranks, dot_over_ranks);
  return x;
}

void MixedSolver::multiply(const Vector& from, Vector& to) const {
  const Vector all = grid_.whole(from);
  Vector mine(width_);
  for (std::size_t j = 0; j < width_; ++j) mine[j] = all[grid_.columns.global(j)];
#pragma omp parallel for schedule(static) num_threads(threads_)
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = dot(a_.data() + i * width_, mine.data(), width_);
  grid_.row.sum(to);
}

void MixedSolver::precondition(const Vector& from, Vector& to) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = grid_.columns.mine(grid_.rows.global(i)) ? from[i] : 0;
  substitute(Direction::down, to);
  substitute(Direction::up, to);
  grid_.row.sum(to);
}

// L or U x = sums, which are replaced by x at the owners of the blocks on the diagonal and by 0 elsewhere.
void MixedSolver::substitute(Direction direction, Vector& sums) {
  const double sign = direction == Direction::down ? 1 : -1;  // the multipliers are kept negated
  const auto solve = [&](std::size_t first, std::size_t width) {
    const std::size_t row = grid_.rows.local(first);
    const float* square = &factors_[row * lead_ + grid_.columns.local(first)];
    std::copy_n(&sums[row], width, &solved_[first]);
    if (direction == Direction::down)
      solve_lower(square, width, &solved_[first]);
    else
      solve_upper(square, width, &solved_[first]);
  };
  const auto subtract = [&](Range rows, std::size_t first, std::size_t width) {
    const std::size_t column = grid_.columns.local(first);
#pragma omp parallel for schedule(static) num_threads(threads_)
    for (std::size_t i = rows.begin; i < rows.end; ++i)
      sums[i] += sign * dot(&factors_[i * lead_ + column], &solved_[first], width);
  };
  kernels::substitute(grid_, direction, sums, solved_, solve, subtract);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::size_t row = grid_.rows.global(i);
    sums[i] = grid_.columns.mine(row) ? solved_[row] : 0;
  }
}

// A block on the diagonal, in place, by blocks of rows: all threads subtract what the solved unknowns contribute,
// reading whole rows, then one solves a small block.
void MixedSolver::solve_lower(const float* square, std::size_t width, double* x) const {
  for (std::size_t first = 0; first < width; first += kBlock) {
    const std::size_t end = std::min(first + kBlock, width);
#pragma omp parallel for schedule(static) num_threads(threads_) if (first > 0)
    for (std::size_t i = first; i < end; ++i) x[i] += dot(square + i * lead_, x, first);
    for (std::size_t i = first; i < end; ++i) x[i] += dot(square + i * lead_ + first, x + first, i - first);
  }
}

void MixedSolver::solve_upper(const float* square, std::size_t width, double* x) const {
  for (std::size_t end = width; end > 0;) {
    const std::size_t first = (end - 1) / kBlock * kBlock;
#pragma omp parallel for schedule(static) num_threads(threads_) if (end < width)
    for (std::size_t i = first; i < end; ++i) x[i] -= dot(square + i * lead_ + end, x + end, width - end);
    for (std::size_t i = end; i-- > first;) {
      const float* diagonal = square + i * lead_ + i;
      x[i] = (x[i] - dot(diagonal + 1, x + i + 1, end - i - 1)) / static_cast<double>(*diagonal);
    }
    end = first;
  }
}

}  // namespace tandem::kernels
