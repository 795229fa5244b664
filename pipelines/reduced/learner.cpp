// Training, and the regression that its weights make. All sums run in canonical order.
#include "pipelines/reduced/learner.hpp"

#include <algorithm>
#include <cmath>

namespace tandem::pipelines {

using kernels::Mlp;
using kernels::MlpPass;

namespace {

constexpr std::uint64_t image_mark = 0x31544145484d4454;  // "TDMHEAT1", of every pipeline

// A machine that only emulates bf16 says so before anything is simulated.
void probe(const ReducedTraining& training, std::size_t inputs, kernels::MlpPrecision format,
           MlpPass::Backward backward) {
  if (format != kernels::MlpPrecision::bf16) return;
  Mlp mlp(training.shape(inputs, training.modes), kernels::MlpPrecision::bf16);
  const MlpPass pass(mlp, kernels::mlp_rows, backward);
  if (pass.reference())
    throw Unsupported(fmt::format("oneDNN {} has only its reference implementation ({}) of bf16 products on this CPU",
                                  kernels::onednn_version(), pass.implementation()));
}

// The mean of the networks' outputs times the spread of each coefficient.
class NetworkRegression : public Regression {
 public:
  NetworkRegression(const Mlp& trained, std::vector<float> spread, kernels::MlpPrecision format)
      : mlp_(trained, format), spread_(std::move(spread)) {}

  void coefficients(std::span<const double> inputs, std::size_t rows, std::span<double> to) override {
    MlpPass& pass = run(inputs, rows);
    const std::size_t size = to.size(), nets = mlp_.shape().nets;
    for (std::size_t i = 0; i < size; ++i) {
      double sum = 0;
      for (std::size_t net = 0; net < nets; ++net) sum += static_cast<double>(pass.outputs()[net * size + i]);
      to[i] = factor(i) * sum;
    }
  }

  void pull(std::span<const double> inputs, std::size_t rows, std::span<const double> weights,
            std::span<double> to) override {
    MlpPass& pass = run(inputs, rows);
    const std::size_t nets = mlp_.shape().nets;
    for (std::size_t net = 0; net < nets; ++net)
      for (std::size_t i = 0; i < weights.size(); ++i)
        pass.outputs()[net * weights.size() + i] = static_cast<float>(factor(i) * weights[i]);
    pass.backward();
    std::fill(to.begin(), to.end(), 0.0);
    for (std::size_t net = 0; net < nets; ++net)
      for (std::size_t i = 0; i < to.size(); ++i)
        to[i] += static_cast<double>(pass.input_gradients()[net * to.size() + i]);
  }

  double flops() const override { return 2 * static_cast<double>(mlp_.shape().nets * mlp_.shape().weights()); }

 private:
  double factor(std::size_t i) const {
    return static_cast<double>(spread_[i % spread_.size()]) / static_cast<double>(mlp_.shape().nets);
  }

  MlpPass& run(std::span<const double> inputs, std::size_t rows) {
    inputs_.clear();
    for (const double value : inputs) inputs_.push_back(static_cast<float>(value));
    MlpPass& pass = passes_.of(rows);
    pass.set_inputs(inputs_);
    pass.forward();
    return pass;
  }

  Mlp mlp_;
  std::vector<float> spread_, inputs_;
  kernels::MlpPasses passes_{mlp_, MlpPass::Backward::inputs};
};

}  // namespace

ReducedLearner::ReducedLearner(std::shared_ptr<const FieldMap> map, ReducedTraining training, std::uint64_t seed)
    : training_(std::move(training)), seed_(seed), basis_(std::move(map)) {
  if (kernels::device_training(training_.device) == nullptr)
    probe(training_, this->map().inputs(), training_.train, MlpPass::Backward::parameters);
  probe(training_, this->map().inputs(), training_.infer, MlpPass::Backward::inputs);
}

void ReducedLearner::make_network() {
  std::vector<float> energies;
  for (const double energy : basis_.pod().energies) energies.push_back(static_cast<float>(energy));
  energies.resize(basis_.pod().modes);
  network_ = std::make_unique<kernels::RowTraining>(training_, map().inputs(), std::move(energies), training_.train,
                                                    kernels::device_training(training_.device));
}

void ReducedLearner::prepare(std::span<const Sample* const> mine, const Ranks& ranks) {
  known_.clear();
  basis_.fit(mine, training_.modes, ranks);
  spread_.clear();
  for (const double energy : basis_.pod().energies) spread_.push_back(static_cast<float>(std::sqrt(energy)));
  make_network();
  network_->initialise(seed_);
  const double own = static_cast<double>(mine.size()), all = ranks.sum(own);
  flops_ = 2 * own * static_cast<double>(map().values()) * (all + static_cast<double>(basis_.pod().modes));
}

std::uint32_t ReducedLearner::row(const Sample& sample) {
  const auto found = known_.find(sample.index);
  if (found != known_.end()) return found->second;
  flops_ += 2 * static_cast<double>(basis_.pod().modes * map().values());
  const ReducedPoint point = basis_.project(sample);
  const std::vector<float> inputs(point.inputs.begin(), point.inputs.end());
  std::vector<float> targets;
  for (std::size_t k = 0; k < spread_.size(); ++k)
    targets.push_back(static_cast<float>(point.coefficients[k] / static_cast<double>(spread_[k])));
  const std::uint32_t number = network_->add(inputs, targets, 1 / (point.norm * point.norm));
  known_.emplace(sample.index, number);
  return number;
}

double ReducedLearner::learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) {
  check(network_ != nullptr, "{}: learn before prepare", map().pipeline());
  rows_.clear();
  for (const Pair& pair : mine) rows_.push_back(row(*pair.sample));
  const double loss = network_->step(step, {rows_, batch}, ranks);
  return ranks.sum(loss) / static_cast<double>(training_.nets);
}

Work ReducedLearner::work() const {
  if (!network_) return {flops_};
  return {flops_ + network_->flops(), network_->channels(), network_->place()};
}

std::unique_ptr<Model> ReducedLearner::model() const {
  check(network_ != nullptr, "{}: a model before any training", map().pipeline());
  return std::make_unique<ReducedSurrogate>(
      basis_, std::make_unique<NetworkRegression>(network_->mlp(), spread_, training_.infer), training_.infer);
}

std::vector<std::byte> ReducedLearner::save() const {
  check(network_ != nullptr, "{}: nothing to save before training", map().pipeline());
  ImageWriter image;
  image.put(image_mark);
  image.put(network_->mlp().shape().nets);
  image.put(network_->mlp().shape().layers);
  basis_.save(image);
  image.put(spread_);
  network_->save(image);
  return image.take();
}

void ReducedLearner::load(std::span<const std::byte> bytes) {
  ImageReader image(bytes);
  check(image.get<std::uint64_t>() == image_mark, "{}: not the image of its network", map().pipeline());
  const auto nets = image.get<std::size_t>();
  const auto layers = image.vector<std::size_t>();
  basis_.load(image);
  const kernels::MlpShape expected = training_.shape(map().inputs(), basis_.pod().modes);
  check(nets == expected.nets && layers == expected.layers, "{}: an image of another network", map().pipeline());
  spread_ = image.vector<float>();
  check(spread_.size() == basis_.pod().modes, "{}: an image with {} spreads", map().pipeline(), spread_.size());
  make_network();
  network_->load(image);
  image.finish();
}

}  // namespace tandem::pipelines
