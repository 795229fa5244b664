// What learners see of a molecule, as the positions of the ones in a vector of zeros: the scaffold (4), the kind on
// each site (50), and both together (200). The pairs of sites with their kinds (1,125) are for the quadratic rival.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "harness/base/image.hpp"
#include "harness/pipeline/pipeline.hpp"
#include "pipelines/molecules/library.hpp"

namespace tandem::pipelines {

inline constexpr std::size_t single_features = molecule_sites * molecule_kinds;
inline constexpr std::size_t linear_features = molecule_scaffolds + single_features;
inline constexpr std::size_t crossed_features = linear_features + molecule_scaffolds * single_features;
inline constexpr std::size_t pair_features =
    molecule_sites * (molecule_sites - 1) / 2 * molecule_kinds * molecule_kinds;

enum class FeatureKind : std::size_t { none, linear, crossed, quadratic };

inline std::size_t features_of(FeatureKind kind) {
  constexpr std::size_t counts[] = {0, linear_features, crossed_features, linear_features + pair_features};
  return counts[static_cast<std::size_t>(kind)];
}

// Positions of the ones: 11, 21 or 56 of them; none for `none`.
std::vector<std::size_t> ones(const Molecule& molecule, FeatureKind kind);

// Back from the array "code" of a sample.
Molecule decoded(std::span<const float> code);

// What was simulated needs no prediction: scores of the samples that a learner was prepared from.
class KnownScores {
 public:
  KnownScores() = default;
  // Those of all ranks. On every rank.
  KnownScores(std::span<const Sample* const> mine, const Ranks& ranks);
  // The known score, else the predicted one.
  double of(const Molecule& molecule, double predicted) const;
  // Of all known scores, summed in the order of the molecules' numbers.
  double mean() const;
  double spread() const;  // standard deviation; 1 where it is 0

  void save(ImageWriter& image) const;
  void load(ImageReader& image);

 private:
  std::map<std::uint64_t, double> scores_;
};

}  // namespace tandem::pipelines
