// Whether the record of a revalidation is one of this directory, made with the buyer's nonce, and whole.
#pragma once

#include <string>

#include "harness/base/json.hpp"
#include "harness/result/records.hpp"

namespace tandem {

// {"nonce", "seal", "started", "status", "reasons"} for Delivery::revalidation. `records` and `root` are the
// directory's. Throws: exit code 2 where the record belongs to another directory or nonce; exit code 3 where it was
// changed, lacks a launch, or was not made from these weights with seeds that follow from the nonce.
Json delivered_revalidation(const Json& record, const Records& records, const std::string& root,
                            const std::string& nonce);

}  // namespace tandem
