#include "kernels/dense/lu_shape.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "harness/base/check.hpp"
#include "harness/device/host.hpp"

namespace tandem::kernels {
namespace {

constexpr std::int64_t kMostOrder = 1 << 22;
constexpr std::int64_t kMostBlock = 1024;
constexpr std::size_t kMostAspect = 4;  // of a grid that is chosen, Q : P
constexpr std::string_view kMemory = "memory:";

// P <= Q, as square as the divisors of `ranks` allow: row exchanges cost more than panel broadcasts.
LuShape square_grid(int ranks) {
  LuShape shape;
  const auto all = static_cast<std::size_t>(ranks);
  for (std::size_t p = 1; p * p <= all; ++p)
    if (all % p == 0) shape.p = p;
  shape.q = all / shape.p;
  return shape;
}

bool slim(const LuShape& shape) { return shape.q > kMostAspect * shape.p; }

int nearest_good(int ranks, int step) {
  do ranks += step;
  while (slim(square_grid(ranks)));
  return ranks;
}

LuShape grid_of(const Settings& settings, int ranks) {
  const bool chosen_p = settings.text("p") == "auto", chosen_q = settings.text("q") == "auto";
  const std::int64_t p = chosen_p ? 0 : settings.integer("p"), q = chosen_q ? 0 : settings.integer("q");
  if (chosen_p && chosen_q) {
    const LuShape shape = square_grid(ranks);
    check_usage(
        !slim(shape),
        "{} ranks make no better grid than {} x {}, which is slow; use {} or {} ranks, or ask for it with p = {}, "
        "q = {}",
        ranks, shape.p, shape.q, nearest_good(ranks, -1), nearest_good(ranks, 1), shape.p, shape.q);
    return shape;
  }
  check_usage((chosen_p || p >= 1) && (chosen_q || q >= 1), "p = {}, q = {} is no grid of processes",
              settings.text("p"), settings.text("q"));
  LuShape shape;
  shape.p = static_cast<std::size_t>(chosen_p ? std::max<std::int64_t>(1, ranks / q) : p);
  shape.q = static_cast<std::size_t>(chosen_q ? std::max<std::int64_t>(1, ranks / p) : q);
  check_usage(shape.p * shape.q == static_cast<std::size_t>(ranks),
              "a grid of p x q = {} x {} does not have {} process{}; set ranks = p x q, or p and q to \"auto\"",
              shape.p, shape.q, ranks, ranks == 1 ? "" : "es");
  return shape;
}

void set_order(LuShape& shape, std::size_t n, const Settings& settings, const LuRules& rules) {
  shape.n = n;
  shape.nb = rules.block(shape);
  if (settings.text("nb") == "auto") return;
  const std::int64_t nb = settings.integer("nb");
  check_usage(nb >= 1 && nb <= kMostBlock, "nb = {} is no block size (1 .. {})", nb, kMostBlock);
  check_usage(static_cast<std::size_t>(nb) <= n, "nb = {} is more than n = {}; choose nb <= n", nb, n);
  shape.nb = static_cast<std::size_t>(nb);
}

// The largest order that fits, a multiple of 64; 0 if none.
std::size_t largest_order(LuShape shape, const Settings& settings, const LuRules& rules, double bytes) {
  const auto ranks = static_cast<double>(shape.p * shape.q);
  auto n = static_cast<std::size_t>(std::sqrt(std::max(0.0, bytes * ranks / 8))) / 64 * 64;
  const std::int64_t least = settings.text("nb") == "auto" ? 64 : settings.integer("nb");
  for (; n >= static_cast<std::size_t>(std::max<std::int64_t>(64, least)); n -= 64) {
    set_order(shape, n, settings, rules);
    if (rules.bytes(shape) <= bytes) return n;
  }
  return 0;
}

double memory_fraction(const std::string& n) {
  const std::string text = n.substr(kMemory.size());
  Settings one;
  one.set("fraction", text);
  const double fraction = one.number("fraction");
  check_usage(fraction > 0 && fraction <= 0.9,
              "n = \"{}\" is no fraction of the memory; choose memory:0.01 .. memory:0.9", n);
  return fraction;
}

}  // namespace

std::size_t lu_block(const LuShape& shape) {
  const std::size_t n = shape.n;
  return n >= 8192 ? 256 : n >= 4096 ? 192 : n >= 1536 ? 128 : n >= 512 ? 64 : std::min<std::size_t>(n, 32);
}

double available_to_each(const Ranks& ranks) { return -ranks.max(-available_memory_bytes() / ranks_on_host(ranks)); }

LuShape lu_shape(const Settings& settings, int ranks, double available, const LuRules& rules) {
  LuShape shape = grid_of(settings, ranks);
  if (settings.text("nb") != "auto") settings.integer("nb");
  const std::string& n = settings.text("n");
  if (n.starts_with(kMemory)) {
    const std::size_t order = largest_order(shape, settings, rules, memory_fraction(n) * available);
    check_usage(order > 0, "n = \"{}\": no matrix fits {:.3g} GiB a rank; choose a larger fraction", n,
                memory_fraction(n) * available / 0x1p30);
    set_order(shape, order, settings, rules);
    return shape;
  }
  const std::int64_t order = settings.integer("n");
  check_usage(order >= 1 && order <= kMostOrder, "n = {} is not a matrix order (1 .. {})", order, kMostOrder);
  set_order(shape, static_cast<std::size_t>(order), settings, rules);
  check_usage(rules.bytes(shape) <= available,
              "n = {} needs {:.3g} GiB a rank, {:.3g} GiB is available; n = {} fits, or use more ranks on more nodes",
              order, rules.bytes(shape) / 0x1p30, available / 0x1p30, largest_order(shape, settings, rules, available));
  return shape;
}

LuShape device_lu_shape(const Settings& settings, const std::function<std::size_t(const LuShape&)>& block) {
  check_usage(!settings.text("n").starts_with(kMemory), "n = \"{}\": on a device give the order itself",
              settings.text("n"));
  Settings whole = settings;
  whole.set("p", "1");
  whole.set("q", "1");
  if (!whole.has("nb")) whole.set("nb", "auto");
  return lu_shape(whole, 1, HUGE_VAL, {[](const LuShape&) { return 0.0; }, block});
}

}  // namespace tandem::kernels
