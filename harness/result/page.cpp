#include "harness/result/page.hpp"

#include <map>
#include <string_view>

#include "harness/base/check.hpp"

namespace tandem {

std::string_view report_asset(std::string_view name);  // written at build time by cmake/embed.cmake

namespace {

std::string_view asset(std::string_view name) {
  const std::string_view text = report_asset(name);
  check(!text.empty(), "the report's part {} is not in this build", name);
  return text;
}

// A distribution may call Chart.js's file chart.min.js or chart.umd.js: CMake says which it found.
std::string_view chart_js() { return asset(TANDEM_CHART_JS); }

std::string escaped_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
  }
  return out;
}

// Inside a script element only "<" can end it ("</script>") or open a comment ("<!--"); JSON may spell it \u003c.
std::string escaped_json(const Json& document) {
  std::string out;
  for (const char c : document.dump(-1, ' ', false, Json::error_handler_t::replace)) {
    if (c == '<')
      out += "\\u003c";
    else
      out += c;
  }
  return out;
}

// Replaces each {{name}} once, in one pass: what is filled in is never searched again.
std::string filled(std::string_view page, const std::map<std::string, std::string, std::less<>>& parts) {
  std::string out;
  while (true) {
    const std::size_t open = page.find("{{");
    out += page.substr(0, open);
    if (open == std::string_view::npos) return out;
    const std::size_t close = page.find("}}", open);
    check(close != std::string_view::npos, "the report's page has an open {{{{");
    const auto part = parts.find(page.substr(open + 2, close - open - 2));
    check(part != parts.end(), "the report's page asks for an unknown part {}", page.substr(open, close + 2 - open));
    out += part->second;
    page.remove_prefix(close + 2);
  }
}

}  // namespace

std::string page(const PageContent& content) {
  std::string script;
  for (const char* name : {"base.js", "format.js", "table.js", "charts.js", "links.js"}) script += asset(name);
  for (const std::string& name : content.scripts) script += asset(name);
  return filled(asset("page.html"), {{"title", escaped_html(content.title)},
                                     {"style", std::string(asset("style.css"))},
                                     {"chart", std::string(chart_js())},
                                     {"script", script},
                                     {"summary", escaped_html(content.text)},
                                     {"document", escaped_json(content.document)},
                                     {"records", escaped_json(content.records)}});
}

std::string records_beside(const std::filesystem::path& folder, const std::filesystem::path& page) {
  namespace fs = std::filesystem;
  const fs::path from = fs::weakly_canonical(fs::absolute(page)).parent_path();
  const std::string path = fs::weakly_canonical(fs::absolute(folder)).lexically_relative(from).generic_string();
  return path == "." ? "" : path + "/";
}

}  // namespace tandem
