// Energies that follow from energies or from a user's declaration (docs/method.md section 5).
#pragma once

#include <string>

namespace tandem {

// E_B - E_I = P_B (T_B - T_I) + (P_B - P_I) T_I with P = E / T: what less time saved, and what less power did.
struct SavingSplit {
  double joules = 0;      // E_B - E_I
  double from_time = 0;   // P_B (T_B - T_I)
  double from_power = 0;  // (P_B - P_I) T_I
  double watts_before = 0, watts_after = 0;
};
SavingSplit saving_split(double joules_before, double seconds_before, double joules_after, double seconds_after);

// The power that a user declares, [energy_model] of a configuration: watts of the idle node, and how many more a slot
// (an MPI process with its threads) draws in each state. A model, not a measurement.
struct EnergyModel {
  std::string source;  // where the figures come from
  double idle = 0;
  double phase = 0, transition = 0, waiting = 0;
};

// idle T + phase A + transition X + waiting Z; A, X and Z in slot seconds.
double modelled_joules(const EnergyModel& model, double seconds, double phases, double transitions, double waiting);

}  // namespace tandem
