// A page as a headless browser builds it, and what happens when a reader uses it.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "harness/base/json.hpp"
#include "tests/browser_probe.hpp"

namespace tandem {

inline bool has_browser() { return std::system("command -v chromium >/dev/null 2>&1") == 0; }

// What one start of the browser leaves: the exit status, the page, what it logged.
struct Browsed {
  int status = -1;
  std::string out, log;
  std::string printed;  // the PDF, where asked for
};

inline Browsed browse(const std::string& html, const std::string& what = "--dump-dom") {
  namespace fs = std::filesystem;
  static int count = 0;
  const fs::path folder =
      fs::temp_directory_path() / ("tandem-page-" + std::to_string(::getpid()) + "-" + std::to_string(count++));
  fs::create_directories(folder);
  std::ofstream(folder / "page.html") << html;
  Browsed browsed;
  browsed.status =
      std::system(("cd " + folder.string() +
                   " && timeout 120 chromium --headless --no-sandbox --disable-gpu --enable-logging=stderr "
                   "--virtual-time-budget=20000 --user-data-dir=profile " +
                   what + " \"file://$PWD/page.html\" 2>log >out")
                      .c_str());
  const auto read = [&](const char* name) {
    std::ostringstream text;
    text << std::ifstream(folder / name, std::ios::binary).rdbuf();
    return text.str();
  };
  browsed.out = read("out");
  browsed.log = read("log");
  browsed.printed = read("page.pdf");
  fs::remove_all(folder);
  return browsed;
}

// The notes of the probe; null where it did not run to its end.
inline Json probed(const std::string& dom) {
  const std::string open = "<pre id=\"probe\">";
  const std::size_t begin = dom.find(open), end = dom.find("</pre>", begin);
  if (begin == std::string::npos || end == std::string::npos) return nullptr;
  std::string text = dom.substr(begin + open.size(), end - begin - open.size());
  for (const auto& [escaped, plain] : {std::pair{"&lt;", "<"}, {"&gt;", ">"}, {"&nbsp;", " "}, {"&amp;", "&"}})
    for (std::size_t at = 0; (at = text.find(escaped, at)) != std::string::npos; ++at)
      text.replace(at, std::string(escaped).size(), plain);
  return Json::parse(text, nullptr, false);
}

inline std::string with_probe(std::string html) {
  html.insert(html.find("<head>") + 6, kProbeBegin);
  return html.insert(html.rfind("</body>"), kProbeEnd);
}

struct UsedPage {
  std::string main;  // the page's main part, after it was used
  Json notes;        // tests/browser_probe.hpp
};

// Fails on console errors, where the page did not draw itself, where a table does not sort, a chart has no tooltip, a
// link leads nowhere, or anything is asked of the network. Nothing where there is no browser.
inline UsedPage used_page(const std::string& html) {
  if (!has_browser()) return {};
  const Browsed browsed = browse(with_probe(html));
  EXPECT_EQ(browsed.status, 0) << browsed.log;
  EXPECT_EQ(browsed.log.find("CONSOLE"), std::string::npos) << browsed.log;
  const std::string& page = browsed.out;
  const std::string root = page.substr(0, page.find("<head>"));
  for (const char* mark : {"data-errors=\"0\"", "data-rendered=\"true\""})
    EXPECT_NE(root.find(mark), std::string::npos) << root;
  const Json notes = probed(page);
  if (!notes.is_object()) {
    ADD_FAILURE() << "the probe did not end: " << page.substr(page.size() - std::min<std::size_t>(page.size(), 500));
    return {"", {{"heads", 0}, {"charts", 0}, {"tooltips", Json::array()}, {"records", Json::array()}}};
  }
  for (const char* fault : {"unsorted", "silent", "requests", "broken"})
    EXPECT_EQ(notes.at(fault), Json::array()) << fault;
  const std::size_t begin = page.find("<main"), end = page.find("</main>");
  return {begin < end && end != std::string::npos ? page.substr(begin, end - begin) : "nothing was drawn", notes};
}
inline std::string rendered_page(const std::string& html) { return used_page(html).main; }

// On how many pages of paper it prints; 0 where it did not.
inline int printed_pages(const std::string& html) {
  const std::string pdf = browse(html, "--no-pdf-header-footer --print-to-pdf=page.pdf").printed;
  int pages = 0;
  for (std::size_t at = 0; (at = pdf.find("/Type /Page\n", at)) != std::string::npos; ++at) ++pages;
  return pages;
}

}  // namespace tandem
