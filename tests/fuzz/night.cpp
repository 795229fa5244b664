#include <exception>

#include "harness/decide/history.hpp"
#include "harness/decide/regression.hpp"
#include "harness/decide/regression_text.hpp"
#include "harness/result/files.hpp"
#include "tests/fuzz/readers.hpp"
#include "tests/fuzz/sealed.hpp"

namespace tandem::fuzz {

// A text that is no JSON object is read as it stands; of any other, the seal is made good first.
bool night(const std::string& text) {
  return taken([&] {
    const Json document = Json::parse(text, nullptr, false);
    const Night one = parse_night(document.is_object() ? sealed(document) : text, "fuzz.json");
    History history;
    for (int i = 0; i < 12; ++i) {
      history.newest.push_back(one);
      history.newest.back().name += std::to_string(i);
    }
    history.nights = history.newest.size();
    const Json judged = judge_history(history, {});
    regression_text(judged, true);
    regression_contract(judged);
  });
}

}  // namespace tandem::fuzz
