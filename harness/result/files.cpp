#include "harness/result/files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include <unistd.h>

#include "harness/base/check.hpp"
#include "harness/base/digest.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

constexpr const char* kManifest = "manifest-sha256.txt";

std::string link(const std::string& head, const Json& line) { return sha256(head + line.dump()); }

std::map<std::string, std::string> digests(const fs::path& directory) {
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_directory()) continue;
    const std::string name = entry.path().lexically_relative(directory).generic_string();
    if (name != kManifest) found[name] = sha256_file(entry.path());
  }
  return found;
}

std::string text_of(const std::map<std::string, std::string>& digests) {
  std::string manifest;
  for (const auto& [name, digest] : digests) manifest += digest + "  " + name + "\n";
  return manifest;
}

}  // namespace

void write_file(const fs::path& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  check(!file.fail(), "cannot write {}: {}", path.string(), std::strerror(errno));
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  check_usage(file.good() && !fs::is_directory(path), "cannot read {}: {}", path.string(),
              fs::exists(path) ? "not a readable file" : "it does not exist");
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

std::string seal_of(Json document) {
  document.erase("seal");
  return sha256(document.dump());
}

std::size_t json_nesting(std::string_view text) {
  std::size_t open = 0, deepest = 0;
  bool inside = false;  // of a string
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (inside && c == '\\') {
      ++i;
    } else if (c == '"') {
      inside = !inside;
    } else if (!inside && (c == '[' || c == '{')) {
      deepest = std::max(deepest, ++open);
    } else if (!inside && (c == ']' || c == '}') && open > 0) {
      --open;
    }
  }
  return deepest;
}

Json parse_json(std::string_view text, const std::string& source) {
  if (json_nesting(text) > kDeepestJson)
    throw Error(Exit::invalid,
                fmt::format("{} nests more than {} deep: not a document of Tandem", source, kDeepestJson));
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    throw Error(Exit::invalid, fmt::format("{} is not valid JSON: {}", source, error.what()));
  }
}

Json read_json(const fs::path& path) { return parse_json(read_file(path), path.string()); }

void append_durably(const fs::path& path, std::string_view content) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "ab"), std::fclose);
  const bool written = file != nullptr &&
                       std::fwrite(content.data(), 1, content.size(), file.get()) == content.size() &&
                       std::fflush(file.get()) == 0 && ::fsync(::fileno(file.get())) == 0;
  check(written, "cannot write {}: {}", path.string(), std::strerror(errno));
}

void sync_file(const fs::path& path) { append_durably(path, ""); }

LineWriter::LineWriter(const fs::path& path) : path_(path), file_(std::fopen(path.c_str(), "ab"), std::fclose) {
  check(file_ != nullptr, "cannot write {}: {}", path.string(), std::strerror(errno));
}

void LineWriter::write(const Json& line) {
  const std::string text = line.dump() + "\n";
  const bool whole = std::fwrite(text.data(), 1, text.size(), file_.get()) == text.size();
  check(whole && std::fflush(file_.get()) == 0, "cannot write {}: {}", path_.string(), std::strerror(errno));
}

void read_lines(const fs::path& path, const std::function<void(Json&&)>& use, bool allow_torn) {
  std::ifstream file(path);
  check(file.good(), "cannot read {}", path.string());
  std::string text;
  for (std::size_t number = 1; std::getline(file, text); ++number) {
    const bool torn = file.eof();  // no newline at its end
    const bool deep = json_nesting(text) > kDeepestJson;
    Json line = deep ? Json(Json::value_t::discarded) : Json::parse(text, nullptr, false);
    if (line.is_discarded() || torn) {
      if (allow_torn && (torn || file.peek() == EOF)) return;
      throw Error(Exit::invalid, fmt::format("{} line {} is damaged", path.string(), number));
    }
    use(std::move(line));
  }
}

Ledger::Ledger(const fs::path& path) : path_(path) {
  append_durably(path, "");
  for (const Json& line : read_ledger(path)) head_ = line.at("chain").get<std::string>();
}

void Ledger::write(Json line) {
  head_ = link(head_, line);
  line["chain"] = head_;
  append_durably(path_, line.dump() + "\n");
}

std::vector<Json> read_ledger(const fs::path& path) {
  std::vector<Json> lines;
  std::string head;
  read_lines(path, [&](Json&& line) {
    Json body = line;
    body.erase("chain");
    head = link(head, body);
    if (!line.contains("chain") || line["chain"] != head)
      throw Error(Exit::invalid,
                  fmt::format("{} line {}: the hash chain is broken: this line or the one before it was changed, "
                              "dropped or inserted",
                              path.string(), lines.size() + 1));
    lines.push_back(std::move(line));
  });
  return lines;
}

std::string write_manifest(const fs::path& directory) {
  const std::string manifest = text_of(digests(directory));
  write_file(directory / kManifest, manifest);
  return sha256(manifest);
}

std::vector<std::string> check_manifest(const fs::path& directory) {
  const fs::path path = directory / kManifest;
  check_usage(fs::exists(path),
              "{} has no {}: not a sealed result directory (an interrupted run goes on with "
              "tandem run --resume {})",
              directory.string(), kManifest, directory.string());
  std::map<std::string, std::string> listed;
  const std::string manifest = read_file(path);
  std::istringstream lines(manifest);
  for (std::string line; std::getline(lines, line);)
    if (line.size() > 66) listed[line.substr(66)] = line.substr(0, 64);
  const std::map<std::string, std::string> found = digests(directory);
  std::vector<std::string> problems;
  for (const auto& [name, digest] : listed) {
    const auto file = found.find(name);
    if (file == found.end())
      problems.push_back(name + ": missing");
    else if (file->second != digest)
      problems.push_back(name + ": changed (SHA-256 differs from the manifest)");
  }
  for (const auto& [name, digest] : found)
    if (!listed.contains(name)) problems.push_back(name + ": not in the manifest");
  if (problems.empty() && manifest != text_of(found)) problems.push_back(std::string(kManifest) + ": damaged");
  return problems;
}

}  // namespace tandem
