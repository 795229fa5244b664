#include "harness/decide/citation.hpp"
#include "harness/decide/comparison.hpp"
#include "harness/decide/comparison_text.hpp"
#include "harness/decide/feeds.hpp"
#include "harness/decide/reproduction.hpp"
#include "harness/result/files.hpp"
#include "harness/result/summary.hpp"
#include "tests/fuzz/readers.hpp"

namespace tandem::fuzz {
namespace {

// A document that lacks something, or holds another type, ends in the error of a library: one line on the screen.
template <typename Use>
bool made(const Use& use) {
  try {
    return taken(use);
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

bool result(const std::string& text) {
  const std::string root(64, 'a');
  Json document;
  if (!taken([&] { document = parse_json(text, "fuzz.json"); })) return false;
  made([&] { contract(document); });
  for (const auto feed : {feed_gbench, feed_junit, feed_openmetrics, feed_csv}) made([&] { feed(document, root); });
  made([&] { bibtex(document, root); });
  made([&] {
    const Compared a{"A", "a", root, document, {{"headline", Json::array()}}, {}};
    Compared b = a;
    b.label = "B";
    comparison_text(comparison_of({a, b}), true, 100);
  });
  const Published& published = Published::shipped();
  for (const char* id : {"frontier-hpl-2024-11", "deepdrivemd-2021"})
    made([&] {
      const PublishedFigure& figure = published.find(id);
      reproduction_text(reproduction_of(figure, published.metric_of(figure), document, root, nullptr), 100, true);
    });
  return made([&] { summary(document, true, 100); });
}

}  // namespace tandem::fuzz
