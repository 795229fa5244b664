// tandem report: the page of a result once more, from its document.
#include "harness/result/report.hpp"

#include "harness/result/files.hpp"
#include "harness/result/summary.hpp"
#include "harness/verbs/verbs.hpp"

namespace tandem {

Exit report(const std::filesystem::path& folder, const std::string& out) {
  check_usage(std::filesystem::is_directory(folder), "{} is not a directory", folder.string());
  const std::filesystem::path path = folder / "result.json";
  check_usage(std::filesystem::exists(path),
              "{} holds no result.json: the run did not end; go on with tandem run --resume {}", folder.string(),
              folder.string());
  const Json document = read_json(path);
  fmt::print("{}", summary(document, false, 100));
  if (out.empty()) {
    fmt::print("report: {}\n", (folder / "report.html").string());
    return Exit::ok;
  }
  write_file(out, html_report(document));
  fmt::print("report: {}\n", out);
  return Exit::ok;
}

}  // namespace tandem
