// A document against a schema of results/schema. Valijson reads the keywords of draft 7, which our schemas keep to.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace tandem {

class Schema {
 public:
  explicit Schema(const std::string& name = "result-1");
  ~Schema();
  // "" or all that is wrong, a line each.
  std::string errors(const nlohmann::json& document) const;

 private:
  struct Parsed;
  std::unique_ptr<Parsed> parsed_;
};

std::string schema_errors(const std::filesystem::path& document, const std::string& schema = "result-1");

}  // namespace tandem
