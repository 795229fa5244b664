#include "harness/result/repair.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "harness/base/check.hpp"
#include "harness/base/digest.hpp"
#include "harness/result/files.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

// Lines of each launch in one file, as their digest in the ledger counts them.
using LinesOfLaunch = std::map<std::string, std::string>;

// Cuts a last line that has no end or, in a file of JSON lines, does not parse.
bool cut_torn_line(const fs::path& path) {
  if (!fs::exists(path)) return false;
  const std::string text = read_file(path);
  if (text.empty()) return false;
  const bool ended = text.back() == '\n';
  const std::string_view lines = std::string_view(text).substr(0, text.size() - (ended ? 1 : 0));
  const std::size_t begin = lines.rfind('\n') + 1;  // npos + 1 = 0: it is the first line
  const bool json = path.extension() == ".jsonl";
  if (ended && (!json || Json::accept(lines.substr(begin)))) return false;
  fs::resize_file(path, begin);
  return true;
}

void keep_first_lines(const fs::path& path, std::size_t count) {
  const std::string text = read_file(path);
  std::size_t end = 0;
  for (std::size_t i = 0; i < count; ++i) end = text.find('\n', end) + 1;
  fs::resize_file(path, end);
}

LinesOfLaunch lines_of_launches(const fs::path& path) {
  LinesOfLaunch lines;
  if (fs::exists(path))
    read_lines(path, [&](Json&& line) { lines[line.at("launch").get<std::string>()] += line.dump() + "\n"; });
  return lines;
}

// The files whose lines of this launch are not those that its ledger line was written for.
std::vector<std::string> files_not_whole(const Json& launch, std::map<std::string, LinesOfLaunch>& found) {
  std::vector<std::string> files;
  for (const auto& [file, digest] : launch.at("files").items())
    if (digest != sha256(found[file][launch.at("id")])) files.push_back(file);
  return files;
}

void drop_lines_of_others(const fs::path& path, const std::set<std::string>& launches) {
  if (!fs::exists(path)) return;
  std::string kept;
  bool dropped = false;
  read_lines(path, [&](Json&& line) {
    const bool known = launches.contains(line.at("launch").get<std::string>());
    dropped = dropped || !known;
    if (known) kept += line.dump() + "\n";
  });
  if (dropped) write_file(path, kept);
}

}  // namespace

const std::vector<std::string>& record_files() {
  static const std::vector<std::string> files = {"samples.jsonl", "holdout.jsonl", "answers.jsonl", "pictures.jsonl"};
  return files;
}

std::vector<std::string> repair(const fs::path& folder) {
  std::vector<std::string> dropped;
  std::vector<std::string> names = record_files();
  names.insert(names.begin(), {"ledger.jsonl", "power.csv"});
  for (const std::string& name : names)
    if (cut_torn_line(folder / name)) dropped.push_back("the torn last line of " + name);

  const fs::path ledger = folder / "ledger.jsonl";
  std::map<std::string, LinesOfLaunch> found;
  for (const std::string& name : record_files()) found[name] = lines_of_launches(folder / name);
  const std::vector<Json> lines = read_ledger(ledger);
  const auto last =
      std::find_if(lines.rbegin(), lines.rend(), [](const Json& l) { return l.at("record") == "launch"; });
  std::set<std::string> whole;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].at("record") != "launch") continue;
    const std::string id = lines[i].at("id");
    const auto damaged = files_not_whole(lines[i], found);
    if (damaged.empty()) {
      whole.insert(id);
      continue;
    }
    if (&lines[i] != &*last)
      throw Error(Exit::invalid, fmt::format("{}: the lines of launch {} are not those that were measured, and later "
                                             "launches follow: no power cut does that; start anew with --out",
                                             (folder / damaged.front()).string(), id));
    dropped.push_back(
        fmt::format("launch {}, whose lines in {} were not whole: it is measured again", id, fmt::join(damaged, ", ")));
    keep_first_lines(ledger, i);
  }
  for (const std::string& name : record_files()) drop_lines_of_others(folder / name, whole);
  return dropped;
}

}  // namespace tandem
