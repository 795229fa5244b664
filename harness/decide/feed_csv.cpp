#include <fmt/format.h>

#include "harness/decide/csv.hpp"
#include "harness/decide/feeds.hpp"
#include "harness/result/format.hpp"

namespace tandem {
namespace {

std::string csv_number(const Json& value) {
  if (value.is_string()) return value.get<std::string>();  // "inf"
  return value.is_number() ? fmt::format("{}", value.get<double>()) : "";
}

}  // namespace

std::string feed_csv(const Json& document, const std::string& root) {
  const Json &run = document.at("run"), &program = document.at("tandem");
  std::string text = csv_record({"fom", "value", "unit", "ci95_low", "ci95_high", "launches", "samples", "status",
                                 "reason", "started", "class", "config", "root", "version", "commit", "cpu"});
  for (const Json& fom : document.at("foms")) {
    const Json& ci = fom.at("ci95");
    text += csv_record({text_or_empty(fom, "name"), csv_number(fom.at("value")), text_or_empty(fom, "unit"),
                        ci.is_array() ? csv_number(ci.at(0)) : "", ci.is_array() ? csv_number(ci.at(1)) : "",
                        csv_number(fom.at("launches")), csv_number(fom.at("samples")), text_or_empty(fom, "status"),
                        text_or_empty(fom, "reason"), text_or_empty(run, "started"), text_or_empty(run, "class"),
                        text_or_empty(run, "config"), root, text_or_empty(program, "version"),
                        text_or_empty(program, "commit"), text_or_empty(document.at("machine"), "cpu")});
  }
  return text;
}

}  // namespace tandem
