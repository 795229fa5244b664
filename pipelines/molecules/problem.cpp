// The library and its cases; where a growing design simulates next, and when it is good enough.
#include "pipelines/molecules/problem.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "harness/base/random.hpp"
#include "pipelines/molecules/rivals.hpp"

namespace tandem::pipelines {
namespace {

// 24 bits: a case's parameters may pass through fp32.
double noise_number(Purpose purpose, std::uint64_t seed) {
  const bool own = purpose == Purpose::training || purpose == Purpose::question;
  return static_cast<double>(random_bits(seed, own ? 11 : 12 + static_cast<std::uint64_t>(purpose), 0) >> 40);
}

// Member `index` of a permutation of 0 .. size - 1. The library is shuffled, so that an even stride is random enough.
std::size_t permuted(std::uint64_t seed, std::uint64_t index, std::size_t size) {
  std::uint64_t stride = 0;
  for (std::uint64_t i = 0; std::gcd(stride, size) != 1; ++i) stride = random_bits(seed, 10, i) % size;
  return (random_bits(seed, 9, 0) % size + stride * (index % size)) % size;
}

double spec_flops(const MoleculeSize& size, const Field& field) {
  const double step = field.flops(std::vector<std::size_t>(composition.begin(), composition.end()));
  const auto molecules = static_cast<double>(size.schedule.samples + size.short_list);
  return molecules * static_cast<double>(size.truth.replicas * size.truth.steps) * step;
}

}  // namespace

MoleculeProblem::MoleculeProblem(const MoleculeSize& size, std::uint64_t library)
    : size_(size),
      golden_(library == own_library && size.golden < 0),
      library_(draw_library(size.candidates, library)) {
  spec_.version = fmt::format("molecules-{}-1", size.name);
  if (library != own_library) spec_.version += fmt::format("-library-{}", library);
  if (!golden_)
    spec_.provisional = "no golden number is known of this library: recall is audited";
  else if (!size.frozen)
    spec_.provisional = fmt::format("the schedule and the simulation-only method of size {} are not frozen", size.name);
  spec_.schedule = size.schedule;
  spec_.gate = {0, 0, 0, 0, 1e-5};
  if (golden_) {
    const auto last = std::find(size.rounds.begin(), size.rounds.end(), std::size_t{0});
    spec_.steering = {
        fmt::format("molecules-{}-steering-1", size.name),
        {size.rounds.begin(), last},
        2 * size.best,
        fmt::format("of the {} best as known or predicted, simulated, {} reach the golden score of the {} best",
                    2 * size.best, std::ceil((1 - size.slack) * static_cast<double>(size.best)), size.best),
        "crossed"};
  }
  spec_.questions = size.best;
  spec_.queries = size.candidates;
  const std::vector<kernels::Site> sites = receptor(size.shells, library);
  spec_.flops = spec_flops(size, Field(sites, fragments));
  for (const char* name : {"molecule", "scaffold", "sites", "predicted_kT", "score_kT", "simulations"})
    spec_.answer_names.emplace_back(name);
  for (std::size_t i = 1; i <= audited_next; ++i) spec_.answer_names.push_back(fmt::format("audit_{}", i));
  // A run of the kernel is a step of 64 molecules.
  spec_.predictions = {{"simulate",
                        fmt::format("particle/pair_forces/fixed={}/sites={}/replicas={}/poses=64/precision=fp32",
                                    sites.size(), molecule_sites, size.truth.replicas),
                        static_cast<double>(size.schedule.samples * size.truth.steps) / 64, "",
                        "moving and placing the sites, random numbers", true}};
  const auto plan = [](const Anneal& a) { return fmt::format("{} replicas, {} steps", a.replicas, a.steps); };
  spec_.facts = {
      {"physics", "rigid molecules of 10 sites annealed in a fixed receptor: Lennard-Jones, screened Coulomb"},
      {"library", fmt::format("{} isomers of one composition, seed {}", size.candidates, library)},
      {"receptor", fmt::format("{} sites", sites.size())},
      {"question", fmt::format("the {} molecules with the least score", size.best)},
      {"truth", plan(size.truth)},
      {"simulation-only screen", plan(size.screen)},
      {"golden score", golden_ ? fmt::format("{} kT", size.golden) : "not known"}};
}

Case MoleculeProblem::candidate(std::size_t molecule, double noise) const {
  const Molecule found = isomer(library_.at(molecule));
  Case one;
  one.parameters.push_back(static_cast<double>(found.scaffold));
  for (const std::size_t kind : found.kinds) one.parameters.push_back(static_cast<double>(kind));
  one.parameters.push_back(noise);
  return one;
}

Case MoleculeProblem::draw(Purpose purpose, std::uint64_t seed, std::uint64_t index) const {
  std::size_t molecule = index % library_.size();
  if (purpose == Purpose::training)
    molecule = permuted(seed, index, library_.size());
  else if (purpose != Purpose::question && purpose != Purpose::judging)
    molecule = random_bits(seed, 20 + static_cast<std::uint64_t>(purpose), index) % library_.size();
  Case one = candidate(molecule, noise_number(purpose, seed));
  one.purpose = purpose;
  one.index = index;
  return one;
}

double MoleculeProblem::error(const Case&, std::span<const float> truth, std::span<const float> prediction) const {
  return std::abs(static_cast<double>(prediction[0]) - static_cast<double>(truth[0]));
}

std::vector<Rival> MoleculeProblem::rivals() const { return molecule_rivals(); }

std::vector<Case> MoleculeProblem::propose(const Model& model, std::uint64_t seed, std::span<const Case> simulated,
                                           std::size_t count, const Ranks& ranks) const {
  std::set<std::vector<double>> known;
  for (const Case& one : simulated) known.insert(one.parameters);
  std::vector<Case> proposed;
  for (const Scored& next : ranking(model, seed, ranks)) {
    if (proposed.size() == count) break;
    Case one = draw(Purpose::question, seed, next.molecule);
    if (!known.contains(one.parameters)) proposed.push_back(std::move(one));
  }
  return proposed;
}

std::vector<Verdict> MoleculeProblem::criterion(const Model& model, std::uint64_t seed, const Simulation& simulation,
                                                const Ranks& ranks) const {
  std::vector<std::size_t> best;
  for (const Scored& one : ranking(model, seed, ranks))
    if (best.size() < 2 * size_.best) best.push_back(one.molecule);
  double found = 0;
  for (const Scored& one : simulated(best, simulation, Purpose::judging, seed, ranks))
    found += one.score <= size_.golden ? 1 : 0;
  return {{recall_check, std::max(0.0, 1 - found / static_cast<double>(size_.best)), size_.slack}};
}

}  // namespace tandem::pipelines
