#include "harness/result/summary.hpp"

#include <algorithm>
#include <regex>
#include <sstream>

#include <fmt/format.h>

#include "harness/base/precision.hpp"
#include "harness/result/format.hpp"
#include "harness/result/summary_parts.hpp"

namespace tandem {
namespace {

// Of a library's own words ("OpenBLAS 0.3.21 NO_LAPACKE ..."), the first that looks like a version.
std::string short_version(const std::string& version) {
  std::istringstream words(version);
  for (std::string word; words >> word;)
    if (word.find('.') != std::string::npos && word.find_first_of("0123456789") != std::string::npos) return word;
  return version;
}

std::string machine(const Json& document, const Screen& screen) {
  const Json& host = document.at("machine");
  std::string line = fmt::format("tandem {}   {}, {} cores", text_or_empty(document.at("tandem"), "version"),
                                 text_or_empty(host, "cpu"), format_number(number_or(host, "cores", 0)));
  // Those that decide what the kernels can reach; the report has them all.
  const std::regex telling("avx2|avx512f|avx512_bf16|avx512_vnni|amx.*|sve.*|asimd|bf16|i8mm");
  for (const Json& extension : host.at("isa"))
    if (std::regex_match(extension.get<std::string>(), telling)) line.append(" ").append(extension.get<std::string>());
  const Json& libraries = host.at("libraries");
  const Json &blas = member(libraries, "blas"), &onednn = member(libraries, "onednn"), &mpi = member(libraries, "mpi");
  if (!blas.is_null())
    line += fmt::format("   {} {} ({})", text_or_empty(blas, "name"), short_version(text_or_empty(blas, "version")),
                        text_or_empty(blas, "core"));
  if (!onednn.is_null()) line += fmt::format("   oneDNN {}", text_or_empty(onednn, "version"));
  if (!mpi.is_null()) line += fmt::format("   {}", clipped(text_or_empty(mpi, "version"), 30));
  return wrapped(line, screen.width, 2);
}

std::string warnings(const Json& document, const Screen& screen) {
  std::string lines;
  for (const Json& warning : document.at("machine").at("warnings"))
    lines += painted("warning:", Style::warn, screen.colour) +
             wrapped(fmt::format("warning: {}", warning.get<std::string>()), screen.width, 9).substr(8);
  return lines;
}

// Items stay whole: a line breaks between two limits, never inside one.
std::string limits(const Json& document, const Screen& screen) {
  if (document.at("limits").empty()) return "limits   none measured: no share of a limit is known\n";
  std::string lines, line = "limits";
  for (const Json& limit : document.at("limits")) {
    std::string name = text_or_empty(limit, "name");
    std::replace(name.begin(), name.end(), '_', ' ');
    const std::string item =
        fmt::format("   {} {}", name, format_quantity(limit.at("value"), text_or_empty(limit, "unit")));
    if (line.size() + item.size() > screen.width) {
      lines += line + '\n';
      line = "      ";
    }
    line += item;
  }
  return lines + line + '\n';
}

std::string status(const Json& document, const Screen& screen) {
  constexpr std::size_t shown = 6;
  const Json& run = document.at("run");
  const std::string word = text_or_empty(run, "status");
  std::string why;
  std::size_t count = 0;
  for (const Json& reason : run.at("reasons")) {
    if (++count > shown) continue;
    const std::string where = text_or_empty(reason, "case");
    why += fmt::format("{}{}{}{}", count == 1 ? ": " : "; ", where, where.empty() ? "" : ": ",
                       text_or_empty(reason, "reason"));
  }
  if (count > shown) why += fmt::format("; and {} more", count - shown);
  const std::string lines = wrapped(fmt::format("status {}{}", word, why), screen.width, 7);
  return fmt::format("status {}{}", painted(word, status_style(word), screen.colour), lines.substr(7 + word.size()));
}

}  // namespace

std::string case_title(const Json& entry, const std::set<std::string>& without) {
  std::string title = text_or_empty(entry, "name");
  for (const auto& [key, value] : entry.at("settings").items()) {
    const std::string word = value.is_string() ? value.get<std::string>() : value.dump();
    if (word == "auto" || (key == "device" && word == "cpu") || without.contains(key)) continue;
    const bool keyed = word.size() < 2 || is_precision(key);  // which format is whose
    const bool number = !word.empty() && word.find_first_not_of("0123456789.kKMGT") == std::string::npos;
    title += number || keyed ? fmt::format(" {}={}", key, word) : fmt::format(" {}", word);
  }
  const double ranks = number_or(entry, "ranks", 1);
  if (ranks > 1) title += fmt::format(", {} ranks", format_number(ranks));
  return title;
}

Style status_style(std::string_view word) {
  if (word == "FAILED" || word == "INVALID") return Style::bad;
  return word.starts_with("VALID") ? Style::good : Style::warn;
}

bool has_no_figure(const Json& entry) {
  const std::string word = text_or_empty(entry, "status");
  return word == "INVALID" || word == "FAILED";
}

std::string summary(const Json& document, bool colour, int width) {
  const Screen screen{static_cast<std::size_t>(std::max(width, 60)), colour};
  std::string text = machine(document, screen) + warnings(document, screen) + limits(document, screen);
  if (!document.at("kernels").empty()) text.append("\n").append(kernels_summary(document.at("kernels"), screen));
  for (const Json& pipeline : document.at("pipelines"))
    if (!is_reduced(document, pipeline)) text.append("\n").append(pipeline_summary(pipeline, screen));
  for (const Json& balance : member(document, "precision_balance"))
    text.append("\n").append(precision_summary(balance, screen));
  for (const Json& sweep : member(document, "size_placements"))
    text.append("\n").append(wrapped(
        "simulating beside training over sizes, " + text_or_empty(sweep, "sweep") + ": " + text_or_empty(sweep, "text"),
        screen.width, 2));
  for (const Json& pairing : member(document, "pairings")) text.append("\n").append(pairing_summary(pairing, screen));
  if (const Json& map = member(document, "regime"); map.is_object())
    text.append("\n").append(regime_summary(map, screen));
  if (const std::string idle = idle_line(document.at("run")); !idle.empty())
    text.append("\n").append(wrapped(idle, screen.width, 2));
  return text.append("\n").append(status(document, screen));
}

}  // namespace tandem
