// Case sparse/cg: HPCG's problem (27 points, 26 on the diagonal, -1 beside it, zeros outside; hpcg-benchmark.org), n^3
// rows, solved to a relative residual of 1e-9 by conjugate gradients with this suite's multigrid. A run is set-up of
// the hierarchy plus solve. HPCG-like: smoother and coarsening differ, and the rate is no HPCG rating. Several ranks
// hold slabs of y; the operator sees the neighbours' rows, the multigrid only its own slab (additive Schwarz), so that
// more ranks take more iterations.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/sparse/conjugate_gradient.hpp"
#include "kernels/sparse/halo.hpp"
#include "kernels/sparse/multigrid.hpp"

namespace tandem::kernels {
namespace {

constexpr double tolerance = 1e-9;
// A slab of its own preconditions worse than the whole.
std::size_t most_iterations(int ranks) { return ranks > 1 ? 500 : 50; }

// The rows y of n that a rank holds.
struct Slab {
  std::size_t n, first, end;
  Slab(std::size_t side, const Ranks& ranks)
      : n(side),
        first(side * static_cast<std::size_t>(ranks.rank()) / static_cast<std::size_t>(ranks.size())),
        end(side * static_cast<std::size_t>(ranks.rank() + 1) / static_cast<std::size_t>(ranks.size())) {}
  std::size_t ny() const { return end - first; }
  std::size_t rows() const { return n * n * ny(); }

  // body(i, j, k, row) over the nodes, x fastest; j counts from the slab's first row.
  template <typename Body>
  void each_node(const Body& body) const {
    for_each(true, n, [&](std::size_t k) {
      for (std::size_t j = 0; j < ny(); ++j)
        for (std::size_t i = 0; i < n; ++i) body(i, j, k, (k * ny() + j) * n + i);
    });
  }

  // Row of A x, written from the problem's definition: 27 x minus the sum of the box around it. x(i, y, k), y of the
  // whole.
  template <typename X>
  double plain_row(std::size_t i, std::size_t j, std::size_t k, const X& x) const {
    const std::size_t y = first + j;
    double box = 0;
    for (std::size_t c = k > 0 ? k - 1 : 0; c < std::min(k + 2, n); ++c)
      for (std::size_t b = y > 0 ? y - 1 : 0; b < std::min(y + 2, n); ++b)
        for (std::size_t a = i > 0 ? i - 1 : 0; a < std::min(i + 2, n); ++a) box += x(a, b, c);
    return 27 * x(i, y, k) - box;
  }

  // The neighbouring slabs' next rows stand beside the grid's own.
  std::vector<Halo::Neighbour> neighbours(const Grid27& grid, const Ranks& ranks) const {
    std::vector<Halo::Neighbour> result;
    const auto last = static_cast<std::ptrdiff_t>(ny()) - 1;
    const auto row = [&](std::ptrdiff_t j) {
      std::vector<std::int32_t> nodes;
      for (std::size_t k = 0; k < n; ++k)
        for (std::size_t i = 0; i < n; ++i)
          nodes.push_back(static_cast<std::int32_t>(grid.at(i, j, static_cast<std::ptrdiff_t>(k))));
      return nodes;
    };
    if (first > 0) result.push_back({ranks.rank() - 1, row(0), row(-1)});
    if (end < n) result.push_back({ranks.rank() + 1, row(last), row(last + 1)});
    return result;
  }
};

Stencil27<double> operator_of(const Slab& slab, bool with_neighbours) {
  Stencil27<double> a(Grid27{slab.n, slab.ny(), slab.n});
  slab.each_node([&](std::size_t i, std::size_t j, std::size_t k, std::size_t) {
    const std::size_t y = with_neighbours ? slab.first + j : j, ny = with_neighbours ? slab.n : slab.ny();
    for (std::size_t d = 0; d < 27; ++d) {
      const auto inside = [](std::size_t at, std::size_t step, std::size_t n) {
        return at + step >= 1 && at + step <= n;
      };
      if (inside(i, d % 3, slab.n) && inside(y, d / 3 % 3, ny) && inside(k, d / 9, slab.n))
        a.at(i, j, k, d) = d == 13 ? 26 : -1;
    }
  });
  return a;
}

template <typename T>
class ConjugateGradient : public Kernel {
 public:
  ConjugateGradient(std::size_t n, const KernelContext& context)
      : ranks_(context.ranks),
        slab_(n, context.ranks),
        seed_(context.seed),
        matrix_(operator_of(slab_, true)),
        halo_(context.ranks, slab_.neighbours(matrix_.grid, context.ranks)),
        multigrid_(matrix_.grid, Edge::zero, true),
        vectors_(matrix_.grid.size()),
        right_(matrix_.grid.size()),
        solution_(matrix_.grid.size()),
        output_(slab_.rows()) {
    if (!halo_.empty()) slab_matrix_ = operator_of(slab_, false);
  }

  void prepare(Data data) override {
    data_ = data;
    slab_.each_node([&](std::size_t i, std::size_t j, std::size_t k, std::size_t) {
      right_[at(i, j, k)] =
          slab_.plain_row(i, j, k, [&](std::size_t a, std::size_t b, std::size_t c) { return exact(a, b, c); });
    });
    target_ = tolerance * std::sqrt(inner(right_, right_));
  }

