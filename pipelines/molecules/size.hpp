// Sizes of the molecules pipeline and the layout of its cases and outputs.
// Case::parameters: scaffold, the kinds of the ten sites, and the number of the noise that the anneal is driven by.
// Outputs of a simulation: the score, then the pose (7 numbers) where it was seen; a Model predicts the score alone.
#pragma once

#include <string_view>

#include "harness/pipeline/content.hpp"
#include "harness/pipeline/pipeline.hpp"
#include "pipelines/molecules/anneal.hpp"

namespace tandem::pipelines {

inline constexpr std::size_t molecule_parameters = 2 + molecule_sites;

Molecule molecule_of(const Case& one);  // an error where the parameters are no isomer
NoiseKey noise_of(const Case& one);     // of (molecule, noise)

struct MoleculeSize {
  std::string_view name;
  std::size_t candidates = 0;  // L
  std::size_t best = 0;        // k, how many are asked for
  std::size_t shells = 1;      // of the receptor
  Anneal truth;                // of every score that counts
  Anneal screen;               // of the simulation-only arm, found by the search of docs/pipelines/molecules.md
  Schedule schedule;
  std::size_t short_list = 0;               // molecules that are simulated for the answers: the best predicted
  std::array<std::size_t, 12> rounds = {};  // of a growing design; zeros behind the last
  double golden = 0;                        // E*_k of the size's own library; 0: not known
  double slack = 0.1;                       // of the k best, how many may be missed
  double repeat = 1.5;                      // kT, standard deviation of the answers' scores over noise, at most
  bool frozen = false;
};

// Score of the k-th best molecule of each size's own library, the mean over exhaustive runs with different noise.
inline constexpr std::array<MoleculeSize, 5> molecule_sizes = {{
    {"XS", 256, 8, 1, {32, 150}, {32, 60}, {64, 32, 100, 32}, 96, {48, 96, 144}, -54.11, 0.5, 5},
    {"S",
     8000,
     40,
     1,
     {64, 400},
     {64, 200},
     {2048, 1024, 1000, 128},
     1280,
     {512, 1024, 1280, 1536, 1792, 2048, 2560, 3072},
     -56.59,
     0.1,
     1.5,
     true},
    {"M", 60000, 100, 1, {128, 2000}, {64, 100}, {8192, 2048, 4000, 128}, 6000, {}},
    {"L", 302400, 500, 4, {256, 4000}, {64, 200}, {16384, 4096, 8000, 256}, 20000, {}},
    {"XL", 302400, 1000, 7, {512, 8000}, {128, 400}, {65536, 16384, 16000, 512}, 20000, {}},
}};

inline const MoleculeSize& molecule_size(std::string_view name) {
  return size_named(molecule_sizes, name, "molecules");
}

}  // namespace tandem::pipelines
