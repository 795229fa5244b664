// Aligned columns, wrapped sentences and colour for a terminal. Widths count characters of ASCII text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tandem {

enum class Style { plain, bold, dim, good, warn, bad };

std::string painted(std::string_view text, Style style, bool colour);  // ANSI escapes, or the text alone

// Cut to `width` characters, the last one a '~' where something was cut.
std::string clipped(std::string_view text, std::size_t width);

// Lines of at most `width` characters, broken at spaces, all but the first indented. Ends with a line feed.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent);

struct Cell {
  std::string text;
  Style style = Style::plain;
  bool right = false;  // alignment
  bool span = false;   // runs over all columns to its right; ignored when column widths are chosen
};

class TextTable {
 public:
  void row(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
  // Two blanks between columns. Columns are narrowed from the widest until a line fits.
  std::string text(std::size_t width, bool colour) const;

 private:
  std::vector<std::size_t> widths(std::size_t width) const;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace tandem
