// JSON with the order of keys kept, as it stands in every file of a result directory.
#pragma once

#include <nlohmann/json.hpp>

namespace tandem {

using Json = nlohmann::ordered_json;

}  // namespace tandem
