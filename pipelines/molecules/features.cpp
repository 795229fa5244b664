#include "pipelines/molecules/features.hpp"

#include <cmath>

#include "harness/base/check.hpp"

namespace tandem::pipelines {

namespace {

std::uint64_t key_of(const Molecule& molecule) {
  std::uint64_t key = molecule.scaffold;
  for (const std::size_t kind : molecule.kinds) key = key * molecule_kinds + kind;
  return key;
}

}  // namespace

std::vector<std::size_t> ones(const Molecule& molecule, FeatureKind kind) {
  std::vector<std::size_t> at;
  if (kind == FeatureKind::none) return at;
  at.push_back(molecule.scaffold);
  const auto single = [&](std::size_t site) { return site * molecule_kinds + molecule.kinds[site]; };
  for (std::size_t i = 0; i < molecule_sites; ++i) at.push_back(molecule_scaffolds + single(i));
  if (kind == FeatureKind::crossed)
    for (std::size_t i = 0; i < molecule_sites; ++i)
      at.push_back(linear_features + molecule.scaffold * single_features + single(i));
  if (kind != FeatureKind::quadratic) return at;
  std::size_t pair = 0;
  for (std::size_t i = 0; i < molecule_sites; ++i)
    for (std::size_t j = i + 1; j < molecule_sites; ++j, ++pair)
      at.push_back(linear_features + (pair * molecule_kinds + molecule.kinds[i]) * molecule_kinds + molecule.kinds[j]);
  return at;
}

Molecule decoded(std::span<const float> code) {
  check(code.size() == 1 + molecule_sites, "molecules: a code of {} numbers, expected {}", code.size(),
        1 + molecule_sites);
  Molecule molecule{static_cast<std::size_t>(code[0]), {}};
  for (std::size_t i = 0; i < molecule_sites; ++i) molecule.kinds[i] = static_cast<std::size_t>(code[1 + i]);
  check(is_isomer(molecule), "molecules: a sample of no isomer");
  return molecule;
}

KnownScores::KnownScores(std::span<const Sample* const> mine, const Ranks& ranks) {
  std::vector<double> own;
  for (const Sample* sample : mine) {
    own.push_back(static_cast<double>(key_of(decoded(sample->arrays.at("code").values))));
    own.push_back(static_cast<double>(sample->arrays.at("docked").values.at(0)));
  }
  const std::vector<double> all = ranks.gather(own);
  for (std::size_t i = 0; i < all.size(); i += 2) scores_[static_cast<std::uint64_t>(all[i])] = all[i + 1];
  check(!scores_.empty(), "molecules: no sample to learn from");
}

double KnownScores::of(const Molecule& molecule, double predicted) const {
  const auto found = scores_.find(key_of(molecule));
  return found == scores_.end() ? predicted : found->second;
}

double KnownScores::mean() const {
  double sum = 0;
  for (const auto& [key, score] : scores_) sum += score;
  return sum / static_cast<double>(scores_.size());
}

double KnownScores::spread() const {
  double squares = 0;
  const double middle = mean();
  for (const auto& [key, score] : scores_) squares += (score - middle) * (score - middle);
  return squares > 0 ? std::sqrt(squares / static_cast<double>(scores_.size())) : 1;
}

void KnownScores::save(ImageWriter& image) const {
  image.put(scores_.size());
  for (const auto& [key, score] : scores_) {
    image.put(key);
    image.put(score);
  }
}

void KnownScores::load(ImageReader& image) {
  scores_.clear();
  const auto count = image.get<std::size_t>();
  check(count <= molecule_isomers, "molecules: an image with {} known scores", count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto key = image.get<std::uint64_t>();
    scores_[key] = image.get<double>();
  }
}

}  // namespace tandem::pipelines
