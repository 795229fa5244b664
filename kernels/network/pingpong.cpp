// One message between ranks 0 and 1, one way: MPI_Send and MPI_Recv of contiguous fp64 values. The direction changes
// from run to run, so that each message answers the one before: the time of a run is the latency, bytes / time the
// bandwidth of one message under way at a time (as in the OSU latency test; osu_bw keeps 64 under way). Other ranks
// look on. Each element that arrived is checked for equality with what the other rank drew.
#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"
#include "harness/ranks/messages.hpp"

namespace tandem::kernels {
namespace {

std::size_t message(const Settings& settings) {
  const std::int64_t bytes = settings.integer("bytes");
  check_usage(bytes >= 8 && bytes <= 1 << 30 && bytes % 8 == 0, "bytes = {} is not a multiple of 8 in 8 .. 1G", bytes);
  return static_cast<std::size_t>(bytes);
}

class PingPong final : public Kernel {
 public:
  PingPong(const Settings& settings, const KernelContext& context)
      : ranks_(context.ranks), seed_(context.seed), bytes_(message(settings)) {
    if (ranks_.size() < 2) throw Unsupported("network/pingpong needs 2 ranks, this is 1");
    comm_ = ranks_.comm();
    if (ranks_.rank() > 1) return;
    sent_ = Buffer<double>(bytes_ / sizeof(double));
    received_ = Buffer<double>(sent_.size());
  }

  void prepare(Data data) override {
    data_ = data;
    sender_ = 1;  // of the last run: rank 0 begins
    for (std::size_t i = 0; i < sent_.size(); ++i) sent_[i] = draw(ranks_.rank(), i);
  }

  void run() override {
    constexpr int tag = 3;
    sender_ = 1 - sender_;
    if (ranks_.rank() > 1) return;
    const auto count = static_cast<int>(sent_.size());
    if (ranks_.rank() == sender_) {
      MPI_Send(sent_.data(), count, MPI_DOUBLE, 1 - sender_, tag, comm_);
      ++messages_sent;
    } else {
      MPI_Recv(received_.data(), count, MPI_DOUBLE, sender_, tag, comm_, MPI_STATUS_IGNORE);
    }
  }

  std::vector<Verdict> verify() override {
    double wrong = 0;
    if (receives())
      for (std::size_t i = 0; i < received_.size(); ++i) wrong += received_[i] == draw(sender_, i) ? 0 : 1;
    return {{"elements that differ", ranks_.sum(wrong), 0}};
  }

  Facts facts() const override {
    const double bytes = ranks_.root() ? static_cast<double>(bytes_) : 0;  // summed over the ranks: one message
    return {0, bytes, static_cast<double>(sent_.size() * sizeof(double)), "", {{"figure", "one message, one way"}}};
  }

  // Of the last run; before the first, of both ranks.
  Output output() override { return {received_.data(), received_.size(), Output::Type::fp64}; }

 private:
  bool receives() const { return ranks_.rank() == 1 - sender_; }
  double draw(int rank, std::size_t i) const {
    const auto stream = 1 + static_cast<std::uint64_t>(rank);
    return data_ == Data::exact ? 1 + static_cast<double>(random_bits(seed_, stream, i) % 1000)
                                : random_uniform(seed_, stream, i);
  }

  const Ranks& ranks_;
  std::uint64_t seed_;
  std::size_t bytes_;
  MPI_Comm comm_ = MPI_COMM_NULL;
  Data data_ = Data::exact;
  int sender_ = 1;
  Buffer<double> sent_, received_;
};

}  // namespace

KernelEntry network_pingpong() {
  KernelEntry entry;
  entry.name = "network/pingpong";
  entry.summary = "a message between ranks 0 and 1, one way";
  entry.parameters = {{"bytes", "8", "message, 8 .. 1G"}};
  entry.figure = KernelEntry::Figure::time;
  entry.memory = [](const Settings& settings, const Placement&) {
    return 2.0 * static_cast<double>(message(settings));
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<PingPong>(settings, context);
  };
  entry.collective = true;
  return entry;
}

}  // namespace tandem::kernels
