// How libFuzzer changes a JSON document: mostly one place in it (another value, a copy of another place, an entry left
// out or twice), so that what comes out is a document still; now and then its bytes.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "harness/base/json.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed);

namespace {

using tandem::Json;

void collect(Json& node, std::vector<Json*>& all) {
  all.push_back(&node);
  if (node.is_structured())
    for (Json& child : node) collect(child, all);
}

Json unusual(std::mt19937& random) {
  static const std::array<const char*, 26> texts = {"null",
                                                    "true",
                                                    "0",
                                                    "-1",
                                                    "1",
                                                    "2",
                                                    "0.5",
                                                    "-0.0",
                                                    "1e308",
                                                    "-1e308",
                                                    "1e-320",
                                                    "4294967296",
                                                    "9223372036854775807",
                                                    "-9223372036854775808",
                                                    "18446744073709551615",
                                                    "\"\"",
                                                    "\"inf\"",
                                                    "\"nan\"",
                                                    "\"INVALID\"",
                                                    "\"SKIPPED\"",
                                                    "\"integrated.coupling=in_memory\"",
                                                    "[]",
                                                    "{}",
                                                    "[[]]",
                                                    "[1,2]",
                                                    "\"\\u0000\\n\\\"<\\u00e4\""};
  return Json::parse(texts.at(random() % texts.size()));
}

void change_children(Json& node, std::mt19937& random) {
  const std::size_t at = random() % node.size();
  auto child = std::next(node.begin(), static_cast<std::ptrdiff_t>(at));
  if (node.is_object() || random() % 2 == 0) {
    node.erase(child);
  } else {
    const Json copy = *child;
    node.push_back(copy);
  }
}

void change(Json& document, std::mt19937& random) {
  std::vector<Json*> all;
  collect(document, all);
  Json& node = *all[random() % all.size()];
  switch (random() % 5) {
    case 0:
      if (node.is_structured() && !node.empty()) return change_children(node, random);
      [[fallthrough]];
    case 1:
      node = unusual(random);
      return;
    case 2: {
      const Json copy = *all[random() % all.size()];
      node = copy;
      return;
    }
    case 3:
      if (node.is_number()) {
        node = node.get<double>() * (static_cast<double>(random() % 2001) - 1000);
        return;
      }
      [[fallthrough]];
    default:
      if (node.is_string()) {
        std::string text = node.get<std::string>() + std::string(8, ' ');
        const std::size_t size =
            LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(text.data()), text.size() - 8, text.size());
        node = text.substr(0, size);
      } else {
        node = unusual(random);
      }
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  std::mt19937 random(seed);
  Json document = random() % 16 == 0 ? Json(Json::value_t::discarded) : Json::parse(data, data + size, nullptr, false);
  if (document.is_discarded()) return LLVMFuzzerMutate(data, size, most);
  for (unsigned i = 0; i <= random() % 3; ++i) change(document, random);
  const std::string text = document.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > most) return LLVMFuzzerMutate(data, size, most);
  std::copy(text.begin(), text.end(), data);
  return text.size();
}
