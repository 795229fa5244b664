// Which differences of two documents are changes, and which only say that more is derived now.
#include <gtest/gtest.h>

#include "harness/result/differences.hpp"

namespace tandem {
namespace {

using Lines = std::vector<std::string>;

const Json kDocument = {{"status", "UNSTABLE"},
                        {"foms", {{{"name", "a"}, {"value", 1.0}}, {{"name", "b"}, {"value", nullptr}}}},
                        {"samples", {1.0, 2.0}}};

TEST(Differences, NumbersAgreeToARoundingOfTheLastDigits) {
  Json derived = kDocument;
  derived["foms"][0]["value"] = 1 + 1e-12;
  EXPECT_TRUE(differences(kDocument, derived).all().empty());
  derived["foms"][0]["value"] = 1 + 1e-6;
  EXPECT_EQ(differences(kDocument, derived).changed, Lines{"/foms/0/value: 1.0 is written, the records give 1.000001"});
}

TEST(Differences, ValuesTypesAndMissingKeysAreChanges) {
  Json derived = kDocument;
  derived["status"] = "INVALID";
  derived["foms"][1]["value"] = 3;
  derived.erase("samples");
  const Differences found = differences(kDocument, derived);
  EXPECT_EQ(found.changed,
            (Lines{"/status: \"UNSTABLE\" is written, the records give \"INVALID\"",
                   "/foms/1/value: null is written, the records give 3", "/samples: the records do not give it"}));
  EXPECT_TRUE(found.added.empty());
}

TEST(Differences, NewKeysAndNewNamedEntriesAreAdditions) {
  Json derived = kDocument;
  derived["foms"] = {derived["foms"][0], {{"name", "ab"}, {"value", 5}}, derived["foms"][1]};
  derived["more"] = 1;
  const Differences found = differences(kDocument, derived);
  EXPECT_TRUE(found.changed.empty()) << found.changed.front();
  EXPECT_EQ(found.added, (Lines{"/foms/ab: is missing", "/more: is missing"}));
  const Differences back = differences(derived, kDocument);
  EXPECT_EQ(back.changed, (Lines{"/foms/ab: the records do not give it", "/more: the records do not give it"}));
  derived["foms"][2]["value"] = 9;
  EXPECT_EQ(differences(kDocument, derived).changed, Lines{"/foms/b/value: null is written, the records give 9"});
}

TEST(Differences, ListsWithoutNamesOfAnotherLengthAreChanges) {
  Json derived = kDocument;
  derived["samples"].push_back(3.0);
  EXPECT_EQ(differences(kDocument, derived).changed, Lines{"/samples: 2 entries are written, the records give 3"});
  derived = kDocument;
  derived["foms"].push_back(derived["foms"][0]);  // a name twice tells nothing
  EXPECT_EQ(differences(kDocument, derived).changed, Lines{"/foms: 2 entries are written, the records give 3"});
}

}  // namespace
}  // namespace tandem
