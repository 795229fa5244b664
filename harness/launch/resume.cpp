#include "harness/launch/resume.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace tandem {
namespace {

std::string shown(const Json* value) {
  if (value == nullptr || value->is_null()) return "unknown";
  std::string text = value->is_string() ? value->get<std::string>() : value->dump();
  if (text.size() > 80) text = text.substr(0, 77) + "...";
  return text.empty() ? "none" : text;
}

const Json* at(const Json& document, const std::string& path) {
  const Json::json_pointer pointer(path);
  return document.contains(pointer) ? &document.at(pointer) : nullptr;
}

}  // namespace

std::vector<std::string> changes_since(const Json& then, const Json& now) {
  // The digest comes last: where version or commit differ, they say it better.
  static const std::vector<std::pair<std::string, std::vector<std::string>>> kSame = {
      {"program", {"/tandem/version", "/tandem/commit", "/tandem/dirty", "/tandem/flags", "/tandem/program"}},
      {"host", {"/host"}},
      {"cpu", {"/cpu"}},
      {"cores", {"/cores"}},
      {"allowed cores", {"/cores_allowed"}},
      {"BLAS", {"/libraries/blas/name", "/libraries/blas/version", "/libraries/blas/core", "/libraries/blas/file"}},
      {"oneDNN", {"/libraries/onednn/version", "/libraries/onednn/isa"}},
      {"MPI", {"/libraries/mpi/version"}}};
  std::vector<std::string> changes;
  for (const auto& [what, paths] : kSame)
    for (const std::string& path : paths) {
      const Json *old = at(then, path), *own = at(now, path);
      if (old == own || (old != nullptr && own != nullptr && *old == *own)) continue;
      changes.push_back(
          fmt::format("{}: {} was {}, is {}", what, path.substr(path.rfind('/') + 1), shown(old), shown(own)));
      break;
    }
  return changes;
}

Past past_of(const std::vector<Json>& ledger) {
  Past past;
  double begin = 0;
  for (const Json& line : ledger) {
    const std::string kind = line.at("record");
    if (kind == "plan") past.plan = line.at("sha256");
    if (kind == "part") {
      past.open = line;
      begin = line.at("begin");
      past.end = std::max(past.end, begin);
    }
    if (kind == "launch") {
      past.done.push_back(line.at("id"));
      past.end = std::max(past.end, line.at("begin").get<double>() + line.at("seconds").get<double>());
    }
    if (kind == "run") {
      past.end = std::max(past.end, begin + line.at("seconds").get<double>());
      past.open = nullptr;
    }
  }
  return past;
}

}  // namespace tandem
