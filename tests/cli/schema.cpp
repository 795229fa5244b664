#include "tests/cli/schema.hpp"

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "harness/result/files.hpp"

namespace tandem {

using nlohmann::json;

struct Schema::Parsed {
  valijson::Schema schema;
};

Schema::Schema(const std::string& name) : parsed_(std::make_unique<Parsed>()) {
  const json text = json::parse(read_file(SCHEMAS "/" + name + ".schema.json"));
  valijson::SchemaParser(valijson::SchemaParser::kDraft7)
      .populateSchema(valijson::adapters::NlohmannJsonAdapter(text), parsed_->schema);
}

Schema::~Schema() = default;

std::string Schema::errors(const json& document) const {
  valijson::ValidationResults results;
  const valijson::adapters::NlohmannJsonAdapter target(document);
  if (valijson::Validator().validate(parsed_->schema, target, &results)) return "";
  std::string all;
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    for (const std::string& part : error.context) all += part;
    all += ": " + error.description + "\n";
  }
  return all.empty() ? "refused" : all;
}

std::string schema_errors(const std::filesystem::path& document, const std::string& schema) {
  return Schema(schema).errors(json::parse(read_file(document)));
}

}  // namespace tandem
