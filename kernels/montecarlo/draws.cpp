// The random numbers and exponentials that paths of montecarlo/paths cannot do without, and nothing else: 384 normal
// deviates of Sobol points and 336 exponentials a path, added up. The time of this is the floor of the other's. Judged
// by plain fp64 loops.
#include <cmath>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/learning/choices.hpp"
#include "kernels/learning/judging.hpp"
#include "kernels/montecarlo/normal.hpp"
#include "kernels/montecarlo/sobol.hpp"

namespace tandem::kernels {

namespace {

constexpr std::size_t normals = 384, exponentials = 48 * 7;

std::size_t paths_of(const Settings& settings) {
  const auto paths = count_of(settings, "paths", 1 << 24);
  check_usage(paths % lanes == 0, "paths={}: expected a multiple of {}", paths, lanes);
  return paths;
}

class Draws : public Kernel {
 public:
  Draws(const Settings& settings, const KernelContext& context)
      : ranks_(context.ranks),
        seed_(context.seed),
        paths_(paths_of(settings)),
        sobol_(normals, 1),
        shift_(normals),
        results_(2 * paths_) {}

  void prepare(Data data) override {
    sobol_.shift(seed_ + (data == Data::exact ? 1 : 0) + 2 * static_cast<std::uint64_t>(ranks_.rank()), shift_);
  }

  void run() override {
#pragma omp parallel
    {
      std::vector<std::uint32_t> words(normals);
      std::vector<Lanes> z(normals);
#pragma omp for schedule(static)
      for (std::size_t b = 0; b < paths_ / lanes; ++b) {
        sobol_.begin(b, shift_, words);
        Lanes sum = {}, total = {};
        for (std::size_t d = 0; d < normals; ++d) {
          z[d] = normal_.at(sobol_.within()[d] ^ words[d]);
          sum += z[d];
        }
        for (std::size_t d = 0; d < exponentials; ++d) total += exp(z[d]);
        for (std::size_t l = 0; l < lanes; ++l) {
          results_[2 * (b * lanes + l)] = sum[l];
          results_[2 * (b * lanes + l) + 1] = total[l];
        }
      }
    }
  }

  // Errors of 5e-6 in each deviate, independent, and of 48 roundings of sums of hundreds.
  std::vector<Verdict> verify() override {
    double sum_error = 0, total_error = 0;
    std::vector<std::uint32_t> words(normals);
    for (std::size_t n = 0; n < paths_; ++n) {
      sobol_.begin(n / lanes, shift_, words);
      double sum = 0, total = 0;
      for (std::size_t d = 0; d < normals; ++d) {
        const std::uint32_t word = words[d] ^ sobol_.within()[d][n % lanes];
        const double z = normal_quantile((static_cast<double>(word >> 9) + 0.5) * 0x1p-23);
        sum += z;
        if (d < exponentials) total += std::exp(z);
      }
      worse(sum_error, std::abs(static_cast<double>(results_[2 * n]) - sum));
      worse(total_error, std::abs(static_cast<double>(results_[2 * n + 1]) / total - 1));
    }
    return {{"sum of deviates, error", worst_of(ranks_, sum_error), 2e-3},
            {"sum of exponentials, relative error", worst_of(ranks_, total_error), 2e-5}};
  }

  Facts facts() const override {
    Facts facts;
    facts.flops = static_cast<double>(paths_) * (normals * (normal_flops + 1) + exponentials * (exp_flops + 1));
    facts.bytes = 8 * static_cast<double>(paths_);
    facts.working_set = 64.0 * 2 * normals + facts.bytes;
    facts.limit = "fp32";
    facts.notes = {{"normal deviates a path", fmt::format("{}", normals)},
                   {"exponentials a path", fmt::format("{}", exponentials)}};
    return facts;
  }

  Output output() override { return {results_.data(), results_.size(), Output::Type::fp32}; }

 private:
  const Ranks& ranks_;
  std::uint64_t seed_;
  std::size_t paths_;
  Sobol sobol_;
  NormalTable normal_;
  std::vector<std::uint32_t> shift_;
  Buffer<float> results_;
};

}  // namespace

KernelEntry montecarlo_draws() {
  KernelEntry entry;
  entry.name = "montecarlo/draws";
  entry.summary = "normal deviates of Sobol points and exponentials, as many as a path of montecarlo/paths needs";
  entry.parameters = {{"paths", "16384", "paths of each rank, a multiple of 16"}};
  entry.memory = [](const Settings& settings, const Placement&) {
    return 1e6 + 8 * static_cast<double>(paths_of(settings));
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<Draws>(settings, context);
  };
  return entry;
}

}  // namespace tandem::kernels
