#include "kernels/dense/lu_mixed_case.hpp"

#include "harness/base/check.hpp"
#include "kernels/dense/lu_verify.hpp"

namespace tandem::kernels {

std::vector<Parameter> mixed_parameters(const char* n, const char* help) {
  return {{"n", n, help},
          {"precision", "auto", "operands of the products: bf16, fp16 or fp32; auto: the fastest here"},
          {"matrix", "scaled", "scaled: diagonal sqrt(n); test: diagonally dominant, not for comparison"}};
}

std::vector<Element> mixed_precisions(const Settings& settings) {
  const std::string& precision = settings.text("precision");
  std::vector<Element> allowed;
  for (const Element element : {Element::bf16, Element::fp16, Element::fp32})
    if (precision == "auto" || precision == name_of(element)) allowed.push_back(element);
  check_usage(!allowed.empty(), "precision = \"{}\": expected auto, bf16, fp16 or fp32", precision);
  return allowed;
}

DiagonalSystem::Kind mixed_matrix(const Settings& settings) {
  const std::string& matrix = settings.text("matrix");
  check_usage(matrix == "scaled" || matrix == "test", "matrix = \"{}\": expected scaled or test", matrix);
  return matrix == "test" ? DiagonalSystem::Kind::dominant : DiagonalSystem::Kind::scaled;
}

const LinearSystem& MixedCase::prepare(Data data) {
  exact_ = nullptr;
  if (data == Data::exact) {
    auto exact = std::make_unique<ExactSystem>(n_, seed_, ExactSystem::Rows::in_order);
    exact_ = exact.get();
    system_ = std::move(exact);
  } else {
    system_ = std::make_unique<DiagonalSystem>(n_, seed_, kind_);
  }
  return *system_;
}

std::vector<Verdict> MixedCase::judge(std::span<const double> x, const FactorRows& factors, Element element) {
  if (exact_ != nullptr)
    return {{"wrong entries of L and U, exact", wrong_factors(factors, *exact_), 0},
            {"wrong entries of x, exact", factors.grid.ranks.max(wrong_values(x, exact_->x())), 0}};
  residual_ = scaled_residual(factors.grid, *system_, x);
  return {{"componentwise error of L U / bound", factor_error(factors, *system_, element, seed_), 1},
          {"scaled residual / 16", residual_ / kResidualLimit, 1}};
}

Facts MixedCase::facts(int ranks, Element element, const std::string& why, const Refinement& refinement) const {
  const auto n = static_cast<double>(n_), parts = static_cast<double>(ranks);
  Facts facts{(2.0 / 3 * n * n * n + 1.5 * n * n) / parts, 12 * n * n / parts, 12 * n * n / parts, ""};
  facts.notes = {{"n", std::to_string(n_)},
                 {"factors", fmt::format("{}, {}", name_of(element), why)},
                 {"refinement steps", std::to_string(refinement.steps)},
                 {"scaled residual before refinement", fmt::format("{:.3g}", refinement.before)},
                 {"scaled residual", fmt::format("{:.3g}", residual_)}};
  return facts;
}

}  // namespace tandem::kernels
