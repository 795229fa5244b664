// A run of a configuration, once for all tests that look at it.
#pragma once

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/result/derive.hpp"
#include "harness/result/directory.hpp"
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
  // The first whose case begins so.
  const Json& pipeline(const std::string& path) const {
    for (const Json& pipeline : document.at("pipelines"))
      if (pipeline.at("case").get<std::string>().starts_with(path)) return pipeline;
    throw std::out_of_range(path + " was not run:\n" + outcome.out + outcome.err);
  }
  // The exit code that the program would give if this case were alone.
  Exit exit_of_case(const std::string& path) const {
    Records alone = records;
    alone.plan["cases"] =
        Json::array({*std::find_if(records.plan.at("cases").begin(), records.plan.at("cases").end(),
                                   [&](const Json& item) { return item.at("case") == pipeline(path).at("case"); })});
    return exit_of(derive(alone));
  }
  // "integrated concurrent 1+1", "separated cold"
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

// The launches of a run as six blocks, launch k of them changed by `change(line, k)`.
inline Records six_blocks(const Records& of, const std::function<void(Json& line, int k)>& change) {
  Records records = of;
  records.plan["launches"] = 6;
  records.launches.clear();
  for (int k = 0; k < 6; ++k)
    for (LaunchRecord launch : of.launches) {
      if (launch.line.contains("launch")) launch.line["launch"] = k;
      change(launch.line, k);
      records.launches.push_back(launch);
    }
  return records;
}

inline std::string reasons(const Json& pipeline) {
  std::string text;
  for (const Json& reason : pipeline.at("reasons"))
    text += reason.at("status").get<std::string>() + ": " + reason.at("reason").get<std::string>() + "\n";
  return text;
}

// Right and complete; a guard may have found the machine that runs the tests too noisy.
inline bool holds(const Json& pipeline) {
  return pipeline.at("status") == "UNOFFICIAL" || pipeline.at("status") == "UNSTABLE";
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace tandem
