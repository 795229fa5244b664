// Steered screening of a ligand library: rigid molecules annealed in a receptor, a network that ranks the candidates,
// the k best of them simulated. docs/pipelines/molecules.md.
#include "harness/pipeline/device_setting.hpp"
#include "pipelines/molecules/learner.hpp"
#include "pipelines/molecules/problem.hpp"
#include "pipelines/molecules/simulation.hpp"

namespace tandem::pipelines {
namespace {

std::uint64_t library_of(const Settings& settings) {
  const std::int64_t library = settings.integer("library");
  check_usage(library >= 1, "molecules: library={} is no seed of 1 or more", library);
  return static_cast<std::uint64_t>(library);
}

Pipeline make(const Settings& settings, int threads) {
  const MoleculeSize& size = molecule_size(settings.text("size"));
  const std::uint64_t library = library_of(settings);
  return {std::make_unique<MoleculeProblem>(size, library),
          std::make_unique<MoleculeSimulation>(size, library, threads),
          [steps = size.schedule.batches, device = settings.text(train_on)](std::uint64_t seed) {
            return std::make_unique<MoleculeLearner>(molecule_training(steps), seed, device);
          }};
}

// The list of all isomers, samples, predictions of the library, replicas of a thread.
double memory(const Settings& settings) {
  const MoleculeSize& size = molecule_size(settings.text("size"));
  library_of(settings);
  check_device(settings, train_on);
  return 8.0 * static_cast<double>(molecule_isomers) +
         400.0 * static_cast<double>(size.candidates + size.schedule.samples) +
         1e3 * static_cast<double>(size.truth.replicas) + 64e6;
}

}  // namespace

PipelineEntry molecules() {
  return {"molecules",
          "steered screening of a ligand library: annealed docking, ranking network, the k best validated",
          {{"size", "S", "XS: shows that it works; S: frozen targets; M, L, XL: larger, targets provisional"},
           {"library", "1", "seed of library and receptor: with another than 1 recall is audited", false},
           device_parameter(train_on)},
          make,
          memory,
          nullptr};
}

}  // namespace tandem::pipelines
