// One training step of a multilayer perceptron on a device (device_mlp.hpp): forward, squared error, backward, AdamW.
// Ranks train on their own rows and add their gradients up (device_allreduce.hpp). Judged on the host (train_case.hpp).
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/device/gpu_graph.hpp"
#include "harness/device/gpu_memory.hpp"
#include "kernels/learning/device_mlp.hpp"
#include "kernels/learning/train_case.hpp"
#include "kernels/network/device_allreduce.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

SumBy sum_by(const Settings& settings) {
  const std::string& sum = settings.text("sum");
  check_usage(sum == "auto" || sum == "library" || sum == "staged", "sum = \"{}\" is none of auto, library, staged",
              sum);
  if (sum == "auto") return SumBy::any;
  return sum == "library" ? SumBy::library : SumBy::staged;
}

bool graph_of(const Settings& settings) {
  const std::string& graph = settings.text("graph");
  check_usage(graph == "on" || graph == "off", "graph = \"{}\" is neither on nor off", graph);
  return graph == "on";
}

template <typename T>
class TrainStep final : public Kernel {
 public:
  TrainStep(const Settings& settings, const KernelContext& context)
      : device_(choose_device(context.ranks)),
        case_(settings, context),
        n_(case_.shape().parameters()),
        mlp_(case_.shape(), case_.batch()),
        before_(3 * n_),
        adamw_(TrainCase::rate) {
    if (context.ranks.size() > 1) sum_ = std::make_unique<DeviceAllreduce<float>>(context.ranks, sum_by(settings), n_);
    prepare(Data::random);  // zeros would run faster than what is timed
    mlp_.choose_ways(context.ranks);
    if (graph_of(settings)) record();
  }

  void prepare(Data data) override {
    case_.prepare(data);
    Buffer<T> inputs(case_.inputs().size());
    for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = rounded_if(case_.inputs()[i]);
    copy_in(mlp_.inputs(), inputs.data(), inputs.size() * sizeof(T));
    const std::vector<float> rows(case_.batch(), static_cast<float>(case_.row_weight())),
        outputs(case_.shape().layers.back(), 1.0f);
    copy_in(mlp_.targets(), case_.targets().data(), case_.targets().size() * sizeof(float));
    copy_in(mlp_.row_weights(), rows.data(), rows.size() * sizeof(float));
    copy_in(mlp_.output_weights(), outputs.data(), outputs.size() * sizeof(float));
    Mlp mlp(case_.shape(), case_.precision());
    mlp.initialise(case_.seed());
    mlp_.set_parameters(mlp);
    steps_ = 0;
    adamw_.restart();
    keep();
  }

  bool keep() override {
    start_copy(before_.data(), mlp_.state(), 3 * n_ * sizeof(float));
    return true;
  }

  void run() override {
    ++steps_;
    if (graph_)
      graph_->replay();
    else
      start_step();
  }
  void finish() override { GPU_VENDOR::finish(); }

  std::vector<Verdict> verify() override {
    Buffer<float> state(3 * n_), before(3 * n_);
    float loss = 0;
    copy_out(state.data(), mlp_.state(), 3 * n_ * sizeof(float));
    before_.download(before);
    copy_out(&loss, mlp_.loss(), sizeof loss);
    Buffer<std::uint16_t> bits(mlp_.rounded().size());
    if (bits.size() > 0) mlp_.rounded().download(bits);
    std::vector<Bf16> rounded(bits.size());
    for (std::size_t i = 0; i < rounded.size(); ++i) rounded[i].bits = bits[i];
    const auto part = [&](Buffer<float>& of, std::size_t i) { return std::span<float>(of.data() + i * n_, n_); };
    const std::span<const float> gradients(mlp_.gradients().fetch().data(), n_);
    const double update =
        adamw_error({gradients, part(state, 0), rounded}, {part(state, 0), part(state, 1), part(state, 2)},
                    {part(before, 0), part(before, 1), part(before, 2)}, {}, TrainCase::rate, steps_);
    return case_.judge(gradients, part(before, 0), static_cast<double>(loss), update);
  }

  Facts facts() const override {
    Facts facts = case_.facts();
    facts.notes["device"] = device_.name;
    facts.notes["library"] = mlp_.library();
    facts.notes["graph"] = graph_note_;
    if (sum_) facts.notes["sum"] = sum_->how();
    return facts;
  }

  Output output() override {
    DeviceResult<float>& gradients = mlp_.gradients();
    Buffer<float>& host = gradients.fetch();
    return {host.data(), host.size(), Output::Type::fp32, [&gradients] { gradients.put(); }};
  }

 private:
  static T rounded_if(float value) {
    if constexpr (!DeviceMlp<T>::rounds) return value;
    Bf16 rounded;
    store(rounded, value);
    return static_cast<T>(rounded.bits);
  }

  void record() {
    if (sum_ && sum_->host_waits()) {
      graph_note_ = "off: the host takes part in the sum";
      return;
    }
    start_step();
    GPU_VENDOR::finish();
    graph_ = std::make_unique<DeviceGraph>([this] { start_step(); });
    graph_note_ = "on";
  }

  void start_step() {
    mlp_.start_gradients();
    if (sum_) sum_->start(mlp_.gradients().device(), mlp_.gradients().device());
    mlp_.start_update(adamw_.advance());
  }

  const GpuDevice& device_;
  TrainCase case_;
  std::size_t n_;
  DeviceMlp<T> mlp_;
  DeviceBuffer<float> before_;
  AdamWSteps adamw_;
  std::unique_ptr<DeviceAllreduce<float>> sum_;  // of several ranks' gradients
  std::unique_ptr<DeviceGraph> graph_;
  std::string graph_note_ = "off";
  std::size_t steps_ = 0;
};

}  // namespace

KernelEntry learning_train_step() {
  KernelEntry entry = train_entry(" on the device");
  entry.parameters.push_back(
      {"sum", "auto",
       "of several ranks' gradients: library (NCCL, RCCL), staged (MPI through the host's memory), "
       "or auto: the first where there is one",
       false});
  entry.parameters.push_back({"graph", "on", "a step is recorded once and replayed: on or off", false});
  entry.memory = [of_case = entry.memory](const Settings& settings, const Placement& placement) {
    sum_by(settings);
    graph_of(settings);
    return of_case(settings, placement);
  };
  entry.collective = true;
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    if (settings.text("precision") == "bf16") return std::make_unique<TrainStep<std::uint16_t>>(settings, context);
    return std::make_unique<TrainStep<float>>(settings, context);
  };
  return entry;
}

}  // namespace tandem::GPU_VENDOR
