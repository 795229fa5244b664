// HPL's computation on a device (lu.cpp has its rules): right-looking LU with partial pivoting over block columns of a
// row-major [A | b]. A panel is factored by the host, as on the CPU (lu_panel.hpp); row exchanges, U12 = L11^-1 A12 and
// the update of the rest, nearly all of the work, are the device's, products by its vendor's library. Then back
// substitution, block by block. One rank, and the device waits while a panel is factored: no look-ahead.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/device/gpu_code.hpp"
#include "harness/device/gpu_memory.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/gpu_product.hpp"
#include "kernels/dense/lu_panel.hpp"
#include "kernels/dense/lu_shape.hpp"
#include "kernels/dense/lu_system.hpp"
#include "kernels/dense/lu_verify.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

constexpr unsigned threads = 256;
constexpr std::size_t base_rows = 32;  // of U12 that are solved for without the library
constexpr unsigned row_lanes = 32;     // threads that share a row of a product with a vector

// Row-major, from some entry on.
struct Part {
  double* data;
  std::size_t lead;
};

// Columns of `part` as rows of `panel`: panel[j * panel_lead + i] = part[i][j]. Thread (i, j), j fastest.
GPU_KERNEL void take_panel(Part part, double* panel, std::size_t panel_lead, std::size_t rows, std::size_t columns) {
  const std::size_t at = grid_index(), i = at / columns, j = at % columns;
  if (i < rows) panel[j * panel_lead + i] = part.data[i * part.lead + j];
}

// Row first + i with row pivots[i], one after the other; a thread a column. A column without a pivot (-1) keeps its
// row.
GPU_KERNEL void swap_rows(Part matrix, const double* pivots, std::size_t first, std::size_t width,
                          std::size_t columns) {
  const std::size_t column = grid_index();
  if (column >= columns) return;
  for (std::size_t i = 0; i < width; ++i) {
    const std::size_t row = first + i, other = pivots[i] < 0 ? row : static_cast<std::size_t>(pivots[i]);
    const double value = matrix.data[row * matrix.lead + column];
    matrix.data[row * matrix.lead + column] = matrix.data[other * matrix.lead + column];
    matrix.data[other * matrix.lead + column] = value;
  }
}

// U := L^-1 U for the unit lower triangle L of at most base_rows columns (column-major); a thread a column of U.
GPU_KERNEL void solve_lower(const double* l, std::size_t l_lead, Part u, std::size_t width, std::size_t columns) {
  const std::size_t column = grid_index();
  if (column >= columns) return;
  for (std::size_t k = 0; k < width; ++k) {
    const double value = u.data[k * u.lead + column];
    for (std::size_t i = k + 1; i < width; ++i) u.data[i * u.lead + column] -= l[k * l_lead + i] * value;
  }
}

// y[i * lead] -= sum of a[i][j] x[j]: the rows above a block that is solved.
GPU_KERNEL void subtract(Part a, const double* x, double* y, std::size_t y_lead, std::size_t rows,
                         std::size_t columns) {
  GPU_SHARED double part[threads];
  const unsigned own = thread_index(), lane = own % row_lanes;
  const std::size_t row = grid_index() / row_lanes;
  double sum = 0;
  if (row < rows)
    for (std::size_t j = lane; j < columns; j += row_lanes) sum += a.data[row * a.lead + j] * x[j];
  part[own] = sum;
  block_barrier();
  if (lane > 0 || row >= rows) return;
  for (unsigned i = 1; i < row_lanes; ++i) sum += part[own + i];
  y[row * y_lead] -= sum;
}

GPU_KERNEL void take_column(const double* column, std::size_t lead, double* to, std::size_t count) {
  const std::size_t i = grid_index();
  if (i < count) to[i] = column[i * lead];
}

// Whole cache lines a row.
std::size_t lead_of(std::size_t columns) { return (columns + 31) / 32 * 32; }

// The products of U12 = L11^-1 A12 by halves and of the update, for one panel; fixed when the shape is.
struct Products {
  std::vector<std::unique_ptr<Product>> halves;  // in the order in which the recursion comes to them
  std::unique_ptr<Product> update;
};

LuShape device_shape(const Settings& settings) {
  return device_lu_shape(settings, [](const LuShape& shape) { return std::min<std::size_t>(lu_block(shape), 256); });
}

class Lu final : public Kernel {
 public:
  Lu(const Settings& settings, const KernelContext& context)
      : device_(choose_sole_device(context.ranks)),
        seed_(context.seed),
        shape_(device_shape(settings)),
        grid_(shape_, context.ranks),
        factor_(grid_.column, grid_.rows, context.threads),
        lead_(lead_of(shape_.n + 1)),
        panel_(shape_.n, shape_.nb),
        original_(shape_.n * lead_),
        matrix_(shape_.n * lead_),
        device_panel_(panel_size()),
        tops_(shape_.n * shape_.nb),
        x_(shape_.n) {
    for (std::size_t first = 0; first < shape_.n; first += shape_.nb) products_.push_back(products_of(first));
  }

