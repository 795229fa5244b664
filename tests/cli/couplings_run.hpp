// One run of the toy pipeline in every coupling and in several precisions; couplings_test and precision_test look at
// it.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "harness/result/files.hpp"
#include "harness/result/records.hpp"
#include "tests/cli/workplace.hpp"

namespace tandem {

struct Measured {
  explicit Measured(const std::string& config) {
    place.write("config.toml", config);
    outcome = place.run(std::string("'") + TANDEM_TEST_PROGRAM + "' run config.toml --out out");
    std::vector<std::string> problems;
    if (!std::filesystem::exists(place.folder() / "out/result.json")) return;
    document = read_json(place.folder() / "out/result.json");
    records = read_records(place.folder() / "out", problems);
  }
  const Json& arm(const std::string& text, std::size_t pipeline = 0) const { return of(document, text, pipeline); }
  const Json& of(const Json& from, const std::string& text, std::size_t pipeline) const {
    for (const Json& arm : from.at("pipelines").at(pipeline).at("arms")) {
      std::string name = arm.at("arm");
      if (arm.at("coupling").is_string()) name += " " + arm.at("coupling").get<std::string>();
      if (arm.at("split").is_string()) name += " " + arm.at("split").get<std::string>();
      if (arm.at("cache") == "cold") name += " cold";
      if (name == text) return arm;
    }
    throw std::out_of_range(text + " was not run:\n" + outcome.out + outcome.err);
  }

  Workplace place;
  Outcome outcome;
  Json document;
  Records records;
};

inline const Measured& toy() {
  static const Measured run(R"([[pipeline]]
name = "toy"
threads = 2
arms = ["separated", "integrated"]
coupling = ["in_memory", "concurrent", "streamed"]
[[pipeline]]
name = "toy"
ranks = 3
threads = 1
arms = ["integrated"]
coupling = ["concurrent", "streamed"]
split = ["2+1", "1+2"]
[[pipeline]]
name = "toy_slow"
seconds = 0.05
threads = 2
arms = ["integrated"]
coupling = "concurrent"
[[pipeline]]
name = "toy_late"
threads = 1
arms = ["separated", "integrated"]
[[pipeline]]
name = "toy"
threads = 1
ballast = 40000
arms = ["separated"]
[[pipeline]]
name = "toy"
threads = 1
ballast = 1
arms = ["separated", "integrated"]
simulate = ["fp64", "bf16"]
handover = ["fp32", "bf16"]
[[pipeline]]
name = "toy"
threads = 1
ballast = 1
infer = "fp8"
arms = "integrated"
)");
  return run;
}

}  // namespace tandem
