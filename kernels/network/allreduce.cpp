// All-reduce with a sum, out of place, by four algorithms: the library's MPI_Allreduce; through memory that the ranks
// of a node share (window_allreduce.hpp); that on each node with the library between the nodes; and by ranks of a node
// that read each other's memory (direct_allreduce.hpp). Data and verdicts: allreduce_case.hpp.
#include <optional>

#include "harness/device/buffer.hpp"
#include "kernels/network/allreduce_case.hpp"
#include "kernels/network/direct_allreduce.hpp"
#include "kernels/network/mpi_sum.hpp"
#include "kernels/network/window_allreduce.hpp"

namespace tandem::kernels {
namespace {

const AllReduceLimits& limits() {
  static const AllReduceLimits known = {{"library", "shared_window", "hierarchical", "direct"}, 64 << 20};
  return known;
}

struct Choice : AllReduceChoice {
  int group = 0;  // ranks that stand in for a node; 0: real nodes
};

Choice choice_of(const Settings& settings) {
  Choice choice{allreduce_choice(settings, limits())};
  if (settings.text("node_ranks") == "auto") return choice;
  const std::int64_t group = settings.integer("node_ranks");
  check_usage(group >= 1 && group <= 1 << 16, "node_ranks = {} is not a number of ranks", group);
  check_usage(choice.algorithm == "hierarchical", "node_ranks is for algorithm = \"hierarchical\" only");
  choice.group = static_cast<int>(group);
  return choice;
}

template <typename T>
class AllReduce final : public Kernel {
 public:
  AllReduce(const Choice& choice, const KernelContext& context)
      : ranks_(context.ranks),
        comm_(context.ranks.comm()),
        case_(choice.bytes, context),
        input_(case_.size()),
        sum_(case_.size()) {
    if (choice.algorithm == "library") return;
    nodes_.emplace(ranks_, choice.group);
    if (choice.algorithm != "hierarchical" && nodes_->count() > 1)
      throw Unsupported(fmt::format(
          "shared_window and direct need all ranks on one node, these are on {}; use hierarchical", nodes_->count()));
    if (choice.algorithm == "direct") {
      direct_.emplace(*nodes_, input_, sum_);
      algorithm_ = fmt::format("{} ranks that read each other's memory", nodes_->ranks_each());
      return;
    }
    window_.emplace(*nodes_);
    algorithm_ = fmt::format("window of {} ranks", nodes_->ranks_each());
    if (choice.algorithm == "hierarchical")
      algorithm_ += fmt::format(", MPI_Allreduce between {} {}", nodes_->count(),
                                choice.group > 0 ? "groups in place of nodes" : "nodes");
  }

  void prepare(Data data) override { case_.prepare(data, input_.data()); }

  void run() override {
    if (direct_)
      direct_->sum();
    else if (window_)
      window_->sum(input_.data(), sum_.data(), input_.size(), mpi_.type, mpi_.operation);
    else
      MPI_Allreduce(input_.data(), sum_.data(), static_cast<int>(input_.size()), mpi_.type, mpi_.operation, comm_);
  }

  std::vector<Verdict> verify() override { return case_.judge(sum_.data(), roundings()); }

  Facts facts() const override { return case_.facts(algorithm_); }

  Output output() override { return {sum_.data(), sum_.size(), MpiSum<T>::format}; }

 private:
  // Of a sum at most, one after the other: MPI may add up in any order, our own algorithms round once a node.
  int roundings() const { return nodes_ ? nodes_->count() : ranks_.size() - 1; }

  const Ranks& ranks_;
  MPI_Comm comm_;
  MpiSum<T> mpi_;
  AllReduceCase<T> case_;
  Buffer<T> input_, sum_;
  std::optional<Nodes> nodes_;
  std::optional<WindowAllReduce> window_;
  std::optional<DirectAllReduce<T>> direct_;
  std::string algorithm_ = "MPI_Allreduce";
};

}  // namespace

KernelEntry network_allreduce() {
  KernelEntry entry = allreduce_entry("all-reduce, sum, by MPI or through shared memory", limits(),
                                      "library (MPI_Allreduce), shared_window or direct (one node), or hierarchical");
  entry.parameters.push_back({"node_ranks", "auto", "hierarchical: groups of so many ranks stand in for nodes", false});
  entry.memory = [](const Settings& settings, const Placement&) {
    return 2.0 * static_cast<double>(choice_of(settings).bytes + 2 * WindowAllReduce::chunk_bytes);
  };
  entry.make = [](const Settings& settings, const KernelContext& context) {
    return make_allreduce<AllReduce>(settings, choice_of(settings), context);
  };
  return entry;
}

}  // namespace tandem::kernels
