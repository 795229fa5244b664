// One TOML table with the place it stands at: every refusal names file, line and the nearest known word (exit code 2).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <toml++/toml.h>

namespace tandem {

// The known word that takes the fewest changes to become this one; `known` is not empty.
const std::string& closest(const std::string& word, const std::vector<std::string>& known);

class Table {
 public:
  // `what` is this table in messages: "[[kernel]] dense/gemm".
  Table(const toml::table& table, std::string source, std::string what)
      : table_(table), source_(std::move(source)), what_(std::move(what)) {}

  [[noreturn]] void fail(const toml::source_region& at, const std::string& message) const;
  void fail_unknown(const std::vector<std::string>& known) const;
  const toml::node* find(const std::string& key) const { return table_.get(key); }

  // A value or a list of them, as text; none where the key is missing.
  std::vector<std::string> texts(const std::string& key) const;
  // One value; `allowed` empty: any.
  std::string text(const std::string& key, const std::string& fallback, const std::vector<std::string>& allowed) const;
  void one_of(const std::string& key, const std::string& value, const std::vector<std::string>& allowed) const;
  // Values of a key, each known and there once; `fallback` where the key is missing.
  std::vector<std::string> choices(const std::string& key, const std::vector<std::string>& known,
                                   const std::vector<std::string>& fallback) const;
  std::int64_t integer(const std::string& key, std::int64_t fallback, std::int64_t least) const;
  double positive(const std::string& key) const;  // or 0; it must be there

  const toml::table& raw() const { return table_; }
  const std::string& source() const { return source_; }

 private:
  std::string scalar(const std::string& key, const toml::node& node) const;
  const toml::table& table_;
  std::string source_, what_;
};

}  // namespace tandem
