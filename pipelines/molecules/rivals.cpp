// (F^T F + r I) w = F^T (score - mean); leave-one-out residual e_i / (1 - h_i), h the diagonal of the hat matrix.
#include "pipelines/molecules/rivals.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/base/image.hpp"
#include "kernels/learning/symmetric.hpp"

namespace tandem::pipelines {
namespace {

constexpr std::uint64_t image_mark = 0x3156495249524d54;  // "TMRIRIV1"

struct Rows {
  std::vector<std::vector<std::size_t>> ones;
  std::vector<double> scores;
};

// All ranks' samples in canonical order.
Rows gather(std::span<const Sample* const> mine, FeatureKind kind, const Ranks& ranks) {
  constexpr std::size_t width = 3 + molecule_sites;  // index, code, score
  std::vector<double> own;
  for (const Sample* sample : mine) {
    const auto& code = sample->arrays.at("code").values;
    check(code.size() == 1 + molecule_sites, "molecules: a code of {} numbers", code.size());
    own.push_back(static_cast<double>(sample->index));
    own.insert(own.end(), code.begin(), code.end());
    own.push_back(static_cast<double>(sample->arrays.at("docked").values.at(0)));
  }
  Rows rows;
  const GatheredRows all = gathered_rows(own, width, ranks);
  for (const double* row : all.rows) {
    rows.ones.push_back(ones(decoded(std::vector<float>(row + 1, row + width - 1)), kind));
    rows.scores.push_back(row[width - 1]);
  }
  return rows;
}

struct Fit {
  std::vector<double> weights;
  double error = std::numeric_limits<double>::infinity();  // sum of squared leave-one-out errors
};

Fit fit_ridge(const Rows& rows, const std::vector<double>& normal, const std::vector<double>& right, double mean,
              double ridge) {
  const std::size_t m = right.size(), n = rows.ones.size();
  std::vector<double> matrix = normal;
  for (std::size_t j = 0; j < m; ++j) matrix[j * (m + 1)] += ridge;
  const kernels::Cholesky factor(std::move(matrix), m);
  if (!factor.valid()) return {};
  Fit fit{right, 0};
  factor.solve(fit.weights, 1);
  std::vector<double> hats(n * m, 0.0);
  for (std::size_t i = 0; i < n; ++i)
    for (const std::size_t j : rows.ones[i]) hats[i * m + j] = 1;
  factor.solve(hats, n);
  for (std::size_t i = 0; i < n; ++i) {
    double hat = 0, residual = rows.scores[i] - mean;
    for (const std::size_t j : rows.ones[i]) {
      hat += hats[i * m + j];
      residual -= fit.weights[j];
    }
    fit.error += residual * residual / ((1 - hat) * (1 - hat));
  }
  return fit;
}

std::vector<double> fit(const Rows& rows, FeatureKind kind) {
  check(!rows.scores.empty(), "molecules: a rival without samples");
  const std::size_t m = features_of(kind);
  double mean = 0;
  for (const double score : rows.scores) mean += score / static_cast<double>(rows.scores.size());
  std::vector<double> weights(m, 0.0);
  if (m > 0) {
    std::vector<double> normal(m * m), right(m);
    for (std::size_t i = 0; i < rows.ones.size(); ++i)
      for (const std::size_t a : rows.ones[i]) {
        right[a] += rows.scores[i] - mean;
        for (const std::size_t b : rows.ones[i]) normal[a * m + b] += 1;
      }
    double best = std::numeric_limits<double>::infinity();
    for (const double ridge : {0.3, 3.0, 30.0, 300.0}) {
      Fit found = fit_ridge(rows, normal, right, mean, ridge);
      if (!(found.error < best)) continue;
      best = found.error;
      weights = std::move(found.weights);
    }
    check(std::isfinite(best), "molecules: no ridge makes a regression of {} features solvable", m);
  }
  weights.push_back(mean);
  return weights;
}

class RidgeModel : public Model {
 public:
  RidgeModel(FeatureKind kind, std::vector<double> weights, KnownScores known)
      : kind_(kind), weights_(std::move(weights)), known_(std::move(known)) {}
  Fields predict(std::span<const Case> cases) const override {
    Fields fields(cases.size(), 1);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      double sum = weights_.back();
      const Molecule molecule = molecule_of(cases[i]);
      for (const std::size_t j : ones(molecule, kind_)) sum += weights_[j];
      fields.row(i)[0] = static_cast<float>(known_.of(molecule, sum));
    }
    return fields;
  }

 private:
  FeatureKind kind_;
  std::vector<double> weights_;
  KnownScores known_;
};

}  // namespace

void MoleculeRival::prepare(std::span<const Sample* const> mine, const Ranks& ranks) {
  known_ = KnownScores(mine, ranks);
  weights_ = fit(gather(mine, kind_, ranks), kind_);
}

std::unique_ptr<Model> MoleculeRival::model() const {
  check(!weights_.empty(), "molecules: a rival's model before prepare");
  return std::make_unique<RidgeModel>(kind_, weights_, known_);
}

std::vector<std::byte> MoleculeRival::save() const {
  check(!weights_.empty(), "molecules: a rival saved before prepare");
  ImageWriter image;
  image.put(image_mark);
  image.put(kind_);
  known_.save(image);
  image.put(weights_);
  return image.take();
}

void MoleculeRival::load(std::span<const std::byte> bytes) {
  ImageReader image(bytes);
  check(image.get<std::uint64_t>() == image_mark && image.get<FeatureKind>() == kind_,
        "molecules: not the image of this rival");
  known_.load(image);
  weights_ = image.vector<double>();
  image.finish();
  check(weights_.size() == features_of(kind_) + 1, "molecules: an image with {} weights", weights_.size());
}

std::vector<Rival> molecule_rivals() {
  const auto rival = [](const char* name, FeatureKind kind, bool trivial) {
    return Rival{name, trivial, [kind] { return std::make_unique<MoleculeRival>(kind); }};
  };
  return {rival("linear", FeatureKind::linear, true), rival("crossed", FeatureKind::crossed, false)};
}

}  // namespace tandem::pipelines
