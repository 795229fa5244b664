// All-reduce with a sum, out of place, by four algorithms: the library's MPI_Allreduce; through memory that the ranks
// of a node share (window_allreduce.hpp); that on each node with the library between the nodes; and by ranks of a node
// that read each other's memory (direct_allreduce.hpp). The inputs are such that every rank knows the sum of every
// element (contribution.hpp): equality, or the rounding bound of bf16.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "harness/base/check.hpp"
#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/network/contribution.hpp"
#include "kernels/network/direct_allreduce.hpp"
#include "kernels/network/window_allreduce.hpp"

namespace tandem::kernels {
namespace {

enum class Algorithm { library, shared_window, hierarchical, direct };

struct Choice {
  std::size_t bytes = 0;
  Algorithm algorithm = Algorithm::library;
  int group = 0;  // ranks that stand in for a node; 0: real nodes
};

Choice choice_of(const Settings& settings) {
  const std::int64_t bytes = settings.integer("bytes");
  const std::string &precision = settings.text("precision"), &algorithm = settings.text("algorithm");
  check_usage(precision == "fp32" || precision == "fp64" || precision == "bf16" || precision == "int32",
              "precision = \"{}\" is none of fp32, fp64, bf16, int32", precision);
  check_usage(
      algorithm == "library" || algorithm == "shared_window" || algorithm == "hierarchical" || algorithm == "direct",
      "algorithm = \"{}\" is none of library, shared_window, hierarchical, direct", algorithm);
  check_usage(bytes >= 8 && bytes <= 64 << 20 && bytes % 8 == 0, "bytes = {} is not a multiple of 8 in 8 .. 64M",
              bytes);
  Choice choice{static_cast<std::size_t>(bytes)};
  if (algorithm == "shared_window") choice.algorithm = Algorithm::shared_window;
  if (algorithm == "hierarchical") choice.algorithm = Algorithm::hierarchical;
  if (algorithm == "direct") choice.algorithm = Algorithm::direct;
  if (settings.text("node_ranks") == "auto") return choice;
  const std::int64_t group = settings.integer("node_ranks");
  check_usage(group >= 1 && group <= 1 << 16, "node_ranks = {} is not a number of ranks", group);
  check_usage(choice.algorithm == Algorithm::hierarchical, "node_ranks is for algorithm = \"hierarchical\" only");
  choice.group = static_cast<int>(group);
  return choice;
}

// MPI's name of an element type and of its sum. MPI has no bf16: its bits travel as 16-bit integers, and an operation
// of our own adds two of them in fp32 and rounds to nearest even.
template <typename T>
struct MpiSum;
template <>
struct MpiSum<float> {
  static constexpr Output::Type format = Output::Type::fp32;
  const MPI_Datatype type = MPI_FLOAT;
  const MPI_Op operation = MPI_SUM;
};
template <>
struct MpiSum<double> {
  static constexpr Output::Type format = Output::Type::fp64;
  const MPI_Datatype type = MPI_DOUBLE;
  const MPI_Op operation = MPI_SUM;
};
template <>
struct MpiSum<std::int32_t> {
  static constexpr Output::Type format = Output::Type::int32;
  const MPI_Datatype type = MPI_INT32_T;
  const MPI_Op operation = MPI_SUM;
};

void add_bf16(void* in, void* inout, int* count, MPI_Datatype*) {
  const auto* theirs = static_cast<const Bf16*>(in);
  auto* ours = static_cast<Bf16*>(inout);
  for (int i = 0; i < *count; ++i) store(ours[i], load(theirs[i]) + load(ours[i]));
}

template <>
struct MpiSum<Bf16> {
  static constexpr Output::Type format = Output::Type::bf16;
  const MPI_Datatype type = MPI_UINT16_T;
  MPI_Op operation = MPI_OP_NULL;
  MpiSum() { MPI_Op_create(add_bf16, 1, &operation); }
  ~MpiSum() { MPI_Op_free(&operation); }
  MpiSum(const MpiSum&) = delete;
  MpiSum& operator=(const MpiSum&) = delete;
};

template <typename T>
class AllReduce final : public Kernel {
 public:
  AllReduce(const Choice& choice, const KernelContext& context)
      : ranks_(context.ranks),
        comm_(context.ranks.comm()),
        seed_(context.seed),
        expected_(seed_, Data::exact, ranks_.size()),
        input_(choice.bytes / sizeof(T)),
        sum_(input_.size()) {
    constexpr int most = Contribution<T>::most_ranks;
    if (ranks_.size() > most)
      throw Unsupported(fmt::format("sums of this precision are judged up to {} ranks, not {}", most, ranks_.size()));
    if (choice.algorithm == Algorithm::library) return;
    nodes_.emplace(ranks_, choice.group);
    if (choice.algorithm != Algorithm::hierarchical && nodes_->count() > 1)
      throw Unsupported(fmt::format(
          "shared_window and direct need all ranks on one node, these are on {}; use hierarchical", nodes_->count()));
    if (choice.algorithm == Algorithm::direct) {
      direct_.emplace(*nodes_, input_, sum_);
      algorithm_ = fmt::format("{} ranks that read each other's memory", nodes_->ranks_each());
      return;
    }
    window_.emplace(*nodes_);
    algorithm_ = fmt::format("window of {} ranks", nodes_->ranks_each());
    if (choice.algorithm == Algorithm::hierarchical)
      algorithm_ += fmt::format(", MPI_Allreduce between {} {}", nodes_->count(),
                                choice.group > 0 ? "groups in place of nodes" : "nodes");
  }

