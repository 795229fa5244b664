// Histories that are made up: one kernel, one machine, a night a day.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "harness/base/digest.hpp"
#include "harness/base/random.hpp"
#include "harness/decide/history.hpp"

namespace tandem {

inline NightFigure made_figure(const std::string& name, double ln, const std::string& status = "UNOFFICIAL") {
  NightFigure figure;
  figure.fom = "kernel." + name + ".rate";
  figure.path = name;
  figure.kind = "kernel";
  figure.unit = "s";
  figure.identity = "threads=2";
  figure.status = status;
  if (status == "INVALID" || status == "FAILED") {
    figure.reason = "wrong";
  } else {
    figure.ln_median = ln;
    figure.costs = {std::exp(ln)};
    figure.counts = {{"bytes", 100}};
  }
  return figure;
}

// Night `i` of November 2026 and after: its one figure "k", and commit c<i>.
inline Night made_night(std::size_t i, double ln, const std::string& status = "UNOFFICIAL") {
  Night night;
  night.started = fmt::format("20{:02}-{:02}-{:02}T03:15:00Z", 26 + i / 300, 1 + i / 25 % 12, 1 + i % 25);
  night.root = sha256(std::to_string(i));
  night.name = night_name(night.started, night.root);
  night.run_class = "quick";
  night.config = "config";
  night.status = status;
  night.program = {{"version", "1"}, {"commit", fmt::format("c{}", i)}, {"dirty", false}};
  night.machine = {{"cpu", "A"}, {"os", "1"}};
  night.fingerprint = "fingerprint A";
  night.figures = {made_figure("k", ln, status)};
  return night;
}

// So many nights about 1 s with a spread of 1 %, from night `at` on dearer by `by` (in the logarithm).
inline History made_history(std::size_t nights, std::size_t at = 0, double by = 0) {
  History history;
  for (std::size_t i = 0; i < nights; ++i)
    history.newest.push_back(made_night(i, 0.01 * random_normal(11, 1, i) + (i >= at ? by : 0)));
  history.nights = nights;
  return history;
}

}  // namespace tandem
