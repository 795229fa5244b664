// Sparse matrix times vector, y = A x in fp64: 2 flops a nonzero. Bytes are those of the format that runs (values with
// its padding, indices) plus x and y once. The matrix is HPCG's 27-point stencil or a Matrix Market file.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/sparse/csr.hpp"
#include "kernels/sparse/matrix_market.hpp"
#include "kernels/sparse/strips.hpp"

namespace tandem::kernels {
namespace {

constexpr std::string_view stencil_prefix = "stencil27:";
constexpr double most_padding = 1.1;  // strips with more zeros than this move more bytes than they save in indices
constexpr double unit_roundoff = 0x1p-53;

enum Stream : std::uint64_t { vector_stream = 1, matrix_stream = 2 };

// n of "stencil27:n", or 0 for the path of a file.
std::int32_t stencil_size(const std::string& matrix) {
  if (!matrix.starts_with(stencil_prefix)) return 0;
  const char* end = matrix.data() + matrix.size();
  std::int32_t n = 0;
  const auto [stop, error] = std::from_chars(matrix.data() + stencil_prefix.size(), end, n);
  check_usage(error == std::errc() && stop == end && n >= 1 && n <= 1290,
              "matrix = \"{}\": expected stencil27:n with n in 1..1290", matrix);
  return n;
}

enum class Format { automatic, csr, strips };

Format format_of(const Settings& settings) {
  const std::string& format = settings.text("format");
  check_usage(format == "auto" || format == "csr" || format == "strips",
              "format = \"{}\": expected auto, csr or strips", format);
  return format == "auto" ? Format::automatic : format == "csr" ? Format::csr : Format::strips;
}

double spmv_memory(const Settings& settings, const Placement&) {
  const std::string& matrix = settings.text("matrix");
  double rows = std::pow(stencil_size(matrix), 3), columns = rows, nonzeros = 27 * rows, copies = 0;
  if (rows == 0) {
    const MatrixMarketHeader header = read_matrix_market_header(matrix);
    rows = static_cast<double>(header.rows);
    columns = static_cast<double>(header.columns);
    nonzeros = static_cast<double>(header.nonzeros_at_most());
    copies = 2 * sizeof(Entry);  // the entries, twice while they are sorted
  }
  const double strips = format_of(settings) == Format::csr ? 0 : 8.5 * most_padding;
  const double reference = 2 * sizeof(double) + sizeof(long double);
  return nonzeros * (12 + strips + copies) + rows * (24 + reference) + columns * 8;
}

// What verify() adds up for a row, apart from the product under test.
struct Reference {
  long double sum = 0;   // exact for integers (64-bit significand), else far better than the bound
  double magnitude = 0;  // (|A| |x|)_i
  std::int32_t terms = 0;
  void add(double a, double x) {
    sum += static_cast<long double>(a) * x;
    magnitude += std::abs(a * x);
    ++terms;
  }
};

class Spmv final : public Kernel {
 public:
  Spmv(const Settings& settings, const KernelContext& context)
      : ranks_(context.ranks),
        seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        n_(stencil_size(settings.text("matrix"))) {
    const Format format = format_of(settings);
    if (n_ == 0) file_ = read_matrix_market(settings.text("matrix"));
    csr_ = n_ > 0 ? stencil27(n_) : csr_from_entries(file_.rows, file_.columns, file_.entries);
    check_usage(csr_.nonzeros() > 0, "matrix \"{}\" has no entries", settings.text("matrix"));
    const double fill = format == Format::csr ? 0 : strips_fill(csr_);
    if (format == Format::strips && fill > most_padding)
      throw Unsupported(fmt::format("strips would store {:.1f} values a nonzero of this matrix (limit {}); use csr",
                                    fill, most_padding));
    use_strips_ = format != Format::csr && fill <= most_padding;
    x_ = Buffer<double>(csr_.columns);
    y_ = Buffer<double>(csr_.rows);
  }

  void prepare(Data data) override {
    data_ = data;
    const auto rows = static_cast<std::ptrdiff_t>(csr_.rows), columns = static_cast<std::ptrdiff_t>(csr_.columns);
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < rows; ++i)
      for (auto k = static_cast<std::size_t>(csr_.start.data()[i]);
           k < static_cast<std::size_t>(csr_.start.data()[i + 1]); ++k)
        csr_.value[k] = value(i, csr_.column[k], n_ > 0 ? stencil_value(i, csr_.column[k]) : file_.entries[k].value);
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < columns; ++i)
      x_.data()[i] = data_ == Data::exact ? small_integer(vector_stream, static_cast<std::uint64_t>(i))
                                          : 2 * random_uniform(seed_, vector_stream, static_cast<std::uint64_t>(i)) - 1;
    std::fill(y_.begin(), y_.end(), 0.0);
    if (use_strips_) strips_ = strips_from(csr_);
  }

  void run() override {
    const std::span<const double> x(x_.data(), x_.size());
    const std::span<double> y(y_.data(), y_.size());
    if (use_strips_)
      multiply(strips_, x, y);
    else
      multiply(csr_, x, y);
  }

