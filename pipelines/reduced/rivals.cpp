// Rivals as Learners: all that they know of a sample is its point, so that every rank gathers all points.
#include "pipelines/reduced/rivals.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "harness/pipeline/content.hpp"

namespace tandem::pipelines {

namespace {

constexpr std::uint64_t image_mark = 0x314c415649524854;  // "THRIVAL1"

class ExpansionRegression : public Regression {
 public:
  explicit ExpansionRegression(Expansion expansion) : expansion_(std::move(expansion)) {}

  void coefficients(std::span<const double> inputs, std::size_t rows, std::span<double> to) override {
    const std::size_t functions = expansion_.functions(), modes = expansion_.modes, width = expansion_.inputs;
#pragma omp parallel
    {
      std::vector<double> values(functions);
#pragma omp for schedule(static)
      for (std::size_t r = 0; r < rows; ++r) {
        expansion_.evaluate(inputs.subspan(r * width, width), values);
        const auto sums = to.subspan(r * modes, modes);
        std::fill(sums.begin(), sums.end(), 0.0);
        for (std::size_t j = 0; j < functions; ++j)
          for (std::size_t k = 0; k < modes; ++k) sums[k] += values[j] * expansion_.weights[j * modes + k];
      }
    }
  }

  void pull(std::span<const double> inputs, std::size_t rows, std::span<const double> weights,
            std::span<double> to) override {
    const std::size_t functions = expansion_.functions(), modes = expansion_.modes, width = expansion_.inputs;
#pragma omp parallel
    {
      std::vector<double> pulls(functions);
#pragma omp for schedule(static)
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t j = 0; j < functions; ++j) {
          pulls[j] = 0;
          for (std::size_t k = 0; k < modes; ++k)
            pulls[j] += weights[r * modes + k] * expansion_.weights[j * modes + k];
        }
        expansion_.pull(inputs.subspan(r * width, width), pulls, to.subspan(r * width, width));
      }
    }
  }

  double flops() const override { return 2 * static_cast<double>(expansion_.functions() * expansion_.modes); }

 private:
  Expansion expansion_;
};

constexpr std::array<std::pair<const char*, RivalKind>, 5> kinds = {{{"mean", RivalKind::mean},
                                                                     {"nearest", RivalKind::nearest},
                                                                     {"linear", RivalKind::linear},
                                                                     {"quadratic", RivalKind::quadratic},
                                                                     {"kernel", RivalKind::kernel}}};

class ReducedFamily : public RivalFamily {
 public:
  explicit ReducedFamily(const std::shared_ptr<const FieldMap>& map) : space_(map) {}

  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override {
    space_.fit(mine, reduced_modes, ranks);
  }

  std::unique_ptr<Learner> fit(std::string_view rival) const override {
    for (const auto& [name, kind] : kinds) {
      if (rival != name) continue;
      auto learner = std::make_unique<ReducedRival>(kind, space_.basis.shared_map());
      learner->fit(space_);
      return learner;
    }
    throw Error(Exit::failed, fmt::format("{}: no rival is named {}", space_.basis.map().pipeline(), rival));
  }

 private:
  ReducedSpace space_;
};

}  // namespace

void ReducedSpace::fit(std::span<const Sample* const> mine, std::size_t modes, const Ranks& ranks) {
  basis.fit(mine, modes, ranks);
  const std::size_t inputs = basis.map().inputs(), width = 2 + inputs + basis.pod().modes;
  const std::vector<ReducedPoint> own = basis.project(mine);
  std::vector<double> packed;
  for (std::size_t i = 0; i < own.size(); ++i) {
    packed.push_back(static_cast<double>(mine[i]->index));
    packed.push_back(own[i].norm);
    packed.insert(packed.end(), own[i].inputs.begin(), own[i].inputs.end());
    packed.insert(packed.end(), own[i].coefficients.begin(), own[i].coefficients.end());
  }
  points.clear();
  const GatheredRows all = gathered_rows(packed, width, ranks);
  for (const double* row : all.rows) {
    ReducedPoint& point = points.emplace_back();
    point.norm = row[1];
    point.inputs.assign(row + 2, row + 2 + inputs);
    point.coefficients.assign(row + 2 + inputs, row + width);
  }
}

void ReducedRival::fit(const ReducedSpace& space) {
  basis_ = space.basis;
  expansion_ = fit_expansion(kind_, space.points);
}

void ReducedRival::prepare(std::span<const Sample* const> mine, const Ranks& ranks) {
  ReducedSpace space(basis_.shared_map());
  space.fit(mine, modes_, ranks);
  fit(space);
}

std::unique_ptr<Model> ReducedRival::model() const {
  check(!expansion_.weights.empty(), "{}: a rival's model before prepare", basis_.map().pipeline());
  return std::make_unique<ReducedSurrogate>(basis_, std::make_unique<ExpansionRegression>(expansion_));
}

std::vector<std::byte> ReducedRival::save() const {
  check(!expansion_.weights.empty(), "{}: a rival saved before prepare", basis_.map().pipeline());
  ImageWriter image;
  image.put(image_mark);
  image.put(expansion_.kind);
  basis_.save(image);
  image.put(expansion_.length);
  image.put(expansion_.ridge);
  image.put(expansion_.centres);
  image.put(expansion_.weights);
  return image.take();
}

void ReducedRival::load(std::span<const std::byte> bytes) {
  ImageReader image(bytes);
  check(image.get<std::uint64_t>() == image_mark && image.get<RivalKind>() == kind_, "{}: not the image of this rival",
        basis_.map().pipeline());
  basis_.load(image);
  expansion_ = {kind_, basis_.pod().modes, basis_.map().inputs(), image.get<double>(), image.get<double>(), {}, {}};
  expansion_.centres = image.vector<double>();
  expansion_.weights = image.vector<double>();
  image.finish();
  check(!expansion_.weights.empty() && expansion_.weights.size() == expansion_.functions() * expansion_.modes,
        "{}: an image with {} weights for {} functions", basis_.map().pipeline(), expansion_.weights.size(),
        expansion_.functions());
}

std::vector<Rival> reduced_rivals(const std::shared_ptr<const FieldMap>& map) {
  const auto family = std::make_shared<ReducedFamily>(map);
  std::vector<Rival> rivals;
  rivals.reserve(kinds.size());
  for (const auto& [name, kind] : kinds)
    rivals.push_back({name, kind < RivalKind::quadratic,
                      [kind = kind, map] { return std::make_unique<ReducedRival>(kind, map); }, family});
  return rivals;
}

}  // namespace tandem::pipelines
