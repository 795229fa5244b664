// Case sparse/cg: HPCG's problem (27 points, 26 on the diagonal, -1 beside it, zeros outside; hpcg-benchmark.org), n^3
// rows on one rank, solved to a relative residual of 1e-9 by conjugate gradients with this suite's multigrid. A run is
// set-up of the hierarchy plus solve. HPCG-like: smoother and coarsening differ, and the rate is no HPCG rating.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/sparse/conjugate_gradient.hpp"
#include "kernels/sparse/multigrid.hpp"

namespace tandem::kernels {
namespace {

constexpr double tolerance = 1e-9;
constexpr std::size_t most_iterations = 50;

// body(i, j, k, row) over the nodes, x fastest.
template <typename Body>
void each_node(std::size_t n, const Body& body) {
  for_each(true, n, [&](std::size_t k) {
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t i = 0; i < n; ++i) body(i, j, k, (k * n + j) * n + i);
  });
}

// Row of A x, written from the problem's definition: 27 x minus the sum of the box around it.
template <typename X>
double plain_row(std::size_t n, std::size_t i, std::size_t j, std::size_t k, const X& x) {
  double box = 0;
  for (std::size_t c = k > 0 ? k - 1 : 0; c < std::min(k + 2, n); ++c)
    for (std::size_t b = j > 0 ? j - 1 : 0; b < std::min(j + 2, n); ++b)
      for (std::size_t a = i > 0 ? i - 1 : 0; a < std::min(i + 2, n); ++a) box += x[(c * n + b) * n + a];
  return 27 * x[(k * n + j) * n + i] - box;
}

double norm(const std::vector<double>& v) {
  double sum = 0;
  for (const double value : v) sum += value * value;
  return std::sqrt(sum);
}

template <typename T>
class ConjugateGradient : public Kernel {
 public:
  ConjugateGradient(std::size_t n, const KernelContext& context)
      : n_(n),
        seed_(context.seed),
        matrix_(Grid27{n, n, n}),
        multigrid_(matrix_.grid, Edge::zero, true),
        vectors_(matrix_.grid.size()),
        right_(matrix_.grid.size()),
        solution_(matrix_.grid.size()),
        exact_(n * n * n),
        output_(n * n * n) {
    each_node(n_, [&](std::size_t i, std::size_t j, std::size_t k, std::size_t) {
      for (std::size_t d = 0; d < 27; ++d) {
        const auto inside = [&](std::size_t at, std::size_t step) { return at + step >= 1 && at + step <= n_; };
        if (inside(i, d % 3) && inside(j, d / 3 % 3) && inside(k, d / 9)) matrix_.at(i, j, k, d) = d == 13 ? 26 : -1;
      }
    });
  }

  void prepare(Data data) override {
    for (std::size_t r = 0; r < exact_.size(); ++r) exact_[r] = data == Data::exact ? 1 : random_uniform(seed_, 1, r);
    each_node(n_, [&](std::size_t i, std::size_t j, std::size_t k, std::size_t) {
      right_[at(i, j, k)] = plain_row(n_, i, j, k, exact_);
    });
    target_ = tolerance * std::sqrt(dot(true, right_.size(), right_.data(), right_.data()));
  }

  void run() override {
    multigrid_.set_up(matrix_);
    std::copy(right_.begin(), right_.end(), vectors_.residual.begin());
    std::fill(solution_.begin(), solution_.end(), 0.0);
    result_ = conjugate_gradient(
        true, right_.size(), solution_.data(), vectors_, target_, most_iterations,
        [&](const double* x, double* y) { apply(matrix_, x, y, true); },
        [&](const double* r, double* z) { multigrid_.apply(r, z); });
    each_node(n_, [&](std::size_t i, std::size_t j, std::size_t k, std::size_t row) {
      output_[row] = solution_[at(i, j, k)];
    });
  }

  std::vector<Verdict> verify() override;

  Facts facts() const override {
    const auto rows = static_cast<double>(exact_.size());
    double first = 0, smooth = 0, cycle = 0;
    for (std::size_t l = 0; l < multigrid_.levels(); ++l) {
      const Grid27& g = multigrid_.grid(l);
      const double entries = static_cast<double>((3 * g.nx - 2) * (3 * g.ny - 2)) * static_cast<double>(3 * g.nz - 2);
      if (l == 0) first = entries;
      cycle += entries;
      smooth += 4 * entries + 10 * static_cast<double>(g.nodes());  // two sweeps and the residual, column solves
    }
    const auto iterations = static_cast<double>(result_.iterations);
    Facts facts;
    facts.flops = iterations * (2 * first + smooth + 12 * rows);
    facts.bytes = iterations * (8 * first + 2 * sizeof(T) * cycle + 12 * 8 * rows) + 8 * first + sizeof(T) * cycle;
    facts.working_set = 8 * first + sizeof(T) * cycle + 8 * 8 * rows;
    facts.limit = "read";
    facts.notes["iterations"] = std::to_string(result_.iterations);
    facts.notes["residual"] = fmt::format("{:.3e}", result_.residual / target_ * tolerance);
    facts.notes["levels"] = std::to_string(multigrid_.levels());
    facts.notes["charged"] = "set-up and solve in the time; flops of the iterations only";
    return facts;
  }

