#include "harness/result/report.hpp"

#include <fmt/format.h>

#include "harness/result/format.hpp"
#include "harness/result/page.hpp"
#include "harness/result/summary.hpp"

namespace tandem {

std::string html_report(const Json& document, const std::string& records) {
  const Json& run = document.at("run");
  return page({.title = fmt::format("Tandem {}, {} {}", text_or_empty(run, "status"), text_or_empty(run, "class"),
                                    text_or_empty(run, "started")),
               .scripts = {"entries.js", "verdict.js", "machine.js", "kernels.js", "roofline.js", "pipeline.js",
                           "steering.js", "coupling.js", "energy.js", "precision.js", "phases.js", "holdout.js",
                           "picture.js", "pairings.js", "regime.js", "main.js"},
               .document = document,
               .text = summary(document, false, 110),
               .records = {records}});
}

}  // namespace tandem
