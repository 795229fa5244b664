// The KPIs of docs/method.md section 4 as pure functions of what was recorded.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/measure/statistics.hpp"

namespace tandem {

// One rank's stay in one state, on the coordinator's clock.
struct Stay {
  int rank = 0;
  std::string name;   // "simulate", "start-up", ...
  std::string state;  // phase | transition | waiting
  double begin = 0, seconds = 0;
  double weight = 1;  // of the slot: its cores over the mean of all slots
};

// Fills what the ranks' records leave open between t0 and t1 (process start, teardown, the gap between two processes)
// as transitions named "start-up", so that every slot is in exactly one state at every instant: R T = A + X + Z.
// `weights` of the slots, of mean 1; none: all are alike.
std::vector<Stay> close_gaps(std::vector<Stay> stays, int slots, double begin, double end,
                             const std::vector<double>& weights = {});

// K4: CWE = sum_k T_k^iso / T = eta_wait * eta_transition * eta_dilation.
struct Efficiency {
  double seconds = 0;      // T
  int slots = 1;           // R
  double phases = 0;       // A, slot seconds
  double transitions = 0;  // X
  double waiting = 0;      // Z
  double isolated = 0;     // sum of T_k^iso
  double eta_wait() const { return (slots * seconds - waiting) / (slots * seconds); }
  double eta_transition() const { return phases / (phases + transitions); }
  double eta_dilation() const { return slots * isolated / phases; }
  double value() const { return isolated / seconds; }
};
Efficiency efficiency(const std::vector<Stay>& closed, int slots, double seconds, double isolated);

// Seconds by name, averaged over the slots by their weights: they sum to T. In order of first appearance.
std::vector<Stay> seconds_by_name(const std::vector<Stay>& closed, int slots);

// K1: median over the passing launches, and ETTIS = all launches' time over passing launches; nothing if none passed.
std::optional<double> ettis(const std::vector<double>& all_seconds, std::size_t passing);

// K2: the 95 % interval of the launches' median energy, where it may stand beside ETS: every launch passed, so that ETS
// is their mean, and the mean lies in it. Nothing below 6 launches, after a failure, and where energies are so skewed.
std::optional<Interval> ets_ci(const std::vector<double>& joules, std::size_t passing);

// K5: bytes moved over unique useful bytes; 0 = zero copy.
double movement_amplification(const std::map<std::string, double>& bytes, double useful);
std::optional<double> movement_reduction(const std::map<std::string, double>& separated,
                                         const std::map<std::string, double>& integrated);

// K5: sigma_c = T_bottleneck / (B_c / BW_c): how often the channel could have moved its bytes while the longest phase
// of the coupling ran; below 1 it limits the coupling.
double sufficiency(double bottleneck_seconds, double bytes, double bandwidth);

// K6, the claim check: "3-10x: supported | not supported | inconclusive | start-up dominated on this system". Supported
// where the interval begins at 3 (a saving of 20 %) or above and start-up takes at most a tenth of the separated arm's
// time; start-up dominated where only that fails. `launches`: the blocks in which both arms pass.
struct Claim {
  std::string claim, verdict, text;
};
Claim claim_speedup(const std::optional<Ratio>& speedup, const std::optional<Ratio>& without_startup,
                    std::size_t launches, double startup_share);
// `energies`: separated over integrated; `reason`: why there is none.
Claim claim_energy(const std::optional<Ratio>& energies, std::size_t launches, double startup_share,
                   const std::string& reason);

// K10: N* = ceil((T_data + T_train + T_validate - T_validate_S) / (t_eq - t_infer)); infinite if t_eq <= t_infer.
double amortisation(double data, double train, double validate, double validate_simulation, double t_equal,
                    double t_infer);

}  // namespace tandem
