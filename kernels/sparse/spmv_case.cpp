#include "kernels/sparse/spmv_case.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"

namespace tandem::kernels {
namespace {

constexpr std::string_view stencil_prefix = "stencil27:";
constexpr double unit_roundoff = 0x1p-53;
constexpr double most_strips_padding = 1.1;  // with more zeros strips move more bytes than they save in indices

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

double stencil_value(std::int64_t row, std::int64_t column) { return row == column ? 26.0 : -1.0; }

}  // namespace

// What is added up for a row, apart from the product under test.
struct SpmvCase::Reference {
  long double sum = 0;   // exact for integers (64-bit significand), else far better than the bound
  double magnitude = 0;  // (|A| |x|)_i
  std::int32_t terms = 0;
  void add(double a, double x) {
    sum += static_cast<long double>(a) * x;
    magnitude += std::abs(a * x);
    ++terms;
  }
};

SpmvShape spmv_shape(const Settings& settings) {
  const std::string& matrix = settings.text("matrix");
  const double rows = std::pow(stencil_size(matrix), 3);
  if (rows > 0) return {rows, rows, 27 * rows, 0};
  const MatrixMarketHeader header = read_matrix_market_header(matrix);
  return {static_cast<double>(header.rows), static_cast<double>(header.columns),
          static_cast<double>(header.nonzeros_at_most()), 2 * sizeof(Entry)};  // twice while they are sorted
}

SpmvFormat spmv_format(const Settings& settings) {
  const std::string& format = settings.text("format");
  check_usage(format == "auto" || format == "csr" || format == "strips",
              "format = \"{}\": expected auto, csr or strips", format);
  return format == "auto" ? SpmvFormat::automatic : format == "csr" ? SpmvFormat::csr : SpmvFormat::strips;
}

bool runs_strips(SpmvFormat format, double fill) {
  if (format == SpmvFormat::strips && fill > most_strips_padding)
    throw Unsupported(fmt::format("strips would store {:.1f} values a nonzero of this matrix (limit {}); use csr", fill,
                                  most_strips_padding));
  return format != SpmvFormat::csr && fill <= most_strips_padding;
}

double spmv_memory(const Settings& settings, double strip_bytes) {
  const SpmvShape shape = spmv_shape(settings);
  const double strips = spmv_format(settings) == SpmvFormat::csr ? 0 : strip_bytes * most_strips_padding;
  const double reference = 2 * sizeof(double) + sizeof(long double);
  return shape.nonzeros * (12 + strips + shape.reading) + shape.rows * (24 + reference) + shape.columns * 8;
}

Facts spmv_facts(const Csr& matrix, double matrix_bytes, const std::string& format) {
  const auto nonzeros = static_cast<double>(matrix.nonzeros());
  Facts facts;
  facts.flops = 2 * nonzeros;
  facts.bytes = matrix_bytes + 8.0 * static_cast<double>(matrix.rows + matrix.columns);
  facts.working_set = facts.bytes;
  facts.notes["format"] = format;
  facts.notes["nonzeros"] = fmt::format("{}", matrix.nonzeros());
  facts.notes["bytes per nonzero"] = fmt::format("{:.2f}", facts.bytes / nonzeros);
  return facts;
}

SpmvCase::SpmvCase(const Settings& settings, std::uint64_t seed)
    : seed_(seed), n_(stencil_size(settings.text("matrix"))) {
  if (n_ == 0) file_ = read_matrix_market(settings.text("matrix"));
  csr_ = n_ > 0 ? stencil27(n_) : csr_from_entries(file_.rows, file_.columns, file_.entries);
  check_usage(csr_.nonzeros() > 0, "matrix \"{}\" has no entries", settings.text("matrix"));
  x_ = Buffer<double>(csr_.columns);
}

void SpmvCase::prepare(Data data) {
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
}

std::vector<Verdict> SpmvCase::judge(const Ranks& ranks, const Buffer<double>& y) const {
  const std::vector<Reference> reference = n_ > 0 ? stencil_reference() : file_reference();
  double worst = 0, wrong = 0;
  for (std::size_t i = 0; i < csr_.rows; ++i) {
    const auto error = static_cast<double>(std::abs(static_cast<long double>(y[i]) - reference[i].sum));
    if (!(error == 0)) ++wrong;
    // gamma_k with a term to spare for the reference's own rounding; NaN and a wrong zero row count as infinite
    const double k = (reference[i].terms + 1) * unit_roundoff;
    const double bound = k / (1 - k) * reference[i].magnitude;
    const double ratio = error == 0 ? 0 : error / bound;
    worst = std::max(worst, ratio <= std::numeric_limits<double>::max() ? ratio : HUGE_VAL);
  }
  if (data_ == Data::exact) return {{"rows that differ from the exact integer product", ranks.max(wrong), 0}};
  return {{"componentwise error / bound", ranks.max(worst), 1}};
}

double SpmvCase::small_integer(std::uint64_t stream, std::uint64_t index) const {
  const std::uint64_t bits = random_bits(seed_, stream, index);
  const double magnitude = 1.0 + static_cast<double>(bits & 7);
  return (bits & 8) != 0 ? -magnitude : magnitude;
}

// For exact data each entry has its own integer, so that no two can be mistaken for one another.
double SpmvCase::value(std::int64_t row, std::int64_t column, double real) const {
  if (data_ == Data::random) return real;
  return small_integer(matrix_stream, static_cast<std::uint64_t>(row) << 32 | static_cast<std::uint64_t>(column));
}

std::vector<SpmvCase::Reference> SpmvCase::file_reference() const {
  std::vector<Reference> reference(csr_.rows);
  for (const Entry& entry : file_.entries)
    reference[static_cast<std::size_t>(entry.row)].add(value(entry.row, entry.column, entry.value),
                                                       x_[static_cast<std::size_t>(entry.column)]);
  return reference;
}

// Point by point over all 27 directions; a neighbour outside the grid is no entry.
std::vector<SpmvCase::Reference> SpmvCase::stencil_reference() const {
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

}  // namespace tandem::kernels
