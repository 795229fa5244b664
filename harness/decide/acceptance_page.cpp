#include <fmt/format.h>

#include "harness/decide/acceptance_view.hpp"
#include "harness/result/page.hpp"

namespace tandem {

std::string acceptance_page(const Json& record, const std::string& records) {
  PageContent content;
  content.title = fmt::format("{}: {}", record.at("verdict").get<std::string>(), record.at("lot").get<std::string>());
  content.scripts = {"acceptance.js"};
  content.document = record;
  content.text = acceptance_text(record, false, 110);
  content.records = {records};
  return page(content);
}

}  // namespace tandem
