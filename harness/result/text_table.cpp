#include "harness/result/text_table.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

namespace tandem {

std::string painted(std::string_view text, Style style, bool colour) {
  if (!colour || style == Style::plain) return std::string(text);
  static constexpr int codes[] = {0, 1, 2, 32, 33, 31};
  return fmt::format("\x1b[{}m{}\x1b[0m", codes[static_cast<int>(style)], text);
}

std::string clipped(std::string_view text, std::size_t width) {
  if (text.size() <= width) return std::string(text);
  return width == 0 ? std::string() : std::string(text.substr(0, width - 1)) + '~';
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string lines;
  bool first = true;
  while (!text.empty()) {
    const std::size_t room = std::max<std::size_t>(first || width <= indent ? width : width - indent, 20);
    std::size_t end = text.size();
    if (end > room) {
      end = text.rfind(' ', room);
      if (end == std::string_view::npos || end == 0) end = std::min(text.find(' ', room), text.size());
    }
    if (!first) lines.append(indent, ' ');
    lines.append(text.substr(0, end));
    lines += '\n';
    text.remove_prefix(end);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    first = false;
  }
  return lines;
}

std::vector<std::size_t> TextTable::widths(std::size_t width) const {
  std::vector<std::size_t> columns;
  for (const auto& cells : rows_)
    for (std::size_t c = 0; c < cells.size() && !cells[c].span; ++c) {
      if (columns.size() <= c) columns.resize(c + 1);
      columns[c] = std::max(columns[c], cells[c].text.size());
    }
  const std::size_t gaps = columns.empty() ? 0 : 2 * (columns.size() - 1);
  while (std::accumulate(columns.begin(), columns.end(), gaps) > width) {
    const auto widest = std::max_element(columns.begin(), columns.end());
    if (*widest <= 6) break;
    --*widest;
  }
  return columns;
}

std::string TextTable::text(std::size_t width, bool colour) const {
  const std::vector<std::size_t> columns = widths(width);
  std::string lines;
  for (const auto& cells : rows_) {
    std::string line;
    std::size_t at = 0;  // visible characters so far
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const Cell& cell = cells[c];
      const std::size_t room = cell.span ? (width > at ? width - at : 0) : columns[c];
      const std::string shown = clipped(cell.text, room);
      const std::string pad(cell.span || c + 1 == cells.size() ? 0 : room - shown.size(), ' ');
      const std::string lead(cell.right && !cell.span ? room - shown.size() : 0, ' ');
      line += lead + painted(shown, cell.style, colour) + (cell.right ? "" : pad);
      if (cell.span) break;
      if (c + 1 < cells.size()) line += "  ";
      at += room + 2;
    }
    while (line.ends_with(' ')) line.pop_back();
    lines += line + '\n';
  }
  return lines;
}

}  // namespace tandem