  void prepare(Data data) override {
    exact_ = nullptr;
    if (data == Data::exact) {
      auto exact = std::make_unique<ExactSystem>(shape_.n, seed_);
      exact_ = exact.get();
      system_ = std::move(exact);
    } else {
      system_ = std::make_unique<RandomSystem>(shape_.n, seed_);
    }
    Buffer<double> rows(shape_.n * lead_);
    const auto count = static_cast<std::ptrdiff_t>(shape_.n);
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i)
      system_->entries(static_cast<std::size_t>(i), 0,
                       {rows.data() + static_cast<std::size_t>(i) * lead_, shape_.n + 1});
    original_.upload(rows);
    restore();
  }

  void restore() override {
    start_copy(matrix_.data(), original_.data(), shape_.n * lead_ * sizeof(double));
    GPU_VENDOR::finish();
  }

  void run() override {
    pivots_.clear();
    for (std::size_t first = 0, k = 0; first < shape_.n; first += shape_.nb, ++k) step(first, products_[k]);
    substitute_back();
  }
  void finish() override { GPU_VENDOR::finish(); }

  std::vector<Verdict> verify() override {
    Buffer<double>& x = x_.fetch();
    const std::span<const double> solution(x.data(), x.size());
    const auto found = std::count_if(pivots_.begin(), pivots_.end(), [](double pivot) { return pivot >= 0; });
    std::vector<Verdict> verdicts = {
        {"columns without a pivot (singular matrix)", static_cast<double>(shape_.n) - static_cast<double>(found), 0}};
    if (exact_ != nullptr) {
      verdicts.push_back({"wrong entries of x, exact", wrong_values(solution, exact_->x()), 0});
      verdicts.push_back({"wrong pivots, exact", wrong_values(pivots_, exact_->pivots()), 0});
    } else {
      verdicts.push_back({"scaled residual / 16", scaled_residual(grid_, *system_, solution) / kResidualLimit, 1});
    }
    return verdicts;
  }

  Facts facts() const override {
    const auto n = static_cast<double>(shape_.n);
    Facts facts{2.0 / 3 * n * n * n + 1.5 * n * n, 16 * n * n, 8 * n * n, "", {}};
    facts.notes = {{"device", device_.name},
                   {"n", std::to_string(shape_.n)},
                   {"nb", std::to_string(shape_.nb)},
                   {"panels", "by the host's BLAS"}};
    for (const Products& one : products_)
      if (one.update) facts.notes["library"] = one.update->library();
    return facts;
  }

  Output output() override {
    Buffer<double>& x = x_.fetch();
    return {x.data(), x.size(), Output::Type::fp64, [this] { x_.put(); }};
  }

 private:
  std::size_t panel_size() {
    panel_.place(0, std::min(shape_.nb, shape_.n), grid_.rows);
    return panel_.message().size();
  }
  Part matrix(std::size_t row, std::size_t column) { return {matrix_.data() + row * lead_ + column, lead_}; }

  ProductFormat format() const {
    ProductFormat format;
    format.a = format.b = format.c = Element::fp64;
    format.add = format.a_transposed = true;
    format.factor = -1;
    format.lead_b = format.lead_c = lead_;
    // Where the halves, the panel's parts and its rows of `below` can begin.
    format.alignment = alignment_of({base_rows * 8, shape_.nb * 8, (shape_.nb + shape_.nb * shape_.nb) * 8, 64});
    return format;
  }

  Products products_of(std::size_t first) {
    Products products;
    const std::size_t width = std::min(shape_.nb, shape_.n - first), right = first + width;
    panel_.place(first, width, grid_.rows);
    add_halves(width, shape_.n + 1 - right, products.halves);
    if (right < shape_.n) {
      ProductFormat of_update = format();
      of_update.lead_a = panel_.lead();
      products.update =
          std::make_unique<Product>(MatmulShape{shape_.n - right, shape_.n + 1 - right, width}, of_update);
    }
    return products;
  }
  static std::size_t upper_half(std::size_t width) { return (width / 2 + base_rows - 1) / base_rows * base_rows; }
  void add_halves(std::size_t width, std::size_t columns, std::vector<std::unique_ptr<Product>>& halves) const {
    if (width <= base_rows) return;
    const std::size_t upper = upper_half(width), lower = width - upper;
    add_halves(upper, columns, halves);
    ProductFormat of_half = format();
    of_half.lead_a = shape_.nb;
    halves.push_back(std::make_unique<Product>(MatmulShape{lower, columns, upper}, of_half));
    add_halves(lower, columns, halves);
  }
  // U := L^-1 U for the unit lower triangle of `l`, by halves (lu_solver.cpp says why).
  void start_lower(const double* l, std::size_t width, const Part& u, std::size_t columns,
                   std::vector<std::unique_ptr<Product>>::const_iterator& next) {
    if (width <= base_rows)
      return launch(solve_lower, blocks_for(columns, threads), threads, l, shape_.nb, u, width, columns);
    const std::size_t upper = upper_half(width);
    const Part below{u.data + upper * u.lead, u.lead};
    start_lower(l, upper, u, columns, next);
    (*next++)->start(l + upper, u.data, below.data);
    start_lower(l + upper * (shape_.nb + 1), width - upper, below, columns, next);
  }

  void step(std::size_t first, const Products& products) {
    const std::size_t n = shape_.n, width = std::min(shape_.nb, n - first), rows = n - first, right = first + width;
    panel_.place(first, width, grid_.rows);
    const std::size_t head = shape_.nb + shape_.nb * shape_.nb, bytes = panel_.message().size() * sizeof(double);
    double* const below = device_panel_.data() + head;
    launch(take_panel, blocks_for(rows * width, threads), threads, matrix(first, first), below, panel_.lead(), rows,
           width);
    copy_out(panel_.below(), below, bytes - head * sizeof(double));
    factor_.factor(panel_);
    pivots_.insert(pivots_.end(), panel_.pivots().begin(), panel_.pivots().end());
    std::copy_n(panel_.top(), shape_.nb * width, &tops_[first * shape_.nb]);
    copy_in(device_panel_.data(), panel_.message().data(), bytes);

    const std::size_t columns = n + 1 - right;  // b is the last
    const double* const top = device_panel_.data() + shape_.nb;
    launch(swap_rows, blocks_for(columns, threads), threads, matrix(0, right),
           static_cast<const double*>(device_panel_.data()), first, width, columns);
    auto next = products.halves.begin();
    start_lower(top, width, matrix(first, right), columns, next);
    if (products.update) products.update->start(below + width, matrix(first, right).data, matrix(right, right).data);
  }

  // U x = y, where y is what became of b: the diagonal blocks by the host, which has their U11.
  void substitute_back() {
    const std::size_t n = shape_.n, nb = shape_.nb, blocks = (n + nb - 1) / nb;
    double* const x = x_.device();
    launch(take_column, blocks_for(n, threads), threads, static_cast<const double*>(matrix(0, n).data), lead_, x, n);
    std::vector<double> part(nb);
    for (std::size_t k = blocks; k-- > 0;) {
      const std::size_t first = k * nb, width = std::min(nb, n - first);
      copy_out(part.data(), x + first, width * sizeof(double));
      const double* const top = &tops_[first * nb];
      for (std::size_t j = width; j-- > 0;) {
        part[j] /= top[j * nb + j];
        for (std::size_t i = 0; i < j; ++i) part[i] -= top[j * nb + i] * part[j];
      }
      copy_in(x + first, part.data(), width * sizeof(double));
      if (first > 0)
        launch(subtract, blocks_for(first * row_lanes, threads), threads, matrix(0, first),
               static_cast<const double*>(x + first), x, std::size_t{1}, first, width);
    }
  }

  const GpuDevice& device_;
  std::uint64_t seed_;
  LuShape shape_;
  LuGrid grid_;
  PanelFactor factor_;
  std::size_t lead_;
  Panel panel_;
  DeviceBuffer<double> original_, matrix_, device_panel_;
  std::vector<double> tops_;  // U11 of each panel, and L11
  std::vector<Products> products_;
  std::vector<double> pivots_;
  DeviceResult<double> x_;
  std::unique_ptr<LinearSystem> system_;
  const ExactSystem* exact_ = nullptr;  // system_, where it is that one
};

}  // namespace

KernelEntry dense_lu() {
  KernelEntry entry;
  entry.name = "dense/lu";
  entry.summary = "dense A x = b by LU with partial pivoting, panels by the host, the rest on the device";
  entry.parameters = {{"n", "16384", "unknowns"}, {"nb", "auto", "block size; auto: by n"}};
  entry.figure = KernelEntry::Figure::flop_rate;
  entry.memory = [](const Settings& settings, const Placement&) {
    const LuShape shape = device_shape(settings);
    const auto n = static_cast<double>(shape.n), nb = static_cast<double>(shape.nb);
    return 8 * (2 * n * static_cast<double>(lead_of(shape.n + 1)) + 2 * nb * (n + nb + 1)) + (64 << 20);
  };
  entry.fits = [](double bytes) {
    return fmt::format("n={}", static_cast<std::size_t>(std::sqrt(std::max(bytes - 1e8, 0.0) / 17)) / 64 * 64);
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<Lu>(settings, context);
  };
  entry.destroys_input = true;
  return entry;
}

}  // namespace tandem::GPU_VENDOR
