// The schema of result.json accepts the golden document and refuses broken ones. Valijson reads the keywords of
// draft 7, which the schema keeps to.
#include "tests/cli/schema.hpp"

#include <fstream>
#include <functional>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;

json load(const char* path) { return json::parse(std::ifstream(path)); }

std::string first_error(const json& document) {
  static const tandem::Schema schema;
  return schema.errors(document);
}

json broken(const std::function<void(json&)>& change) {
  json document = load(GOLDEN_RESULT);
  change(document);
  return document;
}

bool refused(const std::function<void(json&)>& change) { return !first_error(broken(change)).empty(); }

json& measured_kernel(json& document) { return document.at("kernels").at(0); }
json& arm(json& document) { return document.at("pipelines").at(0).at("arms").at(2); }

TEST(Schema, AcceptsTheGoldenDocument) { EXPECT_EQ(first_error(load(GOLDEN_RESULT)), ""); }

TEST(Schema, RefusesAMissingKeyAtEveryLevel) {
  const json golden = load(GOLDEN_RESULT);
  for (const auto& [key, value] : golden.items()) EXPECT_TRUE(refused([&, k = key](json& d) { d.erase(k); })) << key;
  for (const auto& [key, value] : golden.at("kernels").at(0).items())
    EXPECT_TRUE(refused([&, k = key](json& d) { measured_kernel(d).erase(k); })) << "kernel " << key;
  for (const auto& [key, value] : golden.at("pipelines").at(0).items())
    EXPECT_TRUE(refused([&, k = key](json& d) { d["pipelines"][0].erase(k); })) << "pipeline " << key;
  for (const auto& [key, value] : golden.at("foms").at(0).items())
    EXPECT_TRUE(refused([&, k = key](json& d) { d["foms"][0].erase(k); })) << "fom " << key;
  for (const char* key : {"ttis", "phases", "holdout", "energy_scope", "weights_sha256"})
    EXPECT_TRUE(refused([&](json& d) { arm(d).erase(key); })) << "arm " << key;
}

TEST(Schema, RefusesAWrongType) {
  EXPECT_TRUE(refused([](json& d) { d["schema"] = "tandem-result/2"; }));
  EXPECT_TRUE(refused([](json& d) { d["run"]["seconds"] = "84"; }));
  EXPECT_TRUE(refused([](json& d) { d["run"]["status"] = "GOOD"; }));
  EXPECT_TRUE(refused([](json& d) { d["run"]["config"] = "not hexadecimal"; }));
  EXPECT_TRUE(refused([](json& d) { measured_kernel(d)["samples"] = -1; }));
  EXPECT_TRUE(refused([](json& d) { measured_kernel(d)["settings"]["n"] = 1024; }));
  EXPECT_TRUE(refused([](json& d) { measured_kernel(d)["ci95"] = {1.0}; }));
  EXPECT_TRUE(refused([](json& d) { arm(d)["holdout"]["pass"] = "yes"; }));
  EXPECT_TRUE(refused([](json& d) { d["foms"][0]["name"] = "limit.two words"; }));
}

TEST(Schema, RefusesANumberWhereNullMustBe) {
  for (const char* status : {"INVALID", "FAILED"}) {
    EXPECT_TRUE(refused([&](json& d) { measured_kernel(d)["status"] = status; })) << status;
    EXPECT_FALSE(refused([&](json& d) {
      measured_kernel(d)["status"] = status;
      measured_kernel(d)["value"] = nullptr;
    })) << status;
  }
  EXPECT_TRUE(refused([](json& d) { arm(d)["energy_to_solution"]["value"] = 1200.0; }));  // its scope is null
  EXPECT_FALSE(refused([](json& d) {
    arm(d)["energy_to_solution"]["value"] = 1200.0;
    arm(d)["energy_scope"] = "package";
  }));
  EXPECT_TRUE(refused([](json& d) { arm(d)["coupling"] = nullptr; }));
  EXPECT_TRUE(refused([](json& d) { d["pipelines"][0]["arms"][1]["coupling"] = "in_memory"; }));
}

