// HPL-MxP's computation: solve A x = b, dense, to fp64 accuracy by LU factors of fewer bits without pivoting and GMRES
// in fp64, on a grid of ranks. What is timed begins with A and b in fp64 and ends with x on every rank: conversion,
// factorisation, refinement. Work by HPL's count, 2/3 n^3 + 3/2 n^2 flops, whatever was really done. Random data: HPL's
// scaled residual below 16 and factors within the rounding of their format. Exact data: every entry of x, L and U.
// Rules: hpl-mxp.org; docs/kernels.md.
#include <memory>
#include <utility>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/device/host.hpp"
#include "harness/kernel/choose.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/lu_mixed_case.hpp"
#include "kernels/dense/lu_shape.hpp"
#include "kernels/dense/lu_verify.hpp"
#include "kernels/dense/mixed_solver.hpp"

namespace tandem::kernels {
namespace {

constexpr std::size_t kProbe = 1024;  // order of the product that is timed to choose a precision

struct Task {
  LuShape shape;
  std::vector<Element> allowed;
};

// One rank needs no blocks: recursion over the whole matrix has larger products.
std::size_t block_of(const LuShape& shape) { return shape.p * shape.q == 1 ? shape.n : lu_block(shape); }

Task task_of(const Settings& settings, int ranks, double available) {
  Task task{{}, mixed_precisions(settings)};
  mixed_matrix(settings);
  const auto bytes = [&](const LuShape& shape) { return mixed_solver_bytes(shape, task.allowed.front()); };
  task.shape = lu_shape(settings, ranks, available, {bytes, block_of});
  return task;
}

// The format in which this machine multiplies fastest, by measurement; `why` tells it.
Element choose(const Task& task, const KernelContext& context, std::string& why) {
  why = "as set";
  if (task.allowed.size() == 1) return task.allowed.front();
  const MatmulShape cube{kProbe, kProbe, kProbe};
  Buffer<float> a(kProbe * kProbe), b(a.size()), c(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = static_cast<float>(random_uniform(context.seed, 1, i)) - 0.5F;
    b[i] = static_cast<float>(random_uniform(context.seed, 2, i)) - 0.5F;
  }
  std::vector<std::unique_ptr<RoundedProduct>> products;
  std::vector<Candidate> candidates;
  why = "fastest product of";
  for (const Element element : task.allowed) {
    std::unique_ptr<RoundedProduct> product;
    try {
      product = std::make_unique<RoundedProduct>(element, a.size());
    } catch (const Unsupported&) {  // not a candidate
    }
    if (context.ranks.max(product ? 0.0 : 1.0) > 0) continue;  // where one rank has it not, none takes it
    const auto block = [](Buffer<float>& of) { return Block{of.data(), kProbe}; };
    candidates.push_back({[&, which = product.get()] { which->add(cube, block(a), block(b), block(c)); }});
    products.push_back(std::move(product));
    why += fmt::format(" {}", name_of(element));
  }
  return products[fastest(context.ranks, candidates)]->element();
}

class LuMixed final : public Kernel {
 public:
  LuMixed(const Settings& settings, const KernelContext& context)
      : task_(task_of(settings, context.ranks.size(), available_to_each(context.ranks))),
        case_(settings, task_.shape.n, context.seed),
        solver_(task_.shape, context.ranks, choose(task_, context, why_), context.threads, context.marks) {}

  void prepare(Data data) override { solver_.load(case_.prepare(data)); }

  void run() override { solver_.solve(); }

  std::vector<Verdict> verify() override {
    std::vector<Verdict> verdicts = case_.judge(solver_.x(), solver_.factors(), solver_.product().element());
    verdicts.push_back(
        {"entries of x that differ between ranks", differing_copies(solver_.grid().ranks, solver_.x()), 0});
    return verdicts;
  }

  Facts facts() const override {
    const LuShape& shape = task_.shape;
    const RoundedProduct& product = solver_.product();
    Facts facts = case_.facts(solver_.grid().ranks.size(), product.element(), why_, solver_.refinement());
    if (product.element() != Element::fp16) facts.limit = name_of(product.element());  // fp16 has no limit measured
    facts.notes["nb"] = std::to_string(shape.nb);
    facts.notes["grid"] = fmt::format("{} x {}", shape.p, shape.q);
    facts.notes["library"] = "oneDNN " + onednn_version();
    facts.notes["implementation"] = product.implementation();
    return facts;
  }

  Output output() override { return {solver_.x().data(), task_.shape.n, Output::Type::fp64}; }

 private:
  Task task_;
  MixedCase case_;
  std::string why_;
  MixedSolver solver_;
};

}  // namespace

KernelEntry dense_lu_mixed() {
  KernelEntry entry;
  entry.name = "dense/lu_mixed";
  entry.summary = "dense A x = b by LU in bf16, fp16 or fp32 and refinement to fp64 (HPL-MxP's computation)";
  entry.parameters =
      mixed_parameters("4096", "unknowns, or memory:0.8 for as many as fill that part of what is available");
  entry.parameters.insert(entry.parameters.end(),
                          {{"nb", "auto", "block size; auto: by n, on one rank the whole matrix", false},
                           {"p", "auto", "rows of the process grid; auto: as square as possible, p <= q", false},
                           {"q", "auto", "columns of the process grid", false}});
  entry.figure = KernelEntry::Figure::flop_rate;
  entry.memory = [](const Settings& settings, const Placement& placement) {
    const Task task = task_of(settings, placement.ranks, available_memory_bytes() / placement.on_host);
    return mixed_solver_bytes(task.shape, task.allowed.front());
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<LuMixed>(settings, context);
  };
  entry.collective = true;
  return entry;
}

}  // namespace tandem::kernels
