// Seals a result directory: derives the document, writes every file that is made from records, then the manifest.
#pragma once

#include <filesystem>
#include <string>

#include "harness/base/check.hpp"
#include "harness/base/json.hpp"

namespace tandem {

struct Sealed {
  Json document;
  std::string root;  // SHA-256 of the manifest
};

Sealed seal(const std::filesystem::path& folder);

bool keeps_all(const Json& plan);  // not keep = "records": weights, pictures and the page stay
// The path of the page, or how to have one.
std::string where_page_is(const std::filesystem::path& folder);

Exit exit_of_status(const std::string& status);  // 1 FAILED, 3 INVALID, else 0
// The same of a document: 77 if everything was skipped.
Exit exit_of(const Json& document);

}  // namespace tandem
