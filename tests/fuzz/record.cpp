#include "harness/decide/acceptance.hpp"
#include "harness/decide/acceptance_view.hpp"
#include "harness/result/files.hpp"
#include "harness/result/revalidation.hpp"
#include "tests/fuzz/readers.hpp"
#include "tests/fuzz/sealed.hpp"

namespace tandem::fuzz {

// As tandem verify and tandem accept --check-signature read one; "taken" where its verdicts follow from what it holds.
bool record(const std::string& text) {
  bool follows = false;
  const bool read = taken([&] {
    Json document = parse_json(text, "fuzz.json");
    if (!document.is_object()) return;
    document = Json::parse(sealed(document));
    try {
      if (seal_holds(document)) {
        acceptance_text(document, true, 100);
        acceptance_lines(document);
        follows = true;
      } else {
        follows = check_revalidation(document).empty();
      }
    } catch (const Json::exception&) {  // something is missing, or of another type: one line on the screen
    }
  });
  return read && follows;
}

}  // namespace tandem::fuzz
