// Figures that others published (results/published/): what was measured where and when, who says so and how sure it is,
// and which case of Tandem measures the same thing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem {

// How a metric relates to what Tandem measures: the same quantity, one of the same kind (set side by side, without a
// ratio), or nothing here measures it.
enum class Match { same, kin, none };

struct Metric {
  std::string id, name, what;
  std::string unit;  // SI, of all its figures
  Match match = Match::none;
  // The case: a kernel or pipeline and those settings that make it this metric; others keep their defaults.
  bool pipeline = false;
  std::vector<std::pair<std::string, std::vector<std::string>>> settings;  // "name" first
  std::vector<std::string> defining;  // keys of settings without whose value a case measures something else
  int ranks = 1;
  std::string figure;  // last part of the figure of merit's name
  std::string precision;
  std::string reason;                // why there is no case, or no ratio
  std::string rules_until, rules;    // figures dated before were measured by other rules
  std::vector<std::string> differs;  // what may differ, whichever figure

  std::string case_name() const { return settings.empty() ? "" : settings.front().second.front(); }
};

struct PublishedFigure {
  std::string id, system, metric, workload;
  double value = 0;
  std::string unit;                                          // as published
  double si = 0;                                             // in the metric's unit
  std::string date;                                          // YYYY or YYYY-MM
  std::optional<std::int64_t> nodes, devices, cores, ranks;  // none: not told
  bool part = false;                                         // measured on a part of the system
  std::string settings;                                      // key=value ...: what is known of the run
  std::string source, evidence, note;

  bool verified() const { return evidence != "well-known-unverified"; }
  std::string text() const;           // value and unit as published
  std::string evidence_text() const;  // for people
};

class Published {
 public:
  // Errors (exit code 2) name file and line: an unknown metric, a unit that is not of the metric's kind, an id that
  // stands there twice, a figure without a source that does not say that it is unverified.
  static Published parse(std::string_view numbers_csv, std::string_view metrics_toml);
  static const Published& shipped();  // those that the program carries

  const std::vector<PublishedFigure>& figures() const { return figures_; }
  const std::vector<Metric>& metrics() const { return metrics_; }
  const Metric& metric_of(const PublishedFigure& figure) const;
  const PublishedFigure& find(const std::string& id) const;  // or an error with the nearest ids

 private:
  std::vector<PublishedFigure> figures_;
  std::vector<Metric> metrics_;
};

// "HPL Rmax", "MLPerf HPC time to train, CosmoFlow"
std::string metric_title(const Metric& metric, const PublishedFigure& figure);

// A configuration (configs/README.md) of the metric's case alone. `changes`: settings other than the metric's own.
// Class quick leaves out the machine's limits: the figure stands beside another, not beside them.
std::string configuration_of(const Metric& metric, const std::string& run_class, int ranks,
                             const std::vector<std::pair<std::string, std::string>>& changes);

}  // namespace tandem