  // In coordinate order from where the matrix came, not from the format under test.
  std::vector<Verdict> verify() override {
    const std::vector<Reference> reference = n_ > 0 ? stencil_reference() : file_reference();
    double worst = 0, wrong = 0;
    for (std::size_t i = 0; i < csr_.rows; ++i) {
      const double error = static_cast<double>(std::abs(static_cast<long double>(y_[i]) - reference[i].sum));
      if (!(error == 0)) ++wrong;
      // gamma_k with a term to spare for the reference's own rounding; NaN and a wrong zero row count as infinite
      const double k = (reference[i].terms + 1) * unit_roundoff;
      const double bound = k / (1 - k) * reference[i].magnitude;
      const double ratio = error == 0 ? 0 : error / bound;
      worst = std::max(worst, ratio <= std::numeric_limits<double>::max() ? ratio : HUGE_VAL);
    }
    if (data_ == Data::exact) return {{"rows that differ from the exact integer product", ranks_.max(wrong), 0}};
    return {{"componentwise error / bound", ranks_.max(worst), 1}};
  }

  Facts facts() const override {
    Facts facts;
    facts.flops = 2.0 * static_cast<double>(csr_.nonzeros());
    facts.bytes = (use_strips_ ? strips_.bytes() : csr_.bytes()) + 8.0 * static_cast<double>(csr_.rows + csr_.columns);
    facts.working_set = facts.bytes;
    facts.limit = "read";
    facts.notes["format"] = use_strips_ ? "strips of 8 rows by diagonals" : "csr, 32-bit columns";
    facts.notes["nonzeros"] = fmt::format("{}", csr_.nonzeros());
    facts.notes["bytes per nonzero"] = fmt::format("{:.2f}", facts.bytes / static_cast<double>(csr_.nonzeros()));
    return facts;
  }

  Output output() override { return {y_.data(), y_.size(), Output::Type::fp64}; }

 private:
  double small_integer(std::uint64_t stream, std::uint64_t index) const {  // -8..8 without 0
    const std::uint64_t bits = random_bits(seed_, stream, index);
    const double magnitude = 1.0 + static_cast<double>(bits & 7);
    return (bits & 8) != 0 ? -magnitude : magnitude;
  }
  static double stencil_value(std::int64_t row, std::int64_t column) { return row == column ? 26.0 : -1.0; }

  // For exact data each entry has its own integer, so that no two can be mistaken for one another.
  double value(std::int64_t row, std::int64_t column, double real) const {
    if (data_ == Data::random) return real;
    return small_integer(matrix_stream, static_cast<std::uint64_t>(row) << 32 | static_cast<std::uint64_t>(column));
  }

  std::vector<Reference> file_reference() const {
    std::vector<Reference> reference(csr_.rows);
    for (const Entry& entry : file_.entries)
      reference[static_cast<std::size_t>(entry.row)].add(value(entry.row, entry.column, entry.value),
                                                         x_[static_cast<std::size_t>(entry.column)]);
    return reference;
  }

  // Point by point over all 27 directions; a neighbour outside the grid is no entry.
  std::vector<Reference> stencil_reference() const {
    std::vector<Reference> reference(csr_.rows);
    const std::int64_t n = n_;
#pragma omp parallel for schedule(static)
    for (std::int64_t point = 0; point < n * n * n; ++point) {
      const std::int64_t x = point % n, y = point / n % n, z = point / (n * n);
      const auto inside = [n](std::int64_t at) { return at >= 0 && at < n; };
      for (int direction = 0; direction < 27; ++direction) {
        const int dx = direction % 3 - 1, dy = direction / 3 % 3 - 1, dz = direction / 9 - 1;
        if (!inside(x + dx) || !inside(y + dy) || !inside(z + dz)) continue;
        const std::int64_t column = x + dx + n * (y + dy + n * (z + dz));
        reference[static_cast<std::size_t>(point)].add(value(point, column, direction == 13 ? 26.0 : -1.0),
                                                       x_[static_cast<std::size_t>(column)]);
      }
    }
    return reference;
  }

  const Ranks& ranks_;
  std::uint64_t seed_;
  std::int32_t n_;
  MatrixMarket file_;
  Csr csr_;
  Strips strips_;
  bool use_strips_ = false;
  Data data_ = Data::random;
  Buffer<double> x_, y_;
};

}  // namespace

KernelEntry sparse_spmv() {
  return {.name = "sparse/spmv",
          .summary = "sparse matrix times vector in fp64, HPCG's 27-point matrix or a Matrix Market file",
          .parameters = {{"matrix", "stencil27:104", "stencil27:n (an n^3 grid) or the path of a Matrix Market file"},
                         {"format", "auto",
                          "csr, strips (8 rows by diagonals), or auto: strips where at most 10 % is padding"}},
          .figure = KernelEntry::Figure::flop_rate,
          .memory = spmv_memory,
          .make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
            return std::make_unique<Spmv>(settings, context);
          }};
}

}  // namespace tandem::kernels
