#include "harness/result/directory.hpp"

#include <fmt/format.h>

#include "harness/result/derive.hpp"
#include "harness/result/files.hpp"
#include "harness/result/report.hpp"
#include "harness/result/summary.hpp"

namespace tandem {

bool keeps_all(const Json& plan) { return plan.value("keep", "all") == "all"; }

std::string where_page_is(const std::filesystem::path& folder) {
  if (const auto page = folder / "report.html"; std::filesystem::exists(page)) return page.string();
  return fmt::format("not kept (keep = \"records\"); tandem report {} --out PAGE.html writes it", folder.string());
}

Sealed seal(const std::filesystem::path& folder) {
  std::vector<std::string> problems;
  const Records records = read_records(folder, problems);
  check(problems.empty(), "{}: {}", folder.string(), problems.empty() ? "" : problems.front());
  Sealed sealed;
  sealed.document = derive(records);
  write_file(folder / "result.json", sealed.document.dump(1) + "\n");
  write_file(folder / "timeline.json", chrome_trace(sealed.document).dump());
  if (keeps_all(records.plan)) write_file(folder / "report.html", html_report(sealed.document));
  write_file(folder / "stdout.log", summary(sealed.document, false, 100) + contract(sealed.document));
  sealed.root = write_manifest(folder);
  return sealed;
}

Exit exit_of_status(const std::string& status) {
  if (status == "FAILED") return Exit::failed;
  return status == "INVALID" ? Exit::invalid : Exit::ok;
}

Exit exit_of(const Json& document) {
  if (const Exit code = exit_of_status(document.at("run").at("status")); code != Exit::ok) return code;
  bool measured = false;
  for (const Json& pipeline : document.at("pipelines")) measured = measured || pipeline.at("status") != "SKIPPED";
  if (const Json& map = document.at("regime"); map.is_object())
    for (const Json& point : map.at("points")) measured = measured || point.at("skipped").is_null();
  for (const Json& kernel : document.at("kernels")) measured = measured || kernel.at("skipped").is_null();
  for (const Json& pairing : document.at("pairings")) measured = measured || pairing.at("skipped").is_null();
  return measured ? Exit::ok : Exit::skipped;
}

}  // namespace tandem
