// What dense/lu_mixed is on every device: settings, system, judgement, work.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/kernel/kernel.hpp"
#include "kernels/dense/lu_system.hpp"
#include "kernels/dense/mixed_verify.hpp"
#include "kernels/dense/refine.hpp"

namespace tandem::kernels {

// The settings precision and matrix; throw where they are none.
std::vector<Element> mixed_precisions(const Settings& settings);  // the one that was asked for, or all
DiagonalSystem::Kind mixed_matrix(const Settings& settings);
std::vector<Parameter> mixed_parameters(const char* n, const char* help);

class MixedCase {
 public:
  MixedCase(const Settings& settings, std::size_t n, std::uint64_t seed)
      : kind_(mixed_matrix(settings)), n_(n), seed_(seed) {}

  const LinearSystem& prepare(Data data);
  // Solution and factors. Collective.
  std::vector<Verdict> judge(std::span<const double> x, const FactorRows& factors, Element element);
  // Work by HPL's count, and notes of size, factors (`why` they are of this format) and refinement.
  Facts facts(int ranks, Element element, const std::string& why, const Refinement& refinement) const;

 private:
  DiagonalSystem::Kind kind_;
  std::size_t n_;
  std::uint64_t seed_;
  std::unique_ptr<LinearSystem> system_;
  const ExactSystem* exact_ = nullptr;  // system_, where it is that one
  double residual_ = 0;
};

}  // namespace tandem::kernels
