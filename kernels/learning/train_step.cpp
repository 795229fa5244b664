// One training step of a multilayer perceptron: forward, squared error, backward, AdamW; 6 B W operations for W weights
// and B rows a rank (2 forward, 4 backward). Ranks train on their own rows and add their gradients up. Data and
// verdicts: train_case.hpp.
#include "harness/base/check.hpp"
#include "kernels/learning/train_case.hpp"

namespace tandem::kernels {

namespace {

class TrainStep final : public Kernel {
 public:
  TrainStep(const Settings& settings, const KernelContext& context)
      : ranks_(context.ranks),
        case_(settings, context),
        mlp_(case_.shape(), case_.precision()),
        pass_(mlp_, case_.batch(), MlpPass::Backward::parameters),
        adam_(mlp_.parameters().size(), {}),
        row_weights_(case_.batch(), static_cast<float>(case_.row_weight())),
        output_weights_(mlp_.shape().layers.back(), 1.0f) {
    if (pass_.reference())
      throw Unsupported(fmt::format("oneDNN {} has only a reference implementation of {} products on this CPU",
                                    onednn_version(), case_.limit()));
  }

  void prepare(Data data) override {
    case_.prepare(data);
    pass_.set_inputs(case_.inputs());
    mlp_.initialise(case_.seed());
    adam_.reset();
    keep();
    loss_ = 0;
  }

  bool keep() override {
    adam_.keep(mlp_.parameters());
    return true;
  }

  void run() override {
    pass_.forward();
    loss_ = pass_.squared_error(case_.targets(), row_weights_, output_weights_);
    pass_.backward();
    ranks_.sum(mlp_.gradients());
    adam_.step(mlp_.trained(), TrainCase::rate);
  }

  std::vector<Verdict> verify() override {
    return case_.judge(mlp_.gradients(), adam_.before().w, loss_, adam_.error(mlp_.trained(), TrainCase::rate));
  }

  Facts facts() const override {
    Facts facts = case_.facts();
    facts.limit = case_.limit();
    facts.notes["library"] = "oneDNN " + onednn_version();
    facts.notes["implementation"] = pass_.implementation();
    return facts;
  }

  Output output() override { return {mlp_.gradients().data(), mlp_.gradients().size(), Output::Type::fp32}; }

 private:
  const Ranks& ranks_;
  TrainCase case_;
  Mlp mlp_;
  MlpPass pass_;
  AdamW adam_;
  std::vector<float> row_weights_, output_weights_;
  double loss_ = 0;
};

}  // namespace

KernelEntry learning_train_step() {
  KernelEntry entry = train_entry("");
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<TrainStep>(settings, context);
  };
  entry.collective = true;
  return entry;
}

}  // namespace tandem::kernels
