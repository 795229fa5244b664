#include "harness/decide/csv.hpp"

#include <cstddef>

#include "harness/base/check.hpp"

namespace tandem {
namespace {

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

class Parser {
 public:
  Parser(std::string_view text, const std::string& source) : text_(text), source_(source) {}

  std::vector<std::vector<std::string>> records() {
    std::vector<std::vector<std::string>> all;
    while (at_ < text_.size()) {
      const std::size_t line = line_;
      all.push_back(record());
      check_usage(all.back().size() == all.front().size(), "{}:{}: {} fields where the first line has {}", source_,
                  line, all.back().size(), all.front().size());
    }
    return all;
  }

 private:
  bool end_of_record() {
    if (at_ == text_.size()) return true;
    if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
    if (text_[at_] != '\n') return false;
    ++at_;
    ++line_;
    return true;
  }

  std::vector<std::string> record() {
    std::vector<std::string> fields;
    while (true) {
      fields.push_back(at_ < text_.size() && text_[at_] == '"' ? quoted() : plain());
      if (end_of_record()) return fields;
      check_usage(text_[at_] == ',', "{}:{}: a quote must open or close a whole field", source_, line_);
      ++at_;
    }
  }

  std::string plain() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && std::string_view(",\"\r\n").find(text_[at_]) == std::string_view::npos) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string quoted() {
    const std::size_t opened = line_;
    std::string field;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\n') ++line_;
      if (text_[at_] != '"') {
        field += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        field += text_[at_++];
      } else {
        ++at_;
        return field;
      }
    }
    throw Error(Exit::usage, fmt::format("{}:{}: a quote is opened and not closed", source_, opened));
  }

  std::string_view text_;
  const std::string& source_;
  std::size_t at_ = 0, line_ = 1;
};

}  // namespace

std::string csv_record(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) line += (i == 0 ? "" : ",") + csv_field(fields[i]);
  return line + "\r\n";
}

std::vector<std::vector<std::string>> parse_csv(std::string_view text, const std::string& source) {
  return Parser(text, source).records();
}

}  // namespace tandem
