// Files of a result directory: checked writes (a full disk is an error, not a short file), JSON lines, and the
// hash chain of the ledger: each line carries "chain" = SHA-256(chain of the line before | this line without it),
// so that a changed, dropped or inserted line breaks every later link.
#pragma once

#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/json.hpp"

namespace tandem {

void write_file(const std::filesystem::path& path, std::string_view content);  // whole, replacing; throws
std::string read_file(const std::filesystem::path& path);                      // throws if unreadable
Json read_json(const std::filesystem::path& path);                             // names file and place of an error

// The seal of a document that is handed on by itself: the SHA-256 of what it says without its key "seal".
std::string seal_of(Json document);

// Documents nest some ten deep here. Writing one recurses, and so a text that was made to nest deeper than this is
// refused before it is parsed.
inline constexpr std::size_t kDeepestJson = 200;
std::size_t json_nesting(std::string_view text);  // brackets that are open at once, those in strings left out
Json parse_json(std::string_view text, const std::string& source);  // errors (INVALID) name `source` and the place

// Appends and waits until it is on the disk: what is written after it is never there without it, whatever is cut off.
void append_durably(const std::filesystem::path& path, std::string_view content);
void sync_file(const std::filesystem::path& path);  // waits until what others wrote into it is on the disk

// Appends JSON lines, each flushed, so that nothing is lost when a run is interrupted.
class LineWriter {
 public:
  explicit LineWriter(const std::filesystem::path& path);
  void write(const Json& line);

 private:
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

// Calls `use` for each line; a torn last line (an interrupted writer) is left out when `allow_torn`.
void read_lines(const std::filesystem::path& path, const std::function<void(Json&&)>& use, bool allow_torn = false);

// The ledger: chained lines, each on the disk before the next thing happens.
class Ledger {
 public:
  explicit Ledger(const std::filesystem::path& path);  // continues the chain of an existing file
  void write(Json line);
  const std::string& head() const { return head_; }

 private:
  std::filesystem::path path_;
  std::string head_;
};

// Reads the ledger and checks every link; throws Error(Exit::invalid) naming the first broken line.
std::vector<Json> read_ledger(const std::filesystem::path& path);

// manifest-sha256.txt: "<digest>  <relative path>" for every file of the directory but itself, sorted.
// Returns the root: the SHA-256 of the manifest.
std::string write_manifest(const std::filesystem::path& directory);
// Every difference between the manifest and the directory: changed, missing and extra files. Empty = intact.
std::vector<std::string> check_manifest(const std::filesystem::path& directory);

}  // namespace tandem
