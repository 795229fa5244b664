// tandem export: a sealed result in the formats that other tools read.
#include <map>
#include <memory>

#include <CLI/CLI.hpp>

#include "harness/decide/feeds.hpp"
#include "harness/result/files.hpp"
#include "harness/verbs/verbs.hpp"
#include "harness/verbs/verified.hpp"

namespace tandem {
namespace {

using Feed = std::string (*)(const Json&, const std::string&);
const std::map<std::string, Feed> feeds = {
    {"gbench", feed_gbench}, {"junit", feed_junit}, {"openmetrics", feed_openmetrics}, {"csv", feed_csv}};

Exit export_result(const std::string& folder, const std::string& format, const std::string& out) {
  const VerifiedResult result = open_verified(folder);
  const std::string text = feeds.at(format)(result.document, result.root);
  if (out.empty()) {
    fmt::print("{}", text);
    return Exit::ok;
  }
  write_file(out, text);
  fmt::print("{}: {}, root {}\n", format, out, result.root.substr(0, 12));
  return Exit::ok;
}

}  // namespace

void add_export(CLI::App& app, Perform& perform) {
  CLI::App* verb =
      app.add_subcommand("export", "Writes a result as Google-Benchmark JSON, JUnit XML, OpenMetrics or CSV");
  const auto folder = std::make_shared<std::string>(), format = std::make_shared<std::string>(),
             out = std::make_shared<std::string>();
  verb->add_option("DIR", *folder, "A result directory; its seal is checked first")->required();
  verb->add_option("--format", *format, "gbench, junit, openmetrics or csv")
      ->required()
      ->check(CLI::IsMember({"gbench", "junit", "openmetrics", "csv"}));
  verb->add_option("--out", *out, "The file; default: standard output");
  verb->footer(
      "A case that is INVALID, FAILED or was skipped has no figure in any of them (docs/feeds.md).\nexamples:\n  "
      "tandem export "
      "results/2026-01-31-quick --format junit --out tandem.xml\n  tandem export results/2026-01-31-quick --format "
      "openmetrics >/var/lib/node_exporter/tandem.prom\nexit codes: 0 written, whatever the result's status; 3 the "
      "directory was changed");
  verb->callback([=, &perform] { perform = [=] { return export_result(*folder, *format, *out); }; });
}

}  // namespace tandem
