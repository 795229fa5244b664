// A JSON document as one self-contained HTML page: it loads nothing, reads without colour, and prints on A4. The page
// draws itself from the embedded document by the scripts under harness/result/report; without scripts its text shows.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/json.hpp"

namespace tandem {

struct PageContent {
  std::string title;
  // Run one after another in one scope, after base.js, format.js, table.js, charts.js and links.js, before the charts
  // are drawn; `result` is the document there. Each must be listed in harness/CMakeLists.txt.
  std::vector<std::string> scripts;
  Json document;
  std::string text;  // the same as plain text
  // Of each result that the page is made of, its directory, as the page sees it ("" = beside it): links to records.
  std::vector<std::string> records;
};
std::string page(const PageContent& content);

// A directory as a page that is written to `page` sees it: "../out/", "" where the page lies in it.
std::string records_beside(const std::filesystem::path& folder, const std::filesystem::path& page);

}  // namespace tandem
