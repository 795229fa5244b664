// HPL-MxP's computation: solve A x = b, dense, to fp64 accuracy by LU factors of fewer bits without pivoting and GMRES
// in fp64. What is timed begins with A and b in fp64 and ends with x: conversion, factorisation, refinement. Work by
// HPL's count, 2/3 n^3 + 3/2 n^2 flops, whatever was really done. Random data: HPL's scaled residual below 16 and
// factors within the rounding of their format. Exact data: every entry of x, L and U. Rules: hpl-mxp.org;
// docs/kernels.md.
#include <cmath>
#include <memory>
#include <utility>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/kernel/choose.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/lu_verify.hpp"
#include "kernels/dense/mixed_solver.hpp"
#include "kernels/dense/mixed_verify.hpp"

namespace tandem::kernels {
namespace {

constexpr std::int64_t kMostOrder = 1 << 20;
constexpr std::size_t kProbe = 1024;  // order of the product that is timed to choose a precision

const std::vector<Element>& precisions() {
  static const std::vector<Element> all = {Element::bf16, Element::fp16, Element::fp32};
  return all;
}

struct Shape {
  std::size_t n = 0;
  std::vector<Element> allowed;  // the one that was asked for, or all
  DiagonalSystem::Kind kind = DiagonalSystem::Kind::scaled;
};

Shape shape_of(const Settings& settings) {
  const std::int64_t n = settings.integer("n");
  check_usage(n >= 1 && n <= kMostOrder, "n = {} is not a matrix order (1 .. {})", n, kMostOrder);
  Shape shape{static_cast<std::size_t>(n), {}};
  const std::string &precision = settings.text("precision"), &matrix = settings.text("matrix");
  for (const Element element : precisions())
    if (precision == "auto" || precision == name_of(element)) shape.allowed.push_back(element);
  check_usage(!shape.allowed.empty(), "precision = \"{}\": expected auto, bf16, fp16 or fp32", precision);
  check_usage(matrix == "scaled" || matrix == "test", "matrix = \"{}\": expected scaled or test", matrix);
  if (matrix == "test") shape.kind = DiagonalSystem::Kind::dominant;
  return shape;
}

double bytes_of(const Shape& shape) { return mixed_solver_bytes(shape.n, shape.allowed.front()); }

std::string largest_order(double bytes) {
  auto n = static_cast<std::size_t>(std::sqrt(std::max(0.0, bytes) / 12)) / 64 * 64;
  while (n > 64 && mixed_solver_bytes(n, Element::bf16) > bytes) n -= 64;
  return fmt::format("n={}", n);
}

// The format in which this machine multiplies fastest, by measurement; `why` tells it.
Element choose(const Shape& shape, const KernelContext& context, std::string& why) {
  why = "as set";
  if (shape.allowed.size() == 1) return shape.allowed.front();
  const MatmulShape cube{kProbe, kProbe, kProbe};
  Buffer<float> a(kProbe * kProbe), b(a.size()), c(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = static_cast<float>(random_uniform(context.seed, 1, i)) - 0.5F;
    b[i] = static_cast<float>(random_uniform(context.seed, 2, i)) - 0.5F;
  }
  std::vector<std::unique_ptr<RoundedProduct>> products;
  std::vector<Candidate> candidates;
  why = "fastest product of";
  for (const Element element : shape.allowed) try {
      auto& product = products.emplace_back(std::make_unique<RoundedProduct>(element, kProbe, a.size()));
      candidates.push_back({[&, which = product.get()] { which->add(cube, a.data(), b.data(), c.data()); }});
      why += fmt::format(" {}", name_of(element));
    } catch (const Unsupported&) {  // not a candidate
    }
  return products[fastest(context.ranks, candidates)]->element();
}

class LuMixed final : public Kernel {
 public:
  LuMixed(const Settings& settings, const KernelContext& context)
      : shape_(shape_of(settings)),
        seed_(context.seed),
        ranks_(context.ranks),
        share_{ranks_, alone_, {shape_.n, shape_.n, 1, 0}, {shape_.n + 1, shape_.n + 1, 1, 0}},
        solver_(shape_.n, choose(shape_, context, why_), context.threads, context.marks) {}

  void prepare(Data data) override {
    if (data == Data::exact)
      system_ = exact_ = std::make_shared<ExactSystem>(shape_.n, seed_, ExactSystem::Rows::in_order);
    else
      exact_ = nullptr, system_ = std::make_shared<DiagonalSystem>(shape_.n, seed_, shape_.kind);
    solver_.load(*system_);
  }

  void run() override { solver_.solve(); }

  std::vector<Verdict> verify() override {
    if (exact_) {
      double wrong = 0;
      for (std::size_t i = 0; i < shape_.n; ++i) wrong += solver_.x()[i] == exact_->x()[i] ? 0 : 1;
      return {{"wrong entries of L and U, exact", wrong_factors(solver_, *exact_), 0},
              {"wrong entries of x, exact", wrong, 0}};
    }
    residual_ = scaled_residual(share_, *system_, solver_.x());
    const Element element = solver_.product().element();
    return {{"componentwise error of L U / bound", factor_error(solver_, *system_, element, seed_), 1},
            {"scaled residual / 16", residual_ / kResidualLimit, 1}};
  }

  Facts facts() const override {
    const auto n = static_cast<double>(shape_.n);
    const RoundedProduct& product = solver_.product();
    const MixedSolver::Refinement& refinement = solver_.refinement();
    Facts facts{2.0 / 3 * n * n * n + 1.5 * n * n, 12 * n * n, 12 * n * n, ""};
    if (product.element() != Element::fp16) facts.limit = name_of(product.element());  // fp16 has no limit measured
    facts.notes = {{"factors", fmt::format("{}, {}", name_of(product.element()), why_)},
                   {"library", "oneDNN " + onednn_version()},
                   {"implementation", product.implementation()},
                   {"refinement steps", std::to_string(refinement.steps)},
                   {"scaled residual before refinement", fmt::format("{:.3g}", refinement.before)},
                   {"scaled residual", fmt::format("{:.3g}", residual_)}};
    return facts;
  }

  Output output() override { return {solver_.x().data(), shape_.n, Output::Type::fp64}; }

 private:
  Shape shape_;
  std::uint64_t seed_;
  const Ranks& ranks_;
  Group alone_;
  Share share_;
  std::string why_;
  MixedSolver solver_;
  std::shared_ptr<const LinearSystem> system_;
  std::shared_ptr<const ExactSystem> exact_;  // system_, where it is that one
  double residual_ = 0;
};

}  // namespace

KernelEntry dense_lu_mixed() {
  KernelEntry entry;
  entry.name = "dense/lu_mixed";
  entry.summary = "dense A x = b by LU in bf16, fp16 or fp32 and refinement to fp64 (HPL-MxP's computation)";
  entry.parameters = {{"n", "4096", "unknowns"},
                      {"precision", "auto", "operands of the products: bf16, fp16 or fp32; auto: the fastest here"},
                      {"matrix", "scaled", "scaled: diagonal sqrt(n); test: diagonally dominant, not for comparison"}};
  entry.figure = KernelEntry::Figure::flop_rate;
  entry.memory = [](const Settings& settings, const Placement&) { return bytes_of(shape_of(settings)); };
  entry.fits = largest_order;
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    if (context.ranks.size() > 1)
      throw Unsupported(
          "dense/lu_mixed factors on one rank, which uses all threads; set ranks = 1 (dense/lu has a grid)");
    return std::make_unique<LuMixed>(settings, context);
  };
  return entry;
}

}  // namespace tandem::kernels
