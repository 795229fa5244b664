// Energies and forces of `poses` x `replicas` rigid clusters of moving sites among fixed ones, all pairs: Lennard-Jones
// and screened Coulomb (kernels/particle/site.hpp), as a step of the molecules pipeline computes them. Replicas are
// vector lanes, poses are shared out to threads. Two fifths of each side have charges, so that 16 % of the pairs do.
// Cost by PairField::flops; operands lie in the first-level cache, so that arithmetic is the limit. Judged in fp64 by
// the definition, against the bound of the roundings of all terms.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/particle/pair_field.hpp"
#include "kernels/particle/pair_reference.hpp"

namespace tandem::kernels {
namespace {

struct Shape {
  std::size_t poses, replicas, sites, fixed;
  std::size_t values() const { return (3 * sites + 1) * replicas; }  // forces and energies of a pose
};

std::size_t count_of(const Settings& settings, const char* key, std::int64_t most) {
  const std::int64_t value = settings.integer(key);
  check_usage(value >= 1 && value <= most, "{}={}: expected 1 to {}", key, value, most);
  return static_cast<std::size_t>(value);
}

bool in_double(const Settings& settings) {
  const std::string& text = settings.text("precision");
  check_usage(text == "fp32" || text == "fp64", "precision={}: expected fp32 or fp64", text);
  return text == "fp64";
}

Shape shape_of(const Settings& settings) {
  const Shape shape{count_of(settings, "poses", 1 << 20), count_of(settings, "replicas", 1 << 16),
                    count_of(settings, "sites", 1000), count_of(settings, "fixed", 1 << 20)};
  const std::size_t width = in_double(settings) ? PairField<double>::width : PairField<float>::width;
  check_usage(shape.replicas % width == 0, "replicas={}: expected a multiple of {}, the lanes of a vector",
              shape.replicas, width);
  return shape;
}

double memory(const Settings& settings, const Placement&) {
  const Shape shape = shape_of(settings);
  return static_cast<double>(shape.poses * shape.values() * 2 + shape.fixed * 8 * 5) * (in_double(settings) ? 8 : 4);
}

constexpr SiteKind kinds[] = {{1.0, 0.7, 0}, {0.9, 0.5, 1}, {1.25, 1.1, 0}, {0.9, 0.5, -1}, {0.7, 0.2, 0}};

// Around a cavity of radius 3.3.
std::vector<Site> fixed_sites(std::size_t count, std::uint64_t seed) {
  std::vector<Site> sites;
  for (std::size_t j = 0; j < count; ++j) {
    const auto u = [&](std::uint64_t stream) { return random_uniform(seed, stream, j); };
    const double z = 2 * u(0) - 1, angle = 2 * std::numbers::pi * u(1), r = 3.3 + u(2), across = std::sqrt(1 - z * z);
    sites.push_back({r * across * std::cos(angle), r * across * std::sin(angle), r * z, kinds[j % std::size(kinds)]});
  }
  return sites;
}

template <typename T>
class PairForces final : public Kernel {
 public:
  PairForces(const Shape& shape, const KernelContext& context)
      : ranks_(context.ranks),
        seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        shape_(shape),
        fixed_(fixed_sites(shape.fixed, seed_)),
        field_(fixed_, kinds),
        positions_(shape.poses * shape.sites * 3 * shape.replicas),
        output_(shape.poses * shape.values()) {
    for (std::size_t i = 0; i < shape.sites; ++i) of_sites_.push_back(i % std::size(kinds));
  }

  // The arithmetic is never exact: both kinds of data are random reals, sites anywhere in the cavity.
  void prepare(Data data) override {
    const auto count = static_cast<std::ptrdiff_t>(positions_.size());
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i)
      positions_.data()[i] =
          static_cast<T>(4 * random_uniform(seed_, data == Data::exact ? 3 : 4, static_cast<std::uint64_t>(i)) - 2);
  }

  void run() override {
    const auto poses = static_cast<std::ptrdiff_t>(shape_.poses);
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t p = 0; p < poses; ++p) {
      T* const forces = output_.data() + static_cast<std::size_t>(p) * shape_.values();
      field_.forces(of_sites_, shape_.replicas, pose(p), forces, forces + 3 * shape_.sites * shape_.replicas);
    }
  }

