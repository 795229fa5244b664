#include "harness/result/energy_model.hpp"

namespace tandem {

SavingSplit saving_split(double joules_before, double seconds_before, double joules_after, double seconds_after) {
  SavingSplit split;
  split.joules = joules_before - joules_after;
  split.watts_before = joules_before / seconds_before;
  split.watts_after = joules_after / seconds_after;
  split.from_time = split.watts_before * (seconds_before - seconds_after);
  split.from_power = (split.watts_before - split.watts_after) * seconds_after;
  return split;
}

double modelled_joules(const EnergyModel& model, double seconds, double phases, double transitions, double waiting) {
  return model.idle * seconds + model.phase * phases + model.transition * transitions + model.waiting * waiting;
}

}  // namespace tandem
