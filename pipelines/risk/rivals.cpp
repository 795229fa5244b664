#include "pipelines/risk/rivals.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <cblas.h>

#include "harness/base/image.hpp"
#include "kernels/learning/symmetric.hpp"

namespace tandem::pipelines {
namespace {

constexpr std::uint64_t image_mark = 0x31564952444d5452;
constexpr double ridge = 1e-7;       // of the mean diagonal
constexpr double least_norm = 0.05;  // as the network's
constexpr std::size_t tile = 256;    // rows of a product

std::vector<double> market_of(const RiskSize& size, std::span<const float> p) {
  std::vector<double> x;
  for (std::size_t d = 0; d < p.size(); ++d) {
    const RiskRange range = risk_range(size, d);
    x.push_back((2 * static_cast<double>(p[d]) - range.low - range.high) / (range.high - range.low));
  }
  return x;
}

std::vector<double> market_of(const RiskSize& size, const Case& one) {
  return market_of(size, std::vector<float>(one.parameters.begin(), one.parameters.end()));
}

std::size_t functions_of(std::size_t variables, std::size_t degree) {
  std::size_t count = 1;
  for (std::size_t d = 1; d <= degree; ++d) count = count * (variables + d) / d;
  return count;
}

// All monomials: each of a degree is one of the degree before times a variable that does not come before its last.
void monomials(std::span<const double> x, std::size_t degree, double* to) {
  std::vector<std::size_t> last = {0}, next;
  std::size_t before = 0, count = 1;
  to[0] = 1;
  for (std::size_t d = 1; d <= degree; ++d) {
    next.clear();
    std::size_t at = count;
    for (std::size_t j = before; j < count; ++j)
      for (std::size_t v = last[j - before]; v < x.size(); ++v) {
        to[at++] = to[j] * x[v];
        next.push_back(v);
      }
    before = count;
    count = at;
    last.swap(next);
  }
}

class PolynomialModel : public Model {
 public:
  PolynomialModel(const RiskSize& size, std::size_t degree, std::vector<double> weights)
      : size_(size), degree_(degree), weights_(std::move(weights)) {}

  Fields predict(std::span<const Case> cases) const override {
    const std::size_t m = functions_of(size_.parameters(), degree_), k = size_.products();
    Fields result(cases.size(), k);
#pragma omp parallel
    {
      std::vector<double> f(m), prices(k);
#pragma omp for schedule(static)
      for (std::size_t i = 0; i < cases.size(); ++i) {
        monomials(market_of(size_, cases[i]), degree_, f.data());
        std::fill(prices.begin(), prices.end(), 0.0);
        for (std::size_t j = 0; j < m; ++j)
          for (std::size_t p = 0; p < k; ++p) prices[p] += f[j] * weights_[j * k + p];
        std::transform(prices.begin(), prices.end(), result.row(i).begin(),
                       [](double price) { return static_cast<float>(price); });
      }
    }
    return result;
  }
  double flops() const override { return 2 * static_cast<double>(weights_.size()); }

 private:
  const RiskSize& size_;
  std::size_t degree_;
  std::vector<double> weights_;
};

class NearestModel : public Model {
 public:
  NearestModel(const RiskSize& size, std::vector<double> rows) : size_(size), rows_(std::move(rows)) {}

  Fields predict(std::span<const Case> cases) const override {
    const std::size_t d = size_.parameters(), width = d + size_.products();
    Fields result(cases.size(), size_.products());
#pragma omp parallel for schedule(static)
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const auto x = market_of(size_, cases[i]);
      double least = std::numeric_limits<double>::infinity();
      std::size_t best = 0;
      for (std::size_t at = 0; at < rows_.size(); at += width) {
        double distance = 0;
        for (std::size_t j = 0; j < d; ++j) distance += (x[j] - rows_[at + j]) * (x[j] - rows_[at + j]);
        if (distance < least) least = distance, best = at;
      }
      for (std::size_t p = 0; p < result.columns; ++p) result.row(i)[p] = static_cast<float>(rows_[best + d + p]);
    }
    return result;
  }

 private:
  const RiskSize& size_;
  std::vector<double> rows_;
};

std::vector<std::byte> image_of(std::size_t kind, const std::vector<double>& values) {
  check(!values.empty(), "risk: a rival used before prepare");
  ImageWriter image;
  image.put(image_mark);
  image.put(kind);
  image.put(values);
  return image.take();
}

std::vector<double> values_of(std::span<const std::byte> bytes, std::size_t kind) {
  ImageReader image(bytes);
  check(image.get<std::uint64_t>() == image_mark && image.get<std::size_t>() == kind,
        "risk: not the image of this rival");
  auto values = image.vector<double>();
  image.finish();
  return values;
}

constexpr std::size_t nearest_kind = 100;

}  // namespace

