// Lattice Boltzmann flow around two ellipses in a duct: `members` independent flows, `steps` steps each, threads over
// members; the solver of the pipeline `flow`. Two steps together read and write nine populations of each cell and read
// the factor of the solid: 38 bytes a step, from the second-level cache at the default size. Arithmetic bounds it: 84
// operations a cell and step take longer. Data and verdicts: boltzmann_case.hpp.
#include <algorithm>
#include <vector>

#include <omp.h>

#include "kernels/lattice/boltzmann_case.hpp"

namespace tandem::kernels {
namespace {

class BoltzmannKernel : public Kernel {
 public:
  BoltzmannKernel(const Settings& settings, const KernelContext& context)
      : case_(settings, context), threads_(context.threads), final_(case_.size().members * 3 * case_.size().cells()) {
    for (std::size_t t = 0; t < static_cast<std::size_t>(threads_); ++t) {
      solvers_.emplace_back(case_.size().nx, case_.size().ny, LatticeEdges::duct);
      solvers_.back().set(case_.physics());
    }
  }

  void prepare(Data data) override { case_.prepare(data); }

  void run() override {
    const auto members = static_cast<std::ptrdiff_t>(case_.size().members);
#pragma omp parallel for schedule(static) num_threads(threads_)
    for (std::ptrdiff_t m = 0; m < members; ++m) {
      const auto member = static_cast<std::size_t>(m);
      Lattice& solver = solvers_[static_cast<std::size_t>(omp_get_thread_num())];
      const BoltzmannCase::Kind& kind = case_.kind_of(member);
      solver.set_inlet(case_.inlet());
      solver.set_solid(kind.solid);
      solver.start(kind.start);
      solver.advance(case_.size().steps);
      LatticeFields fields;
      solver.observe(fields);
      float* to = final_.data() + member * 3 * case_.size().cells();
      for (const std::vector<float>* field : {&fields.r, &fields.u, &fields.v})
        to = std::copy(field->begin(), field->end(), to);
    }
  }

  std::vector<Verdict> verify() override { return case_.judge(final_); }

  Facts facts() const override {
    Facts facts = case_.facts(2);
    facts.working_set = solvers_[0].bytes() * threads_;  // a member at a time on each thread
    facts.limit = "fp32";
    return facts;
  }

  Output output() override { return {final_.data(), final_.size(), Output::Type::fp32}; }

 private:
  BoltzmannCase case_;
  int threads_;
  Buffer<float> final_;
  std::vector<Lattice> solvers_;
};

}  // namespace

KernelEntry lattice_boltzmann() {
  KernelEntry entry = boltzmann_entry("members side by side, steps in cache", {96, 48, 4, 240});
  entry.memory = [](const Settings& settings, const Placement&) {
    const BoltzmannSize size = boltzmann_size(settings);
    return (12 * static_cast<double>(size.members) + 150) * static_cast<double>(size.cells());
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<BoltzmannKernel>(settings, context);
  };
  return entry;
}

}  // namespace tandem::kernels
