// K9, precision balance: of the cells (simulate, hand over, train, infer) that pass their gate, which is the cheapest,
// and which does no other one beat.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace tandem {

struct PrecisionCell {
  bool pass = false;  // nothing below counts where it does not
  double seconds = 0;
  std::optional<double> joules;  // none: unmetered
  std::optional<double> error;   // of the hold-out, relative; none: the Problem has no error per case
};

// The cells that pass and that no other passing cell beats, being at least as good in time, error and energy and better
// in one of them. Error and energy count where all passing cells have them.
std::vector<bool> pareto_front(const std::vector<PrecisionCell>& cells);

// Of the passing cells the one of least time, or energy; of equal ones the first. None where no cell passes, or where
// not all that do are metered.
std::optional<std::size_t> fastest(const std::vector<PrecisionCell>& cells);
std::optional<std::size_t> thriftiest(const std::vector<PrecisionCell>& cells);

}  // namespace tandem
