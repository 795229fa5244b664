// The spectral layer of a Fourier neural operator (Li et al. 2021) on a grid in two dimensions, fp32: truncated
// transforms and mixing of the channels as products by oneDNN (kernels/learning/spectral_layer.hpp); in training also
// the gradients of the inputs and of the mixing weights. Data and verdicts: spectral_case.hpp.
#include "harness/base/check.hpp"
#include "kernels/learning/spectral_case.hpp"
#include "kernels/learning/spectral_layer.hpp"

namespace tandem::kernels {

namespace {

class Spectral final : public Kernel {
 public:
  Spectral(const SpectralShape& shape, bool training, const KernelContext& context)
      : case_(context), layer_(shape, training) {
    if (layer_.reference())
      throw Unsupported(
          fmt::format("oneDNN {} has only a reference implementation of fp32 products on this CPU", onednn_version()));
  }

  void prepare(Data data) override { case_.prepare(layer_, data); }

  void run() override {
    layer_.forward();
    if (layer_.training()) layer_.backward();
  }

  std::vector<Verdict> verify() override { return case_.judge(layer_); }

  Facts facts() const override {
    Facts facts = case_.facts(layer_);
    facts.notes = {{"library", "oneDNN " + onednn_version()}, {"implementation", layer_.largest().implementation()}};
    return facts;
  }

  Output output() override { return {layer_.results().data(), layer_.results().size(), Output::Type::fp32}; }

 private:
  SpectralCase case_;
  SpectralLayer layer_;
};

}  // namespace

KernelEntry learning_spectral() {
  KernelEntry entry = spectral_entry("", "64x64", "12x12", "32", "16");
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<Spectral>(spectral_shape(settings), spectral_training(settings), context);
  };
  return entry;
}

}  // namespace tandem::kernels