  std::vector<Verdict> verify() override {
    double worst = 0;
    const auto count = static_cast<std::ptrdiff_t>(shape_.poses * shape_.replicas);
#pragma omp parallel for schedule(static) reduction(max : worst)
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const double error = lane_error(at / shape_.replicas, at % shape_.replicas);
      worst = std::max(worst, std::isnan(error) ? std::numeric_limits<double>::infinity() : error);
    }
    const double wrong = ranks_.max(std::isfinite(worst) ? 0.0 : 1.0),
                 most = ranks_.max(std::isfinite(worst) ? worst : 0);
    return {{"forces and energies, error / bound", wrong > 0 ? std::numeric_limits<double>::infinity() : most, 1}};
  }

  Facts facts() const override {
    const auto lanes = static_cast<double>(shape_.poses * shape_.replicas);
    Facts facts;
    facts.flops = lanes * field_.flops(of_sites_);
    facts.bytes = static_cast<double>(sizeof(T) * (positions_.size() + output_.size()));
    facts.working_set = field_.bytes(shape_.sites, shape_.replicas);  // of one pose; the next one streams by
    facts.limit = sizeof(T) == 4 ? "fp32" : "fp64";
    facts.notes["pairs"] = fmt::format("{:.0f}", lanes * static_cast<double>(shape_.sites * shape_.fixed));
    return facts;
  }

  Output output() override {
    return {output_.data(), output_.size(), sizeof(T) == 4 ? Output::Type::fp32 : Output::Type::fp64};
  }

 private:
  const T* pose(std::ptrdiff_t p) const {
    return positions_.data() + static_cast<std::size_t>(p) * shape_.sites * 3 * shape_.replicas;
  }

  // Worst error of one lane over its bound: 64 roundings of every term's magnitude, those of the sum included.
  double lane_error(std::size_t p, std::size_t lane) const {
    const T* const x = pose(static_cast<std::ptrdiff_t>(p)) + lane;
    const T* const f = output_.data() + p * shape_.values() + lane;
    const std::size_t n = shape_.replicas;
    std::vector<Site> moving;
    for (std::size_t i = 0; i < shape_.sites; ++i) {
      const auto at = [&](std::size_t axis) { return static_cast<double>(x[(3 * i + axis) * n]); };
      moving.push_back({at(0), at(1), at(2), kinds[of_sites_[i]]});
    }
    const PairSum sum = pair_sum(fixed_, moving);
    const double unit = 64 * static_cast<double>(std::numeric_limits<T>::epsilon());
    double worst = 0;
    const auto worse = [&](double error) {
      if (!(error <= worst)) worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
    };
    worse(std::abs(static_cast<double>(f[3 * shape_.sites * n]) - sum.energy) / (unit * sum.energy_terms));
    for (std::size_t i = 0; i < shape_.sites; ++i)
      for (std::size_t axis = 0; axis < 3; ++axis)
        worse(std::abs(static_cast<double>(f[(3 * i + axis) * n]) - sum.forces[i][axis]) / (unit * sum.force_terms[i]));
    return worst;
  }

  const Ranks& ranks_;
  std::uint64_t seed_;
  Shape shape_;
  std::vector<Site> fixed_;
  PairField<T> field_;
  std::vector<std::size_t> of_sites_;
  Buffer<T> positions_, output_;  // [pose][site][axis][replica]; the output's energies behind the forces of a pose
};

}  // namespace

KernelEntry particle_pair_forces() {
  KernelEntry entry;
  entry.name = "particle/pair_forces";
  entry.summary =
      "forces and energies of replicas of a rigid molecule among fixed sites: Lennard-Jones, screened Coulomb";
  entry.parameters = {{"fixed", "131", "fixed sites"},
                      {"sites", "10", "moving sites of a replica"},
                      {"replicas", "64", "of a pose, side by side in vector lanes"},
                      {"poses", "64", "of each rank, shared out to threads"},
                      {"precision", "fp32", "fp32 or fp64"}};
  entry.memory = memory;
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    if (in_double(settings)) return std::make_unique<PairForces<double>>(shape_of(settings), context);
    return std::make_unique<PairForces<float>>(shape_of(settings), context);
  };
  return entry;
}

}  // namespace tandem::kernels
