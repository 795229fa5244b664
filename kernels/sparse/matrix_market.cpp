#include "kernels/sparse/matrix_market.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/check.hpp"

namespace tandem::kernels {
namespace {

using Header = MatrixMarketHeader;

// Lines of a text, and the fields of the present line; knows where it is for error messages.
class Reader {
 public:
  Reader(const std::filesystem::path& path, std::string_view text) : path_(path.string()), rest_(text) {}

  bool next_line() {  // blank lines are passed over
    while (!rest_.empty()) {
      const std::size_t length = std::min(rest_.find('\n'), rest_.size());
      line_ = rest_.substr(0, length);
      rest_.remove_prefix(std::min(length + 1, rest_.size()));
      ++number_;
      skip_blanks();
      if (!line_.empty()) return true;
    }
    return false;
  }

  bool comment() const { return line_.front() == '%'; }

  std::string_view field(std::string_view what) {
    std::size_t length = 0;
    while (length < line_.size() && !blank(line_[length])) ++length;
    require(length > 0, "{} is missing", what);
    const std::string_view result = line_.substr(0, length);
    line_.remove_prefix(length);
    skip_blanks();
    return result;
  }

  template <typename T>
  T number(std::string_view what) {
    std::string_view text = field(what);
    const std::string_view digits = text.front() == '+' ? text.substr(1) : text;
    T value{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    require(error == std::errc() && end == digits.data() + digits.size(), "{} \"{}\" is not {}", what, text,
            std::is_integral_v<T> ? "a whole number" : "a number of fp64");
    return value;
  }

  void end_of_line() { require(line_.empty(), "unexpected \"{}\" at the end of the line", line_); }

  std::size_t line() const { return number_; }

  template <typename... Args>
  void require(bool condition, fmt::format_string<Args...> message, Args&&... args) const {
    if (!condition) fail(fmt::format(message, std::forward<Args>(args)...));
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(Exit::usage, fmt::format("{} line {}: {}", path_, number_, what));
  }

 private:
  static bool blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
  void skip_blanks() {
    while (!line_.empty() && blank(line_.front())) line_.remove_prefix(1);
  }

  std::string path_;
  std::string_view rest_, line_;
  std::size_t number_ = 0;
};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

void read_banner(Reader& in, Header& header) {
  in.require(in.next_line() && in.field("\"%%MatrixMarket\"") == "%%MatrixMarket",
             "does not start with \"%%MatrixMarket\"; is this a Matrix Market file?");
  const std::string object = lower(in.field("\"matrix\"")), format = lower(in.field("the format"));
  const std::string field = lower(in.field("the type of the values")), symmetry = lower(in.field("the symmetry"));
  in.end_of_line();
  in.require(object == "matrix", "holds a \"{}\", not a matrix", object);
  in.require(format == "coordinate" || format == "array", "format \"{}\" is neither coordinate nor array", format);
  in.require(field != "complex" && symmetry != "hermitian", "complex matrices are not supported; use real values");
  in.require(field == "real" || field == "double" || field == "integer" || field == "pattern",
             "values \"{}\" are none of real, integer, pattern", field);
  in.require(symmetry == "general" || symmetry == "symmetric" || symmetry == "skew-symmetric",
             "symmetry \"{}\" is none of general, symmetric, skew-symmetric", symmetry);
  header.coordinate = format == "coordinate";
  header.field = field == "pattern"   ? Header::Field::pattern
                 : field == "integer" ? Header::Field::integer
                                      : Header::Field::real;
  header.symmetry = symmetry == "general"     ? Header::Symmetry::general
                    : symmetry == "symmetric" ? Header::Symmetry::symmetric
                                              : Header::Symmetry::skew_symmetric;
  in.require(header.coordinate || header.field != Header::Field::pattern, "an array cannot be a pattern");
  in.require(header.field != Header::Field::pattern || header.symmetry != Header::Symmetry::skew_symmetric,
             "a pattern cannot be skew-symmetric");
}

std::size_t read_size(Reader& in, std::string_view what, std::size_t limit) {
  const auto value = in.number<std::int64_t>(what);
  in.require(value >= 0 && static_cast<std::size_t>(value) <= limit, "{} {} is outside 0..{}", what, value, limit);
  return static_cast<std::size_t>(value);
}

Header read_header(Reader& in) {
  Header header;
  read_banner(in, header);
  do in.require(in.next_line(), "ends before the line of sizes");
  while (in.comment());
  constexpr std::size_t limit = std::numeric_limits<std::int32_t>::max();
  const std::size_t rows = header.rows = read_size(in, "the number of rows", limit);
  header.columns = read_size(in, "the number of columns", limit);
  const bool square = header.rows == header.columns;
  in.require(square || header.symmetry == Header::Symmetry::general, "a symmetric matrix is square, not {} x {}",
             header.rows, header.columns);
  if (header.coordinate)
    header.stored = read_size(in, "the number of entries", header.rows * header.columns);
  else if (header.symmetry == Header::Symmetry::general)
    header.stored = rows * header.columns;
  else  // a triangle, with or without its diagonal
    header.stored = header.symmetry == Header::Symmetry::symmetric ? rows * (rows + 1) / 2 : rows * (rows - 1) / 2;
  in.end_of_line();
  return header;
}

double read_value(Reader& in, Header::Field field) {
  if (field == Header::Field::pattern) return 1.0;
  if (field == Header::Field::integer) {
    const auto value = in.number<std::int64_t>("the value");
    constexpr std::int64_t limit = std::int64_t{1} << 53;
    in.require(-limit <= value && value <= limit, "the value {} is beyond 2^53, inexact in fp64", value);
    return static_cast<double>(value);
  }
  const auto value = in.number<double>("the value");
  in.require(std::isfinite(value), "the value is {}; a matrix holds finite numbers", value);
  return value;
}

std::int32_t read_index(Reader& in, const char* what, std::size_t limit) {
  const auto index = in.number<std::int64_t>(what);
  in.require(index >= 1 && index <= static_cast<std::int64_t>(limit),
             "{} {} is outside 1..{}; the file declares {} {}s", what, index, limit, limit, what);
  return static_cast<std::int32_t>(index - 1);
}

// Position of the next entry of an array: down the columns, of the lower triangle where symmetric.
struct Walk {
  const Header& header;
  std::int32_t row = 0, column = 0;
  explicit Walk(const Header& h) : header(h) { row = top(); }
  std::int32_t top() const {
    if (header.symmetry == Header::Symmetry::general) return 0;
    return header.symmetry == Header::Symmetry::symmetric ? column : column + 1;
  }
  void step() {
    if (++row < static_cast<std::int32_t>(header.rows)) return;
    ++column;
    row = top();
  }
};

void check_triangle(const Reader& in, const Header& header, const Entry& entry) {
  if (header.symmetry == Header::Symmetry::general) return;
  in.require(entry.row >= entry.column, "entry ({}, {}) is above the diagonal of a symmetric matrix", entry.row + 1,
             entry.column + 1);
  in.require(header.symmetry == Header::Symmetry::symmetric || entry.row > entry.column,
             "entry ({}, {}) is on the diagonal of a skew-symmetric matrix", entry.row + 1, entry.column + 1);
}

// Calls visit(entry) for each stored entry, checked; `in` stands at the entry's line.
template <typename Visit>
void each_entry(Reader& in, const Header& header, Visit visit) {
  Walk walk(header);
  for (std::size_t i = 0; i < header.stored; ++i) {
    if (!in.next_line()) in.fail(fmt::format("ends after {} of the {} entries that it declares", i, header.stored));
    Entry entry{walk.row, walk.column, 0};
    if (header.coordinate) {
      entry.row = read_index(in, "row", header.rows);
      entry.column = read_index(in, "column", header.columns);
      check_triangle(in, header, entry);
    } else {
      walk.step();
    }
    entry.value = read_value(in, header.field);
    in.end_of_line();
    visit(entry);
  }
  in.require(!in.next_line(), "a further entry; the file declares {}", header.stored);
}

// Stable counting sort by one of the two indices.
void sort_by(std::vector<Entry>& entries, std::int32_t Entry::*index, std::size_t size) {
  std::vector<std::size_t> place(size + 1);
  for (const Entry& entry : entries) ++place[static_cast<std::size_t>(entry.*index) + 1];
  for (std::size_t i = 0; i < size; ++i) place[i + 1] += place[i];
  std::vector<Entry> sorted(entries.size());
  for (const Entry& entry : entries) sorted[place[static_cast<std::size_t>(entry.*index)]++] = entry;
  entries.swap(sorted);
}

// Reads again to name the lines of a duplicate.
[[noreturn]] void report_duplicate(Reader in, const Header& header, const Entry& twice) {
  std::size_t before = 0;
  each_entry(in, header, [&](const Entry& entry) {
    const bool same = std::minmax(entry.row, entry.column) == std::minmax(twice.row, twice.column);
    if (!same || (header.symmetry == Header::Symmetry::general && entry.row != twice.row)) return;
    in.require(before == 0, "entry ({}, {}) stands in line {} already", entry.row + 1, entry.column + 1, before);
    before = in.line();
  });
  in.fail(fmt::format("entry ({}, {}) is a duplicate", twice.row + 1, twice.column + 1));
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  check_usage(std::filesystem::is_regular_file(path) && file.good(), "cannot read {}", path.string());
  std::string text(static_cast<std::size_t>(file.tellg()), '\0');
  file.seekg(0);
  check(file.read(text.data(), static_cast<std::streamsize>(text.size())).good(), "cannot read {}", path.string());
  return text;
}

}  // namespace

MatrixMarketHeader read_matrix_market_header(const std::filesystem::path& path) {
  std::ifstream file(path);
  check_usage(std::filesystem::is_regular_file(path) && file.good(), "cannot read {}", path.string());
  std::string text, line;
  while (std::getline(file, line)) {
    text += line + '\n';
    if (line.find_first_not_of(" \t\r") != std::string::npos && line.front() != '%') break;
  }
  Reader in(path, text);
  return read_header(in);
}

MatrixMarket read_matrix_market(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  Reader in(path, text);
  const Header header = read_header(in);
  const Reader entries_begin = in;
  MatrixMarket matrix{header.rows, header.columns, {}};
  const std::size_t least_line = header.coordinate ? 4 : 2;  // "1 1\n", "1\n": a lying header allocates nothing
  matrix.entries.reserve(std::min(header.nonzeros_at_most(), 2 * text.size() / least_line));
  each_entry(in, header, [&](const Entry& entry) {
    matrix.entries.push_back(entry);
    if (header.symmetry == Header::Symmetry::general || entry.row == entry.column) return;
    const double sign = header.symmetry == Header::Symmetry::symmetric ? 1.0 : -1.0;
    matrix.entries.push_back({entry.column, entry.row, sign * entry.value});
  });
  sort_by(matrix.entries, &Entry::column, matrix.columns);
  sort_by(matrix.entries, &Entry::row, matrix.rows);
  const auto twice =
      std::adjacent_find(matrix.entries.begin(), matrix.entries.end(),
                         [](const Entry& a, const Entry& b) { return a.row == b.row && a.column == b.column; });
  if (twice != matrix.entries.end()) report_duplicate(entries_begin, header, *twice);
  return matrix;
}

}  // namespace tandem::kernels