  Output output() override { return {output_.data(), output_.size(), Output::Type::fp64}; }

 private:
  std::size_t at(std::size_t i, std::size_t j, std::size_t k) const {
    return matrix_.grid.at(i, static_cast<std::ptrdiff_t>(j), static_cast<std::ptrdiff_t>(k));
  }
  template <typename Apply>
  double asymmetry(const Apply& apply_to, double epsilon) const;

  std::size_t n_;
  std::uint64_t seed_;
  Stencil27<double> matrix_;
  Multigrid<T> multigrid_;
  CgVectors<double> vectors_;
  Buffer<double> right_, solution_, exact_, output_;
  double target_ = 0;
  CgResult result_;
};

// |x.My - y.Mx| / (eps (|x| |My| + |y| |Mx|)) of random vectors, HPCG's departure from symmetry.
template <typename T>
template <typename Apply>
double ConjugateGradient<T>::asymmetry(const Apply& apply_to, double epsilon) const {
  const std::size_t size = matrix_.grid.size();
  Buffer<double> x(size), y(size), mx(size), my(size);
  each_node(n_, [&](std::size_t i, std::size_t j, std::size_t k, std::size_t row) {
    x[at(i, j, k)] = random_uniform(seed_, 2, row);
    y[at(i, j, k)] = random_uniform(seed_, 3, row);
  });
  apply_to(x.data(), mx.data());
  apply_to(y.data(), my.data());
  const auto inner = [&](const Buffer<double>& a, const Buffer<double>& b) {
    return dot(true, size, a.data(), b.data());
  };
  return std::abs(inner(x, my) - inner(y, mx)) /
         (epsilon * (std::sqrt(inner(x, x) * inner(my, my)) + std::sqrt(inner(y, y) * inner(mx, mx))));
}

// Residual and error from the definition alone. |x - x*| <= |r| / lambda with the exact least eigenvalue
// lambda = 27 - (1 + 2 cos(pi / (n + 1)))^3.
template <typename T>
std::vector<Verdict> ConjugateGradient<T>::verify() {
  std::vector<double> right(output_.size()), rest(output_.size()), error(output_.size());
  each_node(n_, [&](std::size_t i, std::size_t j, std::size_t k, std::size_t row) {
    right[row] = plain_row(n_, i, j, k, exact_);
    rest[row] = right[row] - plain_row(n_, i, j, k, output_);
    error[row] = output_[row] - exact_[row];
  });
  const double least = 27 - std::pow(1 + 2 * std::cos(std::numbers::pi / static_cast<double>(n_ + 1)), 3);
  const double scale = tolerance * norm(right);
  const double fp64 = std::numeric_limits<double>::epsilon(),
               own = static_cast<double>(std::numeric_limits<T>::epsilon());
  return {{"true residual / tolerance", norm(rest) / scale, 1.1},
          {"error / (tolerance / least eigenvalue)", norm(error) * least / scale, 1.1},
          {"asymmetry of the operator / eps",
           asymmetry([&](const double* x, double* y) { apply(matrix_, x, y, true); }, fp64), 4},
          {"asymmetry of the preconditioner / eps",
           asymmetry([&](const double* r, double* z) { multigrid_.apply(r, z); }, own), 4}};
}

std::size_t rows_of(const Settings& settings) {
  const std::int64_t n = settings.integer("n");
  check_usage(n >= 2 && n <= 1024, "sparse/cg: n={}, expected 2 to 1024", n);
  return static_cast<std::size_t>(n);
}

bool single(const Settings& settings) {
  const std::string& precision = settings.text("preconditioner");
  check_usage(precision == "fp64" || precision == "fp32", "sparse/cg: preconditioner={}, expected fp64 or fp32",
              precision);
  return precision == "fp32";
}

double memory(const Settings& settings, const Placement&) {
  const auto n = static_cast<double>(rows_of(settings));
  return 1.2 * n * n * n * (27 * 8 + 1.4 * (27 + 5) * (single(settings) ? 4 : 8) + 12 * 8);
}

std::unique_ptr<Kernel> make(const Settings& settings, const KernelContext& context) {
  const std::size_t n = rows_of(settings);
  if (context.ranks.size() > 1) throw Unsupported("sparse/cg runs on one rank: the multigrid has no halo exchange");
  if (single(settings)) return std::make_unique<ConjugateGradient<float>>(n, context);
  return std::make_unique<ConjugateGradient<double>>(n, context);
}

}  // namespace

KernelEntry sparse_cg() {
  return {"sparse/cg",
          "HPCG's 27-point problem by conjugate gradients with multigrid, to a residual of 1e-9",
          {{"n", "64", "rows per side, n^3 in all"}, {"preconditioner", "fp64", "its precision: fp64 or fp32"}},
          KernelEntry::Figure::flop_rate,
          memory,
          make};
}

}  // namespace tandem::kernels
