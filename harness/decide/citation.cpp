#include "harness/decide/citation.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>

#include <fmt/ranges.h>

#include "harness/result/format.hpp"
#include "harness/result/text_table.hpp"

namespace tandem {

std::string_view citation_file(std::string_view name);  // made by cmake/embed.cmake

namespace {

std::string program_text(const Json& program) {
  return fmt::format("tandem {}, commit {}{}, {}, {}", text_or_empty(program, "version"),
                     text_or_empty(program, "commit"), program.value("dirty", false) ? " with uncommitted changes" : "",
                     text_or_empty(program, "compiler"), text_or_empty(program, "flags"));
}

std::string machine_text(const Json& machine) {
  return fmt::format("{}, {} cores, {}{}, {}, {}; host {} (SHA-256)", text_or_empty(machine, "cpu"),
                     format_number(number_or(machine, "cores", 0)),
                     format_quantity(number_or(machine, "memory_bytes", 0), "B"),
                     machine.value("virtual", false) ? ", virtual" : "", text_or_empty(machine, "os"),
                     text_or_empty(machine, "kernel"), text_or_empty(machine, "host").substr(0, 12));
}

std::string libraries_text(const Json& machine) {
  std::vector<std::string> all;
  for (const auto& [key, library] : machine.at("libraries").items()) {
    if (!library.is_object()) continue;
    const std::string name = text_or_empty(library, "name"), core = text_or_empty(library, "core");
    const std::string version = text_or_empty(library, "version"), called = name.empty() ? key : name;
    all.push_back(fmt::format("{}{}{}", version.starts_with(called) ? "" : called + " ", version,
                              core.empty() ? "" : " (" + core + ")"));
  }
  return fmt::format("{}", fmt::join(all, "; "));
}

std::string environment_text(const Json& machine) {
  std::vector<std::string> all;
  for (const auto& [key, value] : member(machine, "environment").items())
    all.push_back(fmt::format("{}={}", key, value.is_string() ? value.get<std::string>() : value.dump()));
  return all.empty() ? "none that matters is set" : fmt::format("{}", fmt::join(all, " "));
}

// Of the launches of cases, in the plan's order.
std::string seeds_text(const Json& plan) {
  std::vector<std::string> seeds;
  for (const Json& job : plan.at("jobs")) {
    const std::string seed = job.at("seed").dump();
    if (job.value("kind", "") != "limits" && std::find(seeds.begin(), seeds.end(), seed) == seeds.end())
      seeds.push_back(seed);
  }
  constexpr std::size_t shown = 4;
  const std::size_t more = seeds.size() > shown ? seeds.size() - shown : 0;
  seeds.resize(seeds.size() - more);
  return fmt::format("{} in the configuration; of the launches {}{} (plan.json has all)", plan.at("seed").dump(),
                     fmt::join(seeds, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

std::string case_text(const Json& item) {
  std::string text =
      fmt::format("  {} ({} rank{} x {} thread{}", item.at("case").get<std::string>(), item.at("ranks").dump(),
                  item.at("ranks") == 1 ? "" : "s", item.at("threads").dump(), item.at("threads") == 1 ? "" : "s");
  if (const Json arms = item.value("arms", Json::array()); !arms.empty()) {
    std::vector<std::string> names;
    for (const Json& arm : arms) names.push_back(arm.get<std::string>());
    text += fmt::format("; arms {}", fmt::join(names, ", "));
  }
  return text + ")";
}

std::string field(const char* key, const std::string& value) {
  return value.empty() ? "" : fmt::format("  {} = {{{}}},\n", key, value);
}

std::string year_of(const Json& document) { return text_or_empty(document.at("run"), "started").substr(0, 4); }

}  // namespace

std::string citation_fact(std::string_view key) {
  std::istringstream lines{std::string(citation_file("CITATION.cff"))};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of(" -");
    if (begin == std::string::npos || !line.substr(begin).starts_with(std::string(key) + ":")) continue;
    if (begin > 0 && key != "name") continue;  // of a list
    std::string value = line.substr(begin + key.size() + 1);
    value.erase(0, value.find_first_not_of(" \""));
    value.erase(value.find_last_not_of(" \"") + 1);
    return value;
  }
  return "";
}

std::string citation_text(const Json& plan, const Json& document, const std::string& root, std::size_t width) {
  const Json &run = document.at("run"), &machine = document.at("machine");
  const std::string status = text_or_empty(run, "status");
  std::string text;
  const auto add = [&](const char* key, const std::string& value) {
    text += wrapped(fmt::format("{:<14}{}", key, value), width, 14);
  };
  add("program", program_text(document.at("tandem")));
  add("result", fmt::format("root {}", root));
  add("", fmt::format("config {}, class {}, {}, status {}", text_or_empty(run, "config"), text_or_empty(run, "class"),
                      text_or_empty(run, "started"), status));
  if (!status.starts_with("VALID"))
    add("", status == "INVALID" || status == "FAILED"
                ? "INVALID and FAILED cases have no figure that could be cited"
                : fmt::format("figures that are {} are quoted with that word and its reasons", status));
  add("machine", machine_text(machine));
  add("libraries", libraries_text(machine));
  add("environment", environment_text(machine));
  add("launches", fmt::format("{} of each case{}", plan.at("launches").dump(),
                              plan.contains("launches_most")
                                  ? fmt::format(", up to {} by the stop rule", plan.at("launches_most").dump())
                                  : ""));
  add("seeds", seeds_text(plan));
  add("cases", std::to_string(plan.at("cases").size()));
  for (const Json& item : plan.at("cases")) text += wrapped(case_text(item), width, 4);
  return text;
}

std::string bibtex(const Json& document, const std::string& root) {
  const Json &run = document.at("run"), &program = document.at("tandem");
  std::string version = text_or_empty(program, "version"), commit = text_or_empty(program, "commit");
  const std::string author = "{" + bibtex_escaped(citation_fact("name")) + "}";
  std::string key = "tandem-" + version;
  std::replace_if(
      key.begin(), key.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-'; }, '-');
  std::string text = fmt::format("@software{{{},\n", key);
  text += field("author", author) + field("title", "{" + bibtex_escaped(citation_fact("title")) + "}");
  text += field("version", bibtex_escaped(version)) + field("year", year_of(document));
  text +=
      field("note", bibtex_escaped(fmt::format("commit {}, licence {}", commit, citation_fact("license")))) + "}\n\n";
  text += fmt::format("@misc{{tandem-result-{},\n", root.substr(0, 12));
  text += field("title", "{" +
                             bibtex_escaped(fmt::format("Tandem result of {}, class {}",
                                                        text_or_empty(run, "started").substr(0, 10),
                                                        text_or_empty(run, "class"))) +
                             "}");
  text += field("year", year_of(document)) + field("howpublished", bibtex_escaped("measured with tandem " + version));
  text += field(
      "note", bibtex_escaped(fmt::format("root {}, config {}, status {}, on {}", root, text_or_empty(run, "config"),
                                         text_or_empty(run, "status"), text_or_empty(document.at("machine"), "cpu"))));
  return text + "}\n";
}

std::string bibtex_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
      case '%':
      case '$':
      case '#':
      case '_':
        escaped += {'\\', c};
        break;
      case '{':
        escaped += "\\textbraceleft{}";
        break;
      case '}':
        escaped += "\\textbraceright{}";
        break;
      case '~':
        escaped += "\\textasciitilde{}";
        break;
      case '^':
        escaped += "\\textasciicircum{}";
        break;
      case '\\':
        escaped += "\\textbackslash{}";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
  }
  return escaped;
}

}  // namespace tandem
