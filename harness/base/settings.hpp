// Settings of a case: key=value pairs in the order of the registry, values as text.
// They make the case's name: "dense/gemm/n=4096/precision=fp64".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem {

// One setting that a kernel or pipeline understands. `fallback` is its value where a config is silent.
struct Parameter {
  std::string key;
  std::string fallback;
  std::string help;
  bool named = true;  // false: part of a case's name only where it is not the fallback. For settings that a kernel gets
                      // later, so that published names stay what they were
};

class Settings {
 public:
  Settings() = default;
  explicit Settings(const std::vector<Parameter>& parameters);

  void set(std::string_view key, std::string value);  // appends a key that is new
  bool has(std::string_view key) const;

  // Errors (exit code 2) name the key, the value and what was expected.
  const std::string& text(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;  // plain or with a suffix: 4096, 64k, 16M (powers of 1024)
  double number(std::string_view key) const;

  using Items = std::vector<std::pair<std::string, std::string>>;
  Items named() const;       // those that make the case's name
  std::string path() const;  // the same as text: "n=4096/precision=fp64"

  bool operator==(const Settings&) const = default;

 private:
  Items items_;
  Items unnamed_;  // keys and the values that are left out of the name
};

}  // namespace tandem
