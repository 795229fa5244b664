#include "kernels/sparse/hpcg_settings.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/check.hpp"
#include "harness/kernel/choose.hpp"

namespace tandem::kernels {
namespace {

template <std::size_t N>
int one_of(const Settings& settings, const char* key, const std::array<const char*, N>& names) {
  const std::string& text = settings.text(key);
  const auto found = std::find(names.begin(), names.end(), text);
  check_usage(found != names.end(), "{}=\"{}\", expected {}", key, text, fmt::join(names, ", "));
  return static_cast<int>(found - names.begin());
}

// Iterations of the colours over those of the levels, 54 for 50 at 32^3; what they really need is counted later.
constexpr double colour_iterations = 1.08;

std::vector<Storage> open_storages(const Settings& settings, std::optional<Order> given) {
  const int format = one_of(settings, "format", hpcg_formats), order = one_of(settings, "order", hpcg_orders);
  std::vector<Storage> open;
  for (const Order o : {Order::levels, Order::colours})
    for (const Format f : {Format::packed, Format::sell, Format::csr})
      if ((given ? o == *given : order == 2 || order == static_cast<int>(o)) &&
          (format == 3 || format == static_cast<int>(f)))
        open.push_back({.format = f, .order = o});
  return open;
}

}  // namespace

std::vector<Parameter> hpcg_parameters() {
  return {{"local", "104", "points a rank, 104 or 104x104x96; multiples of 8"},
          {"grid", "auto", "ranks along x, y, z as 2x2x1, or auto: near cubic"},
          {"format", "auto", "csr, sell (SELL-8-sigma), packed (16-bit indices), or auto: measured"},
          {"order", "auto", "levels (natural order), colours (more iterations), or auto: measured"}};
}

double hpcg_points(const Settings& settings, int ranks) {
  const Triple n = multigrid_box(settings);
  grid_of(settings, ranks);
  open_storages(settings, {});
  return static_cast<double>(n[0] * n[1] * n[2]);
}

Block hpcg_block(const Settings& settings, const Ranks& ranks) {
  return {grid_of(settings, ranks.size()), ranks.rank(), multigrid_box(settings)};
}

template <typename T>
Storage choose_storage(const Settings& settings, const Block& block, const Ranks& ranks, std::optional<Order> order) {
  const std::vector<Storage> open = open_storages(settings, order);
  if (open.size() == 1) return open.front();
  Block thin = block;
  thin.points[2] = 16;
  struct Trial {
    Storage storage;
    std::unique_ptr<HpcgSolver<T>> solver;
    Buffer<T> x, y;
  };
  std::vector<Trial> trials;
  for (const Storage& storage : open) {
    std::unique_ptr<HpcgSolver<T>> solver;
    try {
      solver = std::make_unique<HpcgSolver<T>>(ranks, thin, storage);
    } catch (const Unsupported&) {  // packed does not hold every matrix: the pattern decides, alike on all ranks
    }
    if (ranks.max(solver ? 0 : 1) > 0) continue;
    const std::size_t size = solver->matrix().size();
    trials.push_back({storage, std::move(solver), Buffer<T>(size), Buffer<T>(size)});
  }
  check(!trials.empty(), "no format holds this matrix in this order");
  std::vector<Candidate> candidates;
  candidates.reserve(trials.size());
  for (Trial& trial : trials)
    candidates.push_back({[&trial] {
                            trial.solver->matrix().multiply(trial.x.data(), trial.y.data());
                            trial.solver->precondition(trial.y.data(), trial.x.data());
                          },
                          trial.storage.order == Order::colours ? colour_iterations : 1});
  Storage storage = trials[fastest(ranks, candidates)].storage;
  storage.or_sell =
      settings.text("format") == "auto";  // the whole block's chunks may reach further than the thin one's
  return storage;
}

template Storage choose_storage<float>(const Settings&, const Block&, const Ranks&, std::optional<Order>);
template Storage choose_storage<double>(const Settings&, const Block&, const Ranks&, std::optional<Order>);

}  // namespace tandem::kernels
