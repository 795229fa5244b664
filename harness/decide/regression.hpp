// Has something become dearer? The newest night of a history against the nights before it, series by series
// (docs/method.md, section 6). Three alarms:
//   slow   E-divisive change points; a step to dearer that the newest segment still lies beyond delta above
//   fast   the newest night lies more than 4 robust standard deviations and more than delta above its segment
//   exact  a deterministic count (bytes, iterations, messages, operations) has risen
// A fast alarm is a suspicion until both programs have been run again in turn; the others stand by themselves.
#pragma once

#include <string>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/base/json.hpp"
#include "harness/decide/history.hpp"
#include "harness/result/aa_threshold.hpp"

namespace tandem {

// "tandem-regress/1" (results/schema/regress-1.schema.json): {"verdict": OK | SUSPECT | REGRESSION, "delta", "nights",
// "boundaries", "series", "alarms", "notes"}. A pure function of the history; alarms have no "rerun" yet.
Json judge_history(const History& history, const AaThreshold& delta);

// What running both programs again in turn found of a figure: the verdict of the comparison and its evidence.
// SLOWER confirms the alarm, what is decided otherwise clears it, INCONCLUSIVE leaves it a suspicion.
void confirm(Json& document, const std::string& fom, const Json& rerun);

// The cases to be run again: those of the alarms that stand and that times can decide.
std::vector<std::string> cases_to_confirm(const Json& document);

// The figures whose alarms stand, each with the night its series would start anew with were it accepted.
Accepted acceptance_of(const Json& document, const std::string& reason);

Exit exit_of_regression(const Json& document);  // OK 0, SUSPECT 5, REGRESSION 6

}  // namespace tandem