// (F^T D F + r I) w = F^T D y, D = 1 / (norm + least)^2; sums over ranks.
void RiskPolynomial::prepare(std::span<const Sample* const> mine, const Ranks& ranks) {
  const std::size_t m = functions_of(size_.parameters(), degree_), k = size_.products();
  std::vector<double> normal(m * m), right(m * k), f(tile * m), y(tile * k);
  for (std::size_t at = 0; at < mine.size(); at += tile) {
    const std::size_t rows = std::min(tile, mine.size() - at);
#pragma omp parallel for schedule(static)
    for (std::size_t r = 0; r < rows; ++r) {
      const auto& price = mine[at + r]->arrays.at("price").values;
      check(price.size() == k, "risk: a sample of {} prices, expected {}", price.size(), k);
      double norm = 0;
      for (const float value : price) norm += static_cast<double>(value) * static_cast<double>(value);
      const double weight = 1 / (std::sqrt(norm) + least_norm);
      monomials(market_of(size_, mine[at + r]->arrays.at("parameters").values), degree_, &f[r * m]);
      for (std::size_t j = 0; j < m; ++j) f[r * m + j] *= weight;
      for (std::size_t p = 0; p < k; ++p) y[r * k + p] = weight * static_cast<double>(price[p]);
    }
    const auto lead = static_cast<int>(m), products = static_cast<int>(k), depth = static_cast<int>(rows);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, lead, lead, depth, 1, f.data(), lead, f.data(), lead, 1,
                normal.data(), lead);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, products, lead, depth, 1, y.data(), products, f.data(), lead,
                1, right.data(), lead);
  }
  ranks.sum(std::span(normal));
  ranks.sum(std::span(right));
  double mean = 0;
  for (std::size_t j = 0; j < m; ++j) mean += normal[j * (m + 1)] / static_cast<double>(m);
  for (std::size_t j = 0; j < m; ++j) normal[j * (m + 1)] += ridge * mean;
  const kernels::Cholesky factor(std::move(normal), m);
  check(factor.valid(), "risk: a regression on {} functions has no solution, more samples are needed", m);
  factor.solve(right, k);
  weights_.resize(m * k);
  for (std::size_t j = 0; j < m; ++j)
    for (std::size_t p = 0; p < k; ++p) weights_[j * k + p] = right[p * m + j];
}

std::unique_ptr<Model> RiskPolynomial::model() const {
  check(!weights_.empty(), "risk: a rival's model before prepare");
  return std::make_unique<PolynomialModel>(size_, degree_, weights_);
}

std::vector<std::byte> RiskPolynomial::save() const { return image_of(degree_, weights_); }

void RiskPolynomial::load(std::span<const std::byte> bytes) {
  weights_ = values_of(bytes, degree_);
  check(weights_.size() == functions_of(size_.parameters(), degree_) * size_.products(),
        "risk: an image with {} weights", weights_.size());
}

void RiskNearest::prepare(std::span<const Sample* const> mine, const Ranks& ranks) {
  const std::size_t width = 1 + size_.parameters() + size_.products();
  std::vector<double> own;
  for (const Sample* sample : mine) {
    own.push_back(static_cast<double>(sample->index));
    const auto x = market_of(size_, sample->arrays.at("parameters").values);
    own.insert(own.end(), x.begin(), x.end());
    const auto& price = sample->arrays.at("price").values;
    own.insert(own.end(), price.begin(), price.end());
  }
  rows_.clear();
  const GatheredRows all = gathered_rows(own, width, ranks);
  for (const double* row : all.rows) rows_.insert(rows_.end(), row + 1, row + width);
}

std::unique_ptr<Model> RiskNearest::model() const {
  check(!rows_.empty(), "risk: a rival's model before prepare");
  return std::make_unique<NearestModel>(size_, rows_);
}

std::vector<std::byte> RiskNearest::save() const { return image_of(nearest_kind, rows_); }

void RiskNearest::load(std::span<const std::byte> bytes) {
  rows_ = values_of(bytes, nearest_kind);
  check(!rows_.empty() && rows_.size() % (size_.parameters() + size_.products()) == 0, "risk: an image of {} numbers",
        rows_.size());
}

std::vector<Rival> risk_rivals(const RiskSize& size) {
  const auto polynomial = [&size](const char* name, std::size_t degree) {
    return Rival{name, degree < 2, [&size, degree] { return std::make_unique<RiskPolynomial>(size, degree); }};
  };
  return {polynomial("mean", 0), Rival{"nearest", true, [&size] { return std::make_unique<RiskNearest>(size); }},
          polynomial("linear", 1), polynomial("quadratic", 2), polynomial("cubic", 3)};
}

}  // namespace tandem::pipelines