  void prepare(Data data) override {
    expected_ = Contribution<T>(seed_, data, ranks_.size());
    for (std::size_t i = 0; i < input_.size(); ++i) {
      const double value = expected_.input(i, ranks_.rank());
      if constexpr (std::is_same_v<T, Bf16>)
        store(input_[i], static_cast<float>(value));
      else
        input_[i] = static_cast<T>(value);
    }
  }

  void run() override {
    if (direct_)
      direct_->sum();
    else if (window_)
      window_->sum(input_.data(), sum_.data(), input_.size(), mpi_.type, mpi_.operation);
    else
      MPI_Allreduce(input_.data(), sum_.data(), static_cast<int>(input_.size()), mpi_.type, mpi_.operation, comm_);
  }

  std::vector<Verdict> verify() override {
    const double bound = expected_.relative_bound(roundings());
    double wrong = 0, worst = 0;
    for (std::size_t i = 0; i < sum_.size(); ++i) {
      double value = 0;
      if constexpr (std::is_same_v<T, Bf16>)
        value = load(sum_[i]);
      else
        value = static_cast<double>(sum_[i]);
      const double right = expected_.sum(i), error = std::abs(value - right) / std::abs(right);
      if (value != right) ++wrong;
      if (bound > 0) worst = std::max(worst, std::isfinite(error) ? error / bound : limit);
    }
    if (bound == 0) return {{"elements that differ, all ranks", ranks_.sum(wrong), 0}};
    return {{fmt::format("error / bound of {} roundings", roundings()), ranks_.max(worst), 1}};
  }

  Facts facts() const override {
    const auto count = static_cast<double>(input_.size());
    const double bytes = count * sizeof(T);
    return {count * (ranks_.size() - 1) / ranks_.size(),
            bytes,
            2 * bytes,
            "",
            {{"algorithm", algorithm_}, {"elements", std::to_string(input_.size())}}};
  }

  Output output() override { return {sum_.data(), sum_.size(), MpiSum<T>::format}; }

 private:
  static constexpr double limit = std::numeric_limits<double>::infinity();

  // Of a sum at most, one after the other: MPI may add up in any order, our own algorithms round once a node.
  int roundings() const { return nodes_ ? nodes_->count() : ranks_.size() - 1; }

  const Ranks& ranks_;
  MPI_Comm comm_;
  std::uint64_t seed_;
  MpiSum<T> mpi_;
  Contribution<T> expected_;
  Buffer<T> input_, sum_;
  std::optional<Nodes> nodes_;
  std::optional<WindowAllReduce> window_;
  std::optional<DirectAllReduce<T>> direct_;
  std::string algorithm_ = "MPI_Allreduce";
};

std::unique_ptr<Kernel> make(const Settings& settings, const KernelContext& context) {
  const Choice choice = choice_of(settings);
  const std::string& precision = settings.text("precision");
  if (precision == "fp64") return std::make_unique<AllReduce<double>>(choice, context);
  if (precision == "int32") return std::make_unique<AllReduce<std::int32_t>>(choice, context);
  if (precision == "bf16") return std::make_unique<AllReduce<Bf16>>(choice, context);
  return std::make_unique<AllReduce<float>>(choice, context);
}

}  // namespace

KernelEntry network_allreduce() {
  KernelEntry entry;
  entry.name = "network/allreduce";
  entry.summary = "all-reduce, sum, by MPI or through shared memory";
  entry.parameters = {
      {"bytes", "1M", "message, 8 .. 64M"},
      {"precision", "fp32", "fp32, fp64, bf16 or int32"},
      {"algorithm", "library", "library (MPI_Allreduce), shared_window or direct (one node), or hierarchical", false},
      {"node_ranks", "auto", "hierarchical: groups of so many ranks stand in for nodes", false}};
  entry.figure = KernelEntry::Figure::time;
  entry.memory = [](const Settings& settings, const Placement&) {
    return 2.0 * static_cast<double>(choice_of(settings).bytes + 2 * WindowAllReduce::chunk_bytes);
  };
  entry.make = make;
  entry.collective = true;
  return entry;
}

}  // namespace tandem::kernels
