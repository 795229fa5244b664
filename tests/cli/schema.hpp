// A document against a schema.
#pragma once

#include <filesystem>
#include <string>

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "harness/result/files.hpp"

namespace tandem {

// "" or all that is wrong, a line each.
inline std::string schema_errors(const std::filesystem::path& file,
                                 const std::filesystem::path& schema_file = RESULT_SCHEMA) {
  using nlohmann::json;
  const json schema_text = json::parse(read_file(schema_file));
  const json document = json::parse(read_file(file));
  valijson::Schema schema;
  valijson::SchemaParser(valijson::SchemaParser::kDraft7)
      .populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_text), schema);
  valijson::Validator validator;
  valijson::ValidationResults results;
  const valijson::adapters::NlohmannJsonAdapter target(document);
  if (validator.validate(schema, target, &results)) return "";
  std::string all;
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    for (const std::string& part : error.context) all += part;
    all += ": " + error.description + "\n";
  }
  return all.empty() ? "refused" : all;
}

}  // namespace tandem
