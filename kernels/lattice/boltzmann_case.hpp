// The flows of lattice/boltzmann, on any device, what is counted, and how they are judged: by the same scheme in plain
// fp64 on the first and the last kind of member; the others must equal one of the two, whose starts they share.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/kernel/kernel.hpp"
#include "kernels/lattice/boltzmann_solver.hpp"

namespace tandem::kernels {

struct BoltzmannSize {
  std::size_t nx, ny, members, steps;
  std::size_t cells() const { return nx * ny; }
};
BoltzmannSize boltzmann_size(const Settings& settings);  // throws Error for what it must not be

class BoltzmannCase {
 public:
  BoltzmannCase(const Settings& settings, const KernelContext& context);

  struct Kind {
    std::vector<float> solid;
    LatticeFields start;
  };

  // The parabola of the empty duct with waves on it; every second member with other bodies and waves.
  void prepare(Data data);

  const BoltzmannSize& size() const { return size_; }
  LatticePhysics physics() const;
  std::span<const float> inlet() const { return inlet_; }
  const std::array<Kind, 2>& kinds() const { return kinds_; }
  const Kind& kind_of(std::size_t member) const { return kinds_[member % 2]; }

  // `final`: pressure and velocity of each member, [members, 3, ny, nx].
  std::vector<Verdict> judge(const Buffer<float>& final) const;
  // Without limit and working set. `together`: steps for which the lattice is read and written once.
  Facts facts(std::size_t together) const;

 private:
  void fill(Kind& kind, std::uint64_t stream) const;

  const Ranks& ranks_;
  std::uint64_t seed_;
  BoltzmannSize size_;
  std::vector<float> inlet_;
  std::array<Kind, 2> kinds_;
};

// Name and parameters (with these sizes, unless given); make and memory: the device's.
KernelEntry boltzmann_entry(const std::string& summary, const BoltzmannSize& size);

}  // namespace tandem::kernels
