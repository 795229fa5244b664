// What a paper needs to cite a result so that others can find, check and repeat it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "harness/base/json.hpp"

namespace tandem {

// Of CITATION.cff, which the program carries: one of its top-level texts ("title", "version", "license"), or of its
// first author ("name"); "" where it has none.
std::string citation_fact(std::string_view key);

// Program, result, machine (its host as a digest), libraries, seeds and cases, a line each.
std::string citation_text(const Json& plan, const Json& document, const std::string& root, std::size_t width);

// Two BibTeX entries: the software, and this result under a key that has the root's first digits.
std::string bibtex(const Json& document, const std::string& root);

// A field's text: what LaTeX gives a meaning is escaped, and braces stay balanced, which BibTeX counts.
std::string bibtex_escaped(std::string_view text);

}  // namespace tandem
