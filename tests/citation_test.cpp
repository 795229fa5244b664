// Citations: BibTeX by a strict reader of its grammar, and every fact that a paper needs.
#include "harness/decide/citation.hpp"

#include <cctype>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/golden.hpp"

namespace tandem {
namespace {

const std::string cited_root = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

struct Entry {
  std::string type, key;
  std::map<std::string, std::string> fields;
};

// @type{key, name = {value with balanced braces}, ...}, nothing else but blanks between entries; throws otherwise.
class BibtexReader {
 public:
  explicit BibtexReader(const std::string& text) : text_(text) {}

  std::vector<Entry> entries() {
    std::vector<Entry> all;
    for (blanks(); at_ < text_.size(); blanks()) all.push_back(entry());
    return all;
  }

 private:
  void blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  void expect(char c) {
    blanks();
    if (at_ >= text_.size() || text_[at_] != c) throw std::runtime_error(std::string("expected ") + c);
    ++at_;
  }
  std::string word(const std::string& more) {
    blanks();
    const std::size_t begin = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) || more.find(text_[at_]) != std::string::npos))
      ++at_;
    if (at_ == begin) throw std::runtime_error("a word is missing");
    return text_.substr(begin, at_ - begin);
  }
  std::string value() {
    expect('{');
    const std::size_t begin = at_;
    for (int depth = 1; depth > 0; ++at_) {
      if (at_ >= text_.size()) throw std::runtime_error("braces do not balance");
      if (text_[at_] == '{') ++depth;
      if (text_[at_] == '}') --depth;
    }
    return text_.substr(begin, at_ - 1 - begin);
  }
  Entry entry() {
    Entry read;
    expect('@');
    read.type = word("");
    expect('{');
    read.key = word("-_:.");
    for (expect(','); true; expect(',')) {
      blanks();
      if (text_.at(at_) == '}') break;
      const std::string name = word("-_");
      expect('=');
      if (!read.fields.emplace(name, value()).second) throw std::runtime_error(name + " twice");
    }
    expect('}');
    return read;
  }

  const std::string& text_;
  std::size_t at_ = 0;
};

// Characters that mean something to LaTeX stand behind a backslash only.
bool is_escaped(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (std::string("&%$#_").find(text[i]) != std::string::npos && (i == 0 || text[i - 1] != '\\')) return false;
  return text.find_first_of("~^") == std::string::npos;
}

TEST(Citation, BibtexIsValidAndComplete) {
  const auto entries = BibtexReader(bibtex(golden(), cited_root)).entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].type, "software");
  EXPECT_EQ(entries[0].key, "tandem-0-1-0");
  EXPECT_EQ(entries[0].fields.at("author"), "{The Tandem authors}");
  EXPECT_EQ(entries[0].fields.at("title"), "{Tandem: a converged AI/HPC benchmark suite}");
  EXPECT_EQ(entries[0].fields.at("version"), "0.1.0");
  EXPECT_NE(entries[0].fields.at("note").find("commit 0000000000000000"), std::string::npos);
  EXPECT_NE(entries[0].fields.at("note").find("Apache-2.0"), std::string::npos);
  EXPECT_EQ(entries[1].type, "misc");
  EXPECT_EQ(entries[1].key, "tandem-result-0123456789ab");
  EXPECT_EQ(entries[1].fields.at("year"), "2026");
  for (const char* fact : {cited_root.c_str(), "5d0c1a77e3b2", "UNSTABLE"})
    EXPECT_NE(entries[1].fields.at("note").find(fact), std::string::npos) << fact;
}

TEST(Citation, AwkwardTextIsEscaped) {
  Json document = golden();
  document["machine"]["cpu"] = "50% {fast} & _cheap_ \\ #1 $2 ~x^2";
  document["tandem"]["version"] = "0.2.0-rc_1{";
  const auto entries = BibtexReader(bibtex(document, cited_root)).entries();
  EXPECT_EQ(entries.at(0).key, "tandem-0-2-0-rc-1-");
  for (const Entry& entry : entries)
    for (const auto& [name, value] : entry.fields) EXPECT_TRUE(is_escaped(value)) << name << ": " << value;
  EXPECT_EQ(bibtex_escaped("a_b{c}"), "a\\_b\\textbraceleft{}c\\textbraceright{}");
}

TEST(Citation, TheReaderIsStrict) {
  for (const char* bad : {"@misc{k, a = {x}", "@misc{k, a = {x}}}", "@misc{, a = {x}}", "@misc{k, a = x}",
                          "@misc{k, a = {x}, a = {y}}", "x"}) {
    const std::string text = bad;
    EXPECT_ANY_THROW(BibtexReader(text).entries()) << bad;
  }
}

TEST(Citation, TheTextHasWhatAPaperNeeds) {
  const Json plan = {
      {"seed", 7},
      {"launches", 10},
      {"launches_most", 20},
      {"cases", {{{"case", "heat/size=S/device=cpu"}, {"ranks", 2}, {"threads", 1}, {"arms", {"separated"}}}}},
      {"jobs", {{{"seed", 11}}, {{"seed", 12}}, {{"seed", 11}}}}};
  Json document = golden();
  document["machine"]["host"] = std::string(64, 'c');
  const std::string text = citation_text(plan, document, cited_root, 100);
  for (const char* fact :
       {"tandem 0.1.0, commit 00000000", "GNU 12.2.0", cited_root.c_str(), "config 5d0c1a77e3b2", "class quick",
        "2026-11-21T06:12:44Z", "Example CPU", "host cccccccccccc (SHA-256)", "OpenBLAS 0.3.21", "OMP_NUM_THREADS=2",
        "10 of each case, up to 20", "7 in the configuration; of the launches 11, 12",
        "heat/size=S/device=cpu (2 ranks x 1 thread; arms separated)",
        "figures that are UNSTABLE are quoted with that word"})
    EXPECT_NE(text.find(fact), std::string::npos) << fact << "\n" << text;
  EXPECT_EQ(text.find(std::string(13, 'c')), std::string::npos) << "twelve digits of the host's digest are enough";
}

TEST(Citation, FactsAreThoseOfTheFile) {
  EXPECT_EQ(citation_fact("title"), "Tandem: a converged AI/HPC benchmark suite");
  EXPECT_EQ(citation_fact("name"), "The Tandem authors");
  EXPECT_EQ(citation_fact("license"), "Apache-2.0");
  EXPECT_EQ(citation_fact("doi"), "");
}

}  // namespace
}  // namespace tandem
