// Halo exchange of a box on a 3-D grid of ranks: each rank sends the points next to its up to 26 neighbours and
// receives theirs, packing and unpacking included: the routine of sparse/hpcg (kernels/sparse/halo.hpp). A point's
// value is a function of its number in the whole grid, so each one that arrives is checked for equality.
#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/sparse/grid_settings.hpp"

namespace tandem::kernels {
namespace {

class HaloExchange final : public Kernel {
 public:
  HaloExchange(const Block& block, const KernelContext& context)
      : ranks_(context.ranks),
        seed_(context.seed),
        block_(block),
        numbering_(number_points(block)),
        halo_(ranks_, numbering_.neighbours),
        rows_(static_cast<std::size_t>(block.rows())),
        x_(numbering_.columns) {
    if (halo_.empty()) throw Unsupported("network/halo needs 2 ranks or more, this is 1");
  }

  void prepare(Data data) override {
    data_ = data;
    block_.each_point(
        [&](std::int64_t row, std::int64_t, std::int64_t point) { x_[static_cast<std::size_t>(row)] = value(point); });
  }

  void run() override { halo_.exchange(x_.data()); }

  std::vector<Verdict> verify() override {
    double wrong = 0;
    const Triple n = block_.points;
    for (std::int64_t z = -1; z <= n[2]; ++z)
      for (std::int64_t y = -1; y <= n[1]; ++y)
        for (std::int64_t x = -1; x <= n[0]; ++x) {
          const std::int64_t point = block_.global(x, y, z);
          const auto column =
              static_cast<std::size_t>(numbering_.column[static_cast<std::size_t>(block_.box(x, y, z))]);
          if (point >= 0) wrong += x_[column] == value(point) ? 0 : 1;
        }
    return {{"points that differ, all ranks", ranks_.sum(wrong), 0}};
  }

  Facts facts() const override {
    const double bytes = static_cast<double>(output_size()) * sizeof(double);  // received; as many are sent
    return {0,
            bytes,
            4 * bytes,
            "",
            {{"grid", text_of(block_.ranks)},
             {"neighbours", std::to_string(numbering_.neighbours.size())},
             {"halo", fmt::format("{} points", output_size())}}};
  }

  Output output() override { return {x_.data() + rows_, output_size(), Output::Type::fp64}; }

 private:
  std::size_t output_size() const { return x_.size() - rows_; }
  double value(std::int64_t point) const {
    const auto index = static_cast<std::uint64_t>(point);
    return data_ == Data::exact ? 1 + static_cast<double>(random_bits(seed_, 1, index) % 1000)
                                : random_uniform(seed_, 1, index);
  }

  const Ranks& ranks_;
  std::uint64_t seed_;
  Block block_;
  Numbering numbering_;
  Halo halo_;
  std::size_t rows_;
  Buffer<double> x_;  // own points, behind them the halo
  Data data_ = Data::exact;
};

double memory(const Settings& settings, const Placement& placement) {
  const Triple n = local_box(settings);
  grid_of(settings, placement.ranks);
  const auto points = static_cast<double>((n[0] + 2) * (n[1] + 2) * (n[2] + 2));
  return points * (sizeof(double) + sizeof(std::int32_t)) +
         40 * (points - static_cast<double>(n[0] * n[1] * n[2]));  // index lists and messages, both ways
}

}  // namespace

KernelEntry network_halo() {
  KernelEntry entry;
  entry.name = "network/halo";
  entry.summary = "halo exchange of a box of points with up to 26 neighbours";
  entry.parameters = {{"local", "64", "points a rank, 64 or 64x64x32"},
                      {"grid", "auto", "ranks along x, y, z as 2x2x1, or auto: near cubic"}};
  entry.figure = KernelEntry::Figure::time;
  entry.memory = memory;
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    const Block block(grid_of(settings, context.ranks.size()), context.ranks.rank(), local_box(settings));
    return std::make_unique<HaloExchange>(block, context);
  };
  entry.collective = true;
  return entry;
}

}  // namespace tandem::kernels
