// The Matrix Market reader: every kind of file it accepts, and the exact words with which it refuses the others.
#include "kernels/sparse/matrix_market.hpp"

#include <algorithm>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "kernels/sparse/csr.hpp"
#include "kernels/sparse/strips.hpp"

namespace tandem::kernels {
namespace {

class MatrixMarketFile : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  MatrixMarket read(const std::string& text) {
    write(text);
    return read_matrix_market(path_);
  }
  void write(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }

  // What the reader says about `text`, without the file's name: "line 3: ...".
  std::string refusal(const std::string& text) {
    try {
      read(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Exit::usage);
      const std::string message = error.what();
      EXPECT_TRUE(message.starts_with(path_.string() + " ")) << message;
      return message.substr(std::min(message.size(), path_.string().size() + 1));
    }
    return "accepted";
  }

  std::filesystem::path path_ =
      std::filesystem::path(testing::TempDir()) /
      ("tandem_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + ".mtx");
};

std::string text_of(const MatrixMarket& matrix) {
  std::string text;
  for (const Entry& entry : matrix.entries) text += fmt::format("({},{})={} ", entry.row, entry.column, entry.value);
  return text;
}

const std::string real_general = "%%MatrixMarket matrix coordinate real general\n";

TEST_F(MatrixMarketFile, real_general_in_row_major_order) {
  const MatrixMarket matrix = read(real_general + "% a comment\n%\n\n2 3 4\n2 3 -1.5e-1\n1 2 +2\n2 1 3\n1 1 4.25\n");
  EXPECT_EQ(matrix.rows, 2u);
  EXPECT_EQ(matrix.columns, 3u);
  EXPECT_EQ(text_of(matrix), "(0,0)=4.25 (0,1)=2 (1,0)=3 (1,2)=-0.15 ");
}

TEST_F(MatrixMarketFile, integer_pattern_and_loose_layout) {
  EXPECT_EQ(text_of(read("%%MatrixMarket MATRIX Coordinate Integer General\r\n1 2 2\r\n\t1  1\t7 \r\n\r\n1 2 -3")),
            "(0,0)=7 (0,1)=-3 ");
  EXPECT_EQ(text_of(read("%%MatrixMarket matrix coordinate pattern general\n2 2 2\n2 2\n1 1\n")), "(0,0)=1 (1,1)=1 ");
}

TEST_F(MatrixMarketFile, symmetric_halves_are_written_out) {
  EXPECT_EQ(text_of(read("%%MatrixMarket matrix coordinate real symmetric\n2 2 2\n1 1 5\n2 1 3\n")),
            "(0,0)=5 (0,1)=3 (1,0)=3 ");
  EXPECT_EQ(text_of(read("%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n2 1 3\n")), "(0,1)=-3 (1,0)=3 ");
}

TEST_F(MatrixMarketFile, arrays_go_down_the_columns) {
  EXPECT_EQ(text_of(read("%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n4\n")),
            "(0,0)=1 (0,1)=3 (1,0)=2 (1,1)=4 ");
  EXPECT_EQ(text_of(read("%%MatrixMarket matrix array integer symmetric\n2 2\n1\n2\n3\n")),
            "(0,0)=1 (0,1)=2 (1,0)=2 (1,1)=3 ");
  EXPECT_EQ(text_of(read("%%MatrixMarket matrix array real skew-symmetric\n3 3\n1\n2\n3\n")),
            "(0,1)=-1 (0,2)=-2 (1,0)=1 (1,2)=-3 (2,0)=2 (2,1)=3 ");
}

TEST_F(MatrixMarketFile, header_alone) {
  write("%%MatrixMarket matrix coordinate real symmetric\n% c\n40000 40000 9\n");
  const MatrixMarketHeader header = read_matrix_market_header(path_);
  EXPECT_EQ(header.rows, 40000u);
  EXPECT_EQ(header.stored, 9u);
  EXPECT_EQ(header.nonzeros_at_most(), 18u);
}

TEST_F(MatrixMarketFile, refuses_wrong_entries_by_line) {
  const std::string two = real_general + "% c\n3 4 2\n1 1 1\n";  // the next line is line 5
  EXPECT_EQ(refusal(two + "4 1 1\n"), "line 5: row 4 is outside 1..3; the file declares 3 rows");
  EXPECT_EQ(refusal(two + "0 1 1\n"), "line 5: row 0 is outside 1..3; the file declares 3 rows");
  EXPECT_EQ(refusal(two + "-1 1 1\n"), "line 5: row -1 is outside 1..3; the file declares 3 rows");
  EXPECT_EQ(refusal(two + "1 5 1\n"), "line 5: column 5 is outside 1..4; the file declares 4 columns");
  EXPECT_EQ(refusal(two + "1 4294967297 1\n"),
            "line 5: column 4294967297 is outside 1..4; the file declares 4 columns");
  EXPECT_EQ(refusal(two + "1 1 2\n"), "line 5: entry (1, 1) stands in line 4 already");
  EXPECT_EQ(refusal(two + "1 2 nan\n"), "line 5: the value is nan; a matrix holds finite numbers");
  EXPECT_EQ(refusal(two + "1 2 -inf\n"), "line 5: the value is -inf; a matrix holds finite numbers");
  EXPECT_EQ(refusal(two + "1 2 1e999\n"), "line 5: the value \"1e999\" is not a number of fp64");
  EXPECT_EQ(refusal(two + "1 2 two\n"), "line 5: the value \"two\" is not a number of fp64");
  EXPECT_EQ(refusal(two + "1 2\n"), "line 5: the value is missing");
  EXPECT_EQ(refusal(two + "1.5 2 1\n"), "line 5: row \"1.5\" is not a whole number");
  EXPECT_EQ(refusal(two + "1 2 3 4\n"), "line 5: unexpected \"4\" at the end of the line");
}

TEST_F(MatrixMarketFile, refuses_a_wrong_count) {
  EXPECT_EQ(refusal(real_general + "3 3 3\n1 1 1\n2 2 2\n"), "line 4: ends after 2 of the 3 entries that it declares");
  EXPECT_EQ(refusal(real_general + "3 3 1\n1 1 1\n2 2 2\n"), "line 4: a further entry; the file declares 1");
  EXPECT_EQ(refusal(real_general + "3 3 10\n"), "line 2: the number of entries 10 is outside 0..9");
  EXPECT_EQ(refusal("%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n"),
            "line 5: ends after 3 of the 4 entries that it declares");
  EXPECT_EQ(refusal(real_general + "30000 30000 800000000\n"),
            "line 2: ends after 0 of the 800000000 entries that it declares");  // and reserves no memory for them
}

TEST_F(MatrixMarketFile, refuses_wrong_headers) {
  const std::string alien = "line 1: does not start with \"%%MatrixMarket\"; is this a Matrix Market file?";
  EXPECT_EQ(refusal("1 1 1\n1 1 1\n"), alien);
  EXPECT_EQ(refusal(std::string("\x7f\x45LF\0\0", 6)), alien);
  EXPECT_EQ(refusal("%%MatrixMarket matrix coordinate real\n1 1 0\n"), "line 1: the symmetry is missing");
  EXPECT_EQ(refusal("%%MatrixMarket vector coordinate real general\n"), "line 1: holds a \"vector\", not a matrix");
  EXPECT_EQ(refusal("%%MatrixMarket matrix dense real general\n"),
            "line 1: format \"dense\" is neither coordinate nor array");
  EXPECT_EQ(refusal("%%MatrixMarket matrix coordinate quaternion general\n"),
            "line 1: values \"quaternion\" are none of real, integer, pattern");
  EXPECT_EQ(refusal("%%MatrixMarket matrix coordinate real diagonal\n"),
            "line 1: symmetry \"diagonal\" is none of general, symmetric, skew-symmetric");
  const std::string complex = "line 1: complex matrices are not supported; use real values";
  EXPECT_EQ(refusal("%%MatrixMarket matrix coordinate complex general\n1 1 1\n1 1 1 0\n"), complex);
  EXPECT_EQ(refusal("%%MatrixMarket matrix coordinate complex hermitian\n1 1 1\n1 1 1 0\n"), complex);
  EXPECT_EQ(refusal("%%MatrixMarket matrix array pattern general\n1 1\n"), "line 1: an array cannot be a pattern");
  EXPECT_EQ(refusal(real_general + "% only comments\n"), "line 2: ends before the line of sizes");
  EXPECT_EQ(refusal(real_general + "3 x 1\n"), "line 2: the number of columns \"x\" is not a whole number");
  EXPECT_EQ(refusal(real_general + "3 3\n"), "line 2: the number of entries is missing");
  EXPECT_EQ(refusal(real_general + "-3 3 1\n"), "line 2: the number of rows -3 is outside 0..2147483647");
}

TEST_F(MatrixMarketFile, refuses_what_contradicts_symmetry) {
  const std::string symmetric = "%%MatrixMarket matrix coordinate real symmetric\n";
  EXPECT_EQ(refusal(symmetric + "2 3 1\n1 1 1\n"), "line 2: a symmetric matrix is square, not 2 x 3");
  EXPECT_EQ(refusal(symmetric + "2 2 1\n1 2 1\n"), "line 3: entry (1, 2) is above the diagonal of a symmetric matrix");
  EXPECT_EQ(refusal(symmetric + "2 2 2\n2 1 1\n2 1 1\n"), "line 4: entry (2, 1) stands in line 3 already");
  EXPECT_EQ(refusal("%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n1 1 1\n"),
            "line 3: entry (1, 1) is on the diagonal of a skew-symmetric matrix");
}

TEST_F(MatrixMarketFile, refuses_what_cannot_be_read) {
  EXPECT_THROW(read_matrix_market(path_), Error);
  EXPECT_THROW(read_matrix_market(testing::TempDir()), Error);
  EXPECT_EQ(refusal(""), "line 0: does not start with \"%%MatrixMarket\"; is this a Matrix Market file?");
}

// y of the two formats against the entries themselves, on matrices of every shape of edge.
void expect_products(std::size_t rows, std::size_t columns, const std::vector<Entry>& entries) {
  std::vector<double> x(columns), expected(rows), y(rows, -1);
  for (std::size_t i = 0; i < columns; ++i) x[i] = static_cast<double>(i % 13) - 6;
  for (const Entry& e : entries)
    expected[static_cast<std::size_t>(e.row)] += e.value * x[static_cast<std::size_t>(e.column)];
  const Csr csr = csr_from_entries(rows, columns, entries);
  multiply(csr, x, y);
  EXPECT_EQ(y, expected) << "csr " << rows << " x " << columns;
  std::fill(y.begin(), y.end(), -1);
  const Strips strips = strips_from(csr);
  multiply(strips, x, y);
  EXPECT_EQ(y, expected) << "strips " << rows << " x " << columns;
  if (!entries.empty()) {
    EXPECT_DOUBLE_EQ(strips_fill(csr), static_cast<double>(strips.value.size()) / static_cast<double>(entries.size()));
  }
}

TEST(SparseFormats, agree_with_the_entries) {
  std::mt19937 random(3);
  for (const std::size_t rows : {1u, 7u, 8u, 9u, 64u, 101u})
    for (const std::size_t columns : {1u, 8u, 33u, 150u})
      for (const unsigned percent : {0u, 3u, 40u, 100u}) {
        std::vector<Entry> entries;
        for (std::size_t i = 0; i < rows * columns; ++i)
          if (random() % 100 < percent)
            entries.push_back({static_cast<std::int32_t>(i / columns), static_cast<std::int32_t>(i % columns),
                               static_cast<double>(random() % 17) - 8});
        expect_products(rows, columns, entries);
      }
}

TEST(SparseFormats, stencil27_is_hpcg) {
  const Csr a = stencil27(4);
  EXPECT_EQ(a.rows, 64u);
  EXPECT_EQ(a.nonzeros(), 1000u);  // (3 n - 2)^3
  double sum = 0;
  for (const double value : a.value) sum += value;
  EXPECT_EQ(sum, 64 * 26 - (1000 - 64));
  EXPECT_EQ(a.start[1], 8);  // a corner has 7 neighbours
  EXPECT_THROW(stencil27(0), Error);
  EXPECT_THROW(stencil27(1291), Error);
}

}  // namespace
}  // namespace tandem::kernels
