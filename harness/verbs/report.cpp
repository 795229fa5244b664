// tandem report: the page of a result once more, from its document.
#include "harness/result/report.hpp"

#include <CLI/CLI.hpp>

#include "harness/result/directory.hpp"
#include "harness/result/files.hpp"
#include "harness/result/page.hpp"
#include "harness/result/summary.hpp"
#include "harness/verbs/verbs.hpp"

namespace tandem {
namespace {

Exit report(const std::filesystem::path& folder, const std::string& out) {
  check_usage(std::filesystem::is_directory(folder), "{} is not a directory", folder.string());
  const std::filesystem::path path = folder / "result.json";
  check_usage(std::filesystem::exists(path),
              "{} holds no result.json: the run did not end; go on with tandem run --resume {}", folder.string(),
              folder.string());
  const Json document = read_json(path);
  std::string text, page;
  try {
    text = summary(document, false, 100);
    if (!out.empty()) page = html_report(document, records_beside(folder, out));
  } catch (const std::exception& error) {  // of a library: a key that is missing, a number where a text belongs
    throw Error(Exit::invalid, fmt::format("{} does not hold what it should ({}); tandem verify {} tells more",
                                           path.string(), error.what(), folder.string()));
  }
  fmt::print("{}", text);
  if (out.empty()) {
    fmt::print("report: {}\n", where_page_is(folder));
    return Exit::ok;
  }
  write_file(out, page);
  fmt::print("report: {}\n", out);
  return Exit::ok;
}

}  // namespace

void add_report(CLI::App& app, Perform& perform) {
  CLI::App* verb = app.add_subcommand("report", "Prints a result's summary; writes its page elsewhere with --out");
  const auto folder = std::make_shared<std::string>(), out = std::make_shared<std::string>();
  verb->add_option("DIR", *folder, "A result directory")->required();
  verb->add_option("--out", *out,
                   "Where to write the page; default: it is in the directory already, unless keep = \"records\"");
  verb->footer("example: tandem report results/2026-01-31-quick --out /tmp/page.html");
  verb->callback([folder, out, &perform] { perform = [folder, out] { return report(*folder, *out); }; });
}

}  // namespace tandem
