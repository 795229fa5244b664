#include "harness/decide/acceptance_spec.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/check.hpp"
#include "harness/base/digest.hpp"
#include "harness/base/table.hpp"
#include "harness/result/files.hpp"

namespace tandem {
namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& message) {
  throw Error(Exit::usage, fmt::format("{}: {}", where, message));
}

// A text that must be there, on one line: it is printed, and signed, as it stands.
std::string needed(const Table& table, const std::string& key, const std::string& what,
                   const std::vector<std::string>& allowed = {}) {
  if (table.find(key) == nullptr)
    table.fail(table.raw().source(),
               fmt::format("{} lacks \"{}\"{}", what, key,
                           allowed.empty() ? "" : fmt::format("; it is one of \"{}\"", fmt::join(allowed, "\", \""))));
  std::string text = table.text(key, "", allowed);
  if (text.empty()) table.fail(table.find(key)->source(), fmt::format("\"{}\" is empty", key));
  return text;
}

void check_one_line(const Table& table, const std::string& key, std::string_view text) {
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }))
    table.fail(table.find(key)->source(), fmt::format("\"{}\" must be one line of text", key));
}

std::string line_of_text(const Table& table, const std::string& key) {
  std::string text = table.text(key, "", {});
  check_one_line(table, key, text);
  return text;
}

void read_required(const Table& table, AcceptanceSpec& spec) {
  table.fail_unknown({"status", "class", "launches", "energy_scope", "configuration", "revalidation"});
  spec.status = needed(table, "status", "[required]", {"VALID-CLOSED", "VALID-OPEN", "UNOFFICIAL"});
  spec.run_class = needed(table, "class", "[required]", kClasses);
  spec.launches = static_cast<std::size_t>(table.integer("launches", 1, 1));
  spec.energy_scope = table.text("energy_scope", "", {"system", "node", "platform", "package"});
  spec.configuration = table.text("configuration", "", {});
  std::transform(spec.configuration.begin(), spec.configuration.end(), spec.configuration.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool digits = spec.configuration.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (table.find("configuration") != nullptr &&
      (!digits || spec.configuration.size() < 12 || spec.configuration.size() > 64))
    table.fail(
        table.find("configuration")->source(),
        "\"configuration\" must be 12 to 64 hexadecimal digits: the config that tandem run CONFIG --dry-run tells");
  spec.revalidation = table.text("revalidation", "required", {"required", "not required"}) == "required";
}

Criterion read_criterion(const Table& table) {
  const std::string what = "[[criterion]]";
  table.fail_unknown({"fom", "direction", "target", "unit", "tolerance", "kind", "proof"});
  Criterion criterion;
  criterion.where = fmt::format("{}:{}", table.source(), table.raw().source().begin.line);
  criterion.fom = needed(table, "fom", what);
  check_one_line(table, "fom", criterion.fom);
  criterion.at_least = needed(table, "direction", what, {"at least", "at most"}) == "at least";
  criterion.target = table.positive("target");
  criterion.unit = needed(table, "unit", what);
  check_one_line(table, "unit", criterion.unit);
  if (table.find("tolerance") != nullptr) criterion.tolerance = table.positive("tolerance");
  if (criterion.tolerance >= 1)
    table.fail(table.find("tolerance")->source(), "\"tolerance\" is a fraction of the target, below 1: 0.02 for 2 %");
  criterion.hard = needed(table, "kind", what, {"hard", "soft"}) == "hard";
  criterion.proof_pass = needed(table, "proof", what, {"pass", "fail"}) == "pass";
  for (const char* word : {"energy_modelled", "projected"})
    if (criterion.fom.find(word) != std::string::npos)
      refuse(criterion.where, fmt::format("\"{}\" is not measured: no criterion can rest on it", criterion.fom));
  if (criterion.fom.starts_with("limit."))
    refuse(criterion.where, fmt::format("\"{}\" is a limit of the machine, measured once and without an interval; name "
                                        "a kernel, e.g. kernel.memory.triad",
                                        criterion.fom));
  return criterion;
}

void check_together(const AcceptanceSpec& spec) {
  if (spec.criteria.empty()) refuse(spec.source, "there is no [[criterion]]: a result would be accepted for nothing");
  if (std::none_of(spec.criteria.begin(), spec.criteria.end(), [](const Criterion& one) { return one.hard; }))
    refuse(spec.source, "every criterion is soft: none could reject a result; make one kind = \"hard\"");
  for (const Criterion& b : spec.criteria) {
    if (is_energy(b) && spec.energy_scope.empty())
      refuse(
          b.where,
          fmt::format("\"{}\" needs energy_scope in [required]: joules of different scopes are not comparable", b.fom));
    for (const Criterion* a = spec.criteria.data(); a != &b; ++a) {
      if (a->fom != b.fom) continue;
      if (a->at_least == b.at_least && a->hard == b.hard)
        refuse(b.where, fmt::format("\"{}\" has a {} criterion \"{}\" already, at {}", b.fom, b.hard ? "hard" : "soft",
                                    b.direction(), a->where));
      const double least = a->at_least ? a->limit() : b.limit(), most = a->at_least ? b.limit() : a->limit();
      if (a->at_least != b.at_least && least > most)
        refuse(b.where,
               fmt::format("\"{}\": at least {:g} and at most {:g} contradict each other (the other stands at {})",
                           b.fom, least, most, a->where));
    }
  }
}

toml::table parsed(const std::string& text, const std::string& source) {
  try {
    return toml::parse(text, source);
  } catch (const toml::parse_error& error) {
    throw Error(Exit::usage, fmt::format("{}:{}: {}", source, error.source().begin.line, error.description()));
  }
}

}  // namespace

bool is_energy(const Criterion& criterion) {
  return criterion.unit == "J" || criterion.unit == "1/kWh" || criterion.fom.find("energy") != std::string::npos;
}

AcceptanceSpec parse_acceptance(const std::string& text, const std::string& source) {
  const toml::table document = parsed(text, source);
  const Table root(document, source, "the acceptance specification");
  root.fail_unknown({"lot", "buyer", "vendor", "required", "criterion"});
  AcceptanceSpec spec;
  spec.source = source;
  spec.text = text;
  spec.digest = sha256(text);
  spec.lot = needed(root, "lot", source);
  for (const auto& [key, value] : {std::pair{"lot", &spec.lot}, {"buyer", &spec.buyer}, {"vendor", &spec.vendor}})
    *value = line_of_text(root, key);
  const toml::node* required = root.find("required");
  if (required == nullptr || !required->is_table())
    root.fail(required == nullptr ? document.source() : required->source(),
              "write [required], one table: which status, class and launches a result must have");
  read_required(Table(*required->as_table(), source, "[required]"), spec);
  if (const toml::node* criteria = root.find("criterion")) {
    const bool array = criteria->is_array_of_tables();
    if (!array) root.fail(criteria->source(), "write [[criterion]], one table a criterion");
    for (const toml::node& one : *criteria->as_array())
      spec.criteria.push_back(read_criterion(Table(*one.as_table(), source, "[[criterion]]")));
  }
  check_together(spec);
  return spec;
}

AcceptanceSpec read_acceptance(const std::filesystem::path& path) {
  return parse_acceptance(read_file(path), path.string());
}

}  // namespace tandem
