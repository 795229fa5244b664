#include "harness/decide/regression.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/check.hpp"
#include "harness/decide/judge_series.hpp"

namespace tandem {
namespace {

// Each once, with the figures whose series start anew there.
Json boundaries_of(const Json& series) {
  Json all = Json::array();
  for (const Json& one : series)
    for (const Json& boundary : one.at("boundaries")) {
      const auto same = std::find_if(all.begin(), all.end(), [&](const Json& known) {
        return known.at("night") == boundary.at("night") && known.at("why") == boundary.at("why");
      });
      if (same == all.end()) {
        all.push_back(boundary);
        all.back()["series"] = 1;
      } else {
        (*same)["series"] = same->at("series").get<int>() + 1;
      }
    }
  return all;
}

Json night_json(const Night& night) {
  return {{"name", night.name},
          {"started", night.started},
          {"root", night.root},
          {"class", night.run_class},
          {"config", night.config},
          {"status", night.status},
          {"commit", commit_of(night)},
          {"version", night.program.value("version", "")},
          {"fingerprint", night.fingerprint}};
}

bool stands(const Json& alarm) { return alarm.at("state") != "improvement" && alarm.at("state") != "cleared"; }

std::string verdict_of(const Json& document) {
  std::string verdict = "TOO-SHORT";
  for (const Json& series : document.at("series"))
    if (series.at("judged").get<bool>()) verdict = "OK";
  for (const Json& alarm : document.at("alarms"))
    if (stands(alarm) && verdict != "REGRESSION") verdict = alarm.at("state") == "confirmed" ? "REGRESSION" : "SUSPECT";
  return verdict;
}

}  // namespace

Json judge_history(const History& history, const AaThreshold& delta) {
  const std::vector<Series> all = series_of(history);
  std::vector<SeriesVerdict> judged(all.size());
#pragma omp parallel for schedule(dynamic)
  for (std::size_t i = 0; i < all.size(); ++i) {
    judged[i] = judge_series(history, all[i], all[i].kind == "kernel" ? delta.kernel : delta.pipeline);
  }
  Json document = {{"schema", "tandem-regress/1"},
                   {"verdict", ""},
                   {"delta", {{"kernel", delta.kernel}, {"pipeline", delta.pipeline}}},
                   {"history", {{"nights", history.nights}, {"read", history.newest.size()}}},
                   {"nights", Json::array()},
                   {"boundaries", Json::array()},
                   {"alarms", Json::array()},
                   {"notes", Json::array()},
                   {"series", Json::array()}};
  for (const Night& night : history.newest) document["nights"].push_back(night_json(night));
  for (SeriesVerdict& one : judged) {
    document["series"].push_back(std::move(one.document));
    for (Json& alarm : one.alarms) document["alarms"].push_back(std::move(alarm));
    for (Json& note : one.notes) document["notes"].push_back(std::move(note));
  }
  document["boundaries"] = boundaries_of(document.at("series"));
  document["verdict"] = verdict_of(document);
  return document;
}

void confirm(Json& document, const std::string& fom, const Json& rerun) {
  const std::string verdict = rerun.at("verdict");
  for (Json& alarm : document["alarms"]) {
    if (alarm.at("fom") != fom || (alarm.at("kind") != "fast" && alarm.at("kind") != "slow") || !stands(alarm))
      continue;
    alarm["rerun"] = rerun;
    if (verdict == "SLOWER")
      alarm["state"] = "confirmed";
    else if (verdict != "INCONCLUSIVE")
      alarm["state"] = alarm.at("kind") == "slow" ? "machine" : "cleared";
  }
  document["verdict"] = verdict_of(document);
}

std::vector<std::string> cases_to_confirm(const Json& document) {
  std::vector<std::string> cases;
  for (const Json& alarm : document.at("alarms"))
    if (stands(alarm) && (alarm.at("kind") == "fast" || alarm.at("kind") == "slow") &&
        std::find(cases.begin(), cases.end(), alarm.at("case").get<std::string>()) == cases.end())
      cases.push_back(alarm.at("case"));
  return cases;
}

Accepted acceptance_of(const Json& document, const std::string& reason) {
  Accepted accepted;
  accepted.night = document.at("nights").back().at("name");
  accepted.reason = reason;
  for (const Json& alarm : document.at("alarms"))
    if (stands(alarm) && alarm.at("kind") != "no figure") {
      std::string& since = accepted.since[alarm.at("fom").get<std::string>()];
      since = std::max(since, alarm.at("since").get<std::string>());
    }
  return accepted;
}

Exit exit_of_regression(const Json& document) {
  const std::string verdict = document.at("verdict");
  return verdict == "REGRESSION" ? Exit::regression : verdict == "SUSPECT" ? Exit::undecided : Exit::ok;
}

}  // namespace tandem