TEST(Schema, RefusesANullWithoutAReason) {
  EXPECT_TRUE(refused([](json& d) { arm(d)["energy_to_solution"]["reason"] = nullptr; }));
  EXPECT_TRUE(refused([](json& d) { arm(d)["ttis"]["value"] = nullptr; }));
  EXPECT_TRUE(refused([](json& d) { d["limits"][0]["value"] = nullptr; }));
  EXPECT_TRUE(refused([](json& d) { d["foms"][0]["value"] = nullptr; }));
  EXPECT_TRUE(refused([](json& d) { measured_kernel(d)["value"] = nullptr; }));  // measured, yet without a value
}

// Every rule for energies: a number needs its scope and its error, a null its reason, a model its name and source.
TEST(Schema, EnergiesAreWholeOrExplained) {
  const json phase = {{"name", "train"}, {"seconds", 5.0}, {"alone_seconds", 5.0}, {"joules", 500.0},
                      {"error", 2.0},    {"watts", 100.0}, {"reason", nullptr}};
  const json scope = {{"scope", "package"}, {"level", "E2"}, {"joules", 500.0}, {"error", 2.0}, {"reason", nullptr}};
  const json model = {{"joules", 500.0},
                      {"reason", nullptr},
                      {"note", "modelled, not measured"},
                      {"model", {{"source", "x"}, {"idle", 1}, {"phase", 1}, {"transition", 0}, {"waiting", 0}}}};
  const json idle = {{"when", "before"}, {"seconds", 1.0},     {"watts", 35.0},
                     {"error", 0.1},     {"scope", "package"}, {"reason", nullptr}};
  const auto whole = [&](json& d) {
    arm(d)["energy_by_phase"] = {phase};
    arm(d)["energy_scopes"] = {scope};
    arm(d)["energy_modelled"] = model;
    d["run"]["idle_power"] = {idle};
    d["run"]["sampler"] = {{"meters", 1}, {"period", 0.05}, {"cpu_share", 0.001}};
    d["pipelines"][0]["kpis"]["energy_saving_split"] = {
        {"joules", 460.0},          {"from_time", 400.0}, {"from_power", 60.0}, {"watts_separated", 100.0},
        {"watts_integrated", 90.0}, {"pairs", 1},         {"reason", nullptr}};
  };
  EXPECT_EQ(first_error(broken(whole)), "");
  const std::vector<std::pair<std::string, json>> wrong = {
      {"/pipelines/0/arms/2/energy_by_phase/0/joules", nullptr},
      {"/pipelines/0/arms/2/energy_by_phase/0/error", nullptr},
      {"/pipelines/0/arms/2/energy_by_phase/0/joules", -1.0},
      {"/pipelines/0/arms/2/energy_scopes/0/scope", "core"},
      {"/pipelines/0/arms/2/energy_scopes/0/level", "E1"},
      {"/pipelines/0/arms/2/energy_level", "E2"},  // its scope is null
      {"/pipelines/0/arms/2/energy_scope", "everything"},
      {"/pipelines/0/arms/2/energy_modelled/note", "measured"},
      {"/pipelines/0/arms/2/energy_modelled/model/source", ""},
      {"/pipelines/0/arms/2/energy_modelled/ttis", 3},
      {"/pipelines/0/kpis/energy_saving_split/from_power", nullptr},
      {"/pipelines/0/kpis/energy_saving_split/joules", nullptr},
      {"/run/idle_power/0/watts", nullptr},
      {"/run/idle_power/0/scope", nullptr},
      {"/run/idle_power/0/when", "later"},
      {"/run/sampler/cpu_share", -0.1}};
  for (const auto& [path, value] : wrong)
    EXPECT_TRUE(refused([&, p = path, v = value](json& d) {
      whole(d);
      d[json::json_pointer(p)] = v;
    })) << path
        << " = " << value;
}

TEST(Schema, AnArmThatDidNotRunNeedsOnlyItsReasons) {
  EXPECT_FALSE(refused([](json& d) {
    const json none = {{"value", nullptr}, {"ci95", nullptr}, {"unit", "s"}, {"reason", "not run"}};
    arm(d) = {{"arm", "integrated"},
              {"coupling", "in_memory"},
              {"status", "FAILED"},
              {"reasons", json::array()},
              {"launches", 0},
              {"ttis", none},
              {"ettis", none},
              {"energy_to_solution", none},
              {"solutions_per_kwh", none},
              {"energy_scope", nullptr}};
  }));
}

}  // namespace