  void run() override {
    multigrid_.set_up(halo_.empty() ? matrix_ : slab_matrix_);
    std::copy(right_.begin(), right_.end(), vectors_.residual.begin());
    std::fill(solution_.begin(), solution_.end(), 0.0);
    result_ = conjugate_gradient(
        true, right_.size(), solution_.data(), vectors_, target_, most_iterations(ranks_.size()),
        [&](double* x, double* y) { multiply(x, y); }, [&](const double* r, double* z) { multigrid_.apply(r, z); },
        [&](double sum) { return ranks_.sum(sum); });
    slab_.each_node(
        [&](std::size_t i, std::size_t j, std::size_t k, std::size_t row) { output_[row] = solution_[at(i, j, k)]; });
  }

  std::vector<Verdict> verify() override;

  Facts facts() const override {
    const auto rows = static_cast<double>(output_.size());
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
  double exact(std::size_t i, std::size_t y, std::size_t k) const {
    return data_ == Data::exact ? 1 : random_uniform(seed_, 1, (k * slab_.n + y) * slab_.n + i);
  }
  void multiply(double* x, double* y) {
    halo_.exchange(x);
    apply(matrix_, x, y, true);
  }
  double inner(const Buffer<double>& x, const Buffer<double>& y) const {
    return ranks_.sum(dot(true, x.size(), x.data(), y.data()));
  }
  std::size_t at(std::size_t i, std::size_t j, std::size_t k) const {
    return matrix_.grid.at(i, static_cast<std::ptrdiff_t>(j), static_cast<std::ptrdiff_t>(k));
  }
  template <typename Apply>
  double asymmetry(const Apply& apply_to, double epsilon) const;

  const Ranks& ranks_;
  Slab slab_;
  std::uint64_t seed_;
  Data data_ = Data::exact;
  Stencil27<double> matrix_, slab_matrix_;  // the second without the entries that reach other ranks
  Halo halo_;
  Multigrid<T> multigrid_;
  CgVectors<double> vectors_;
  Buffer<double> right_, solution_, output_;
  double target_ = 0;
  CgResult result_;
};

// |x.My - y.Mx| / (eps (|x| |My| + |y| |Mx|)) of random vectors without a mean (whose dot products' rounding errors
// would grow with the size), HPCG's departure from symmetry.
template <typename T>
template <typename Apply>
double ConjugateGradient<T>::asymmetry(const Apply& apply_to, double epsilon) const {
  const std::size_t size = matrix_.grid.size();
  Buffer<double> x(size), y(size), mx(size), my(size);
  slab_.each_node([&](std::size_t i, std::size_t j, std::size_t k, std::size_t) {
    const std::size_t row = (k * slab_.n + slab_.first + j) * slab_.n + i;
    x[at(i, j, k)] = random_uniform(seed_, 2, row) - 0.5;
    y[at(i, j, k)] = random_uniform(seed_, 3, row) - 0.5;
  });
  apply_to(x.data(), mx.data());
  apply_to(y.data(), my.data());
  return std::abs(inner(x, my) - inner(y, mx)) /
         (epsilon * (std::sqrt(inner(x, x) * inner(my, my)) + std::sqrt(inner(y, y) * inner(mx, mx))));
}

// Residual and error from the definition alone. |x - x*| <= |r| / lambda with the exact least eigenvalue
// lambda = 27 - (1 + 2 cos(pi / (n + 1)))^3.
template <typename T>
std::vector<Verdict> ConjugateGradient<T>::verify() {
  const std::size_t size = matrix_.grid.size();
  Buffer<double> x(size), right(size), rest(size), error(size);
  slab_.each_node([&](std::size_t i, std::size_t j, std::size_t k, std::size_t row) { x[at(i, j, k)] = output_[row]; });
  halo_.exchange(x.data());
  const auto place = [&](std::size_t i, std::size_t y, std::size_t k) {  // y may be a neighbour's next row
    return matrix_.grid.at(i, static_cast<std::ptrdiff_t>(y) - static_cast<std::ptrdiff_t>(slab_.first),
                           static_cast<std::ptrdiff_t>(k));
  };
  slab_.each_node([&](std::size_t i, std::size_t j, std::size_t k, std::size_t row) {
    const std::size_t node = at(i, j, k);
    right[node] = slab_.plain_row(i, j, k, [&](std::size_t a, std::size_t b, std::size_t c) { return exact(a, b, c); });
    rest[node] = right[node] - slab_.plain_row(i, j, k, [&](std::size_t a, std::size_t b, std::size_t c) {
      return x[place(a, b, c)];
    });
    error[node] = output_[row] - exact(i, slab_.first + j, k);
  });
  const auto norm = [&](const Buffer<double>& v) { return std::sqrt(inner(v, v)); };
  const double least = 27 - std::pow(1 + 2 * std::cos(std::numbers::pi / static_cast<double>(slab_.n + 1)), 3);
  const double scale = tolerance * norm(right);
  const double fp64 = std::numeric_limits<double>::epsilon(),
               own = static_cast<double>(std::numeric_limits<T>::epsilon());
  return {{"true residual / tolerance", norm(rest) / scale, 1.1},
          {"error / (tolerance / least eigenvalue)", norm(error) * least / scale, 1.1},
          {"asymmetry of the operator / eps", asymmetry([&](double* u, double* v) { multiply(u, v); }, fp64), 4},
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
  check_usage(n >= static_cast<std::size_t>(context.ranks.size()),
              "sparse/cg: n={} has fewer rows than {} ranks; use n={} or less ranks", n, context.ranks.size(),
              context.ranks.size());
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
          make,
          true};
}

}  // namespace tandem::kernels
