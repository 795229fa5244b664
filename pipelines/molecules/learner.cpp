// All sums run in canonical order or over a batch whose order the schedule fixes.
#include "pipelines/molecules/learner.hpp"

#include <algorithm>
#include <mutex>

#include "harness/base/image.hpp"

namespace tandem::pipelines {

using kernels::Mlp;
using kernels::MlpPass;

namespace {

constexpr std::uint64_t image_mark = 0x314c4f4d4d444e54;  // "TNDMMOL1"
constexpr std::size_t tile = 256;                         // rows of a prediction

void add_row(std::vector<float>& rows, const Molecule& molecule) {
  const std::size_t at = rows.size();
  rows.resize(at + crossed_features, 0.0f);
  for (const std::size_t one : ones(molecule, FeatureKind::crossed)) rows[at + one] = 1;
}

// Tiles of a fixed number of rows: a prediction does not depend on what else is asked.
class NetworkModel : public Model {
 public:
  NetworkModel(const Mlp& trained, const KnownScores& known)
      : mlp_(trained, trained.precision()), known_(known), mean_(known.mean()), spread_(known.spread()) {}

  Fields predict(std::span<const Case> cases) const override {
    const std::lock_guard lock(mutex_);
    Fields fields(cases.size(), 1);
    std::vector<float> rows;
    const std::size_t nets = mlp_.shape().nets;
    for (std::size_t at = 0; at < cases.size(); at += tile) {
      const std::size_t count = std::min(tile, cases.size() - at);
      rows.clear();
      for (std::size_t i = 0; i < count; ++i) add_row(rows, molecule_of(cases[at + i]));
      pass_.set_inputs(rows);
      pass_.forward();
      for (std::size_t i = 0; i < count; ++i) {
        double sum = 0;
        for (std::size_t net = 0; net < nets; ++net) sum += static_cast<double>(pass_.outputs()[net * tile + i]);
        const double predicted = mean_ + spread_ * sum / static_cast<double>(nets);
        fields.row(at + i)[0] = static_cast<float>(known_.of(molecule_of(cases[at + i]), predicted));
      }
    }
    return fields;
  }

  double flops() const override { return 2 * static_cast<double>(mlp_.shape().nets * mlp_.shape().weights()); }

 private:
  mutable std::mutex mutex_;
  mutable Mlp mlp_;
  KnownScores known_;
  double mean_, spread_;
  mutable MlpPass pass_{mlp_, tile, MlpPass::Backward::none};
};

}  // namespace

void MoleculeLearner::make_network() {
  network_ = std::make_unique<kernels::RowTraining>(training_, crossed_features, std::vector<float>{1},
                                                    kernels::MlpPrecision::fp32, device_);
}

void MoleculeLearner::prepare(std::span<const Sample* const> mine, const Ranks& ranks) {
  rows_.clear();
  known_ = KnownScores(mine, ranks);
  mean_ = known_.mean();
  spread_ = known_.spread();
  make_network();
  network_->initialise(seed_);
}

std::uint32_t MoleculeLearner::row(const Sample& sample) {
  const auto found = rows_.find(sample.index);
  if (found != rows_.end()) return found->second;
  std::vector<float> inputs;
  add_row(inputs, decoded(sample.arrays.at("code").values));
  const double score = static_cast<double>(sample.arrays.at("docked").values.at(0));
  const auto target = static_cast<float>((score - mean_) / spread_);
  const std::uint32_t number = network_->add(inputs, std::span(&target, 1), 1);
  rows_.emplace(sample.index, number);
  return number;
}

double MoleculeLearner::learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) {
  check(network_ != nullptr, "molecules: learn before prepare");
  drawn_.clear();
  for (const Pair& pair : mine) drawn_.push_back(row(*pair.sample));
  return ranks.sum(network_->step(step, {drawn_, batch}, ranks)) / static_cast<double>(training_.nets);
}

Work MoleculeLearner::work() const {
  if (!network_) return {};
  return {network_->flops(), network_->channels(), network_->place()};
}

std::unique_ptr<Model> MoleculeLearner::model() const {
  check(network_ != nullptr, "molecules: a model before any training");
  return std::make_unique<NetworkModel>(network_->mlp(), known_);
}

std::vector<std::byte> MoleculeLearner::save() const {
  check(network_ != nullptr, "molecules: nothing to save before training");
  ImageWriter image;
  image.put(image_mark);
  image.put(network_->mlp().shape().nets);
  image.put(network_->mlp().shape().layers);
  known_.save(image);
  network_->save(image);
  return image.take();
}

void MoleculeLearner::load(std::span<const std::byte> bytes) {
  ImageReader image(bytes);
  check(image.get<std::uint64_t>() == image_mark, "molecules: not the image of a molecules network");
  const auto nets = image.get<std::size_t>();
  const auto layers = image.vector<std::size_t>();
  const kernels::MlpShape expected = training_.shape(crossed_features, 1);
  check(nets == expected.nets && layers == expected.layers, "molecules: an image of another network");
  known_.load(image);
  make_network();
  network_->load(image);
  image.finish();
}

}  // namespace tandem::pipelines
