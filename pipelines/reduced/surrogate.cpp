// Fields are one product: rows [s c, s], s the scale, times [basis; mean]; its transpose pulls cotangents of fields
// back to [c, 1], and d/ds comes with it. Rows go in tiles that stay in cache.
#include "pipelines/reduced/surrogate.hpp"

#include <algorithm>
#include <cmath>

#include "harness/device/buffer.hpp"
#include "kernels/dense/onednn.hpp"

namespace tandem::pipelines {

using kernels::Bf16;
using kernels::Element;
using kernels::Matmul;
using kernels::Operand;

namespace {

ReducedInputs inputs_of(const FieldMap& map, const Sample& sample) {
  const auto& parameters = sample.arrays.at("parameters").values;
  return map.of(std::vector<double>(parameters.begin(), parameters.end()));
}

const std::vector<float>& field_of(const FieldMap& map, const Sample& sample) {
  const std::vector<float>& field = sample.arrays.at(map.array()).values;
  check(field.size() == map.values(), "{}: a sample of {} values, expected {}", map.pipeline(), field.size(),
        map.values());
  return field;
}

// Fields over their scales, [samples, values].
std::vector<float> snapshots_of(const FieldMap& map, std::span<const Sample* const> samples) {
  const std::size_t values = map.values();
  std::vector<float> snapshots(samples.size() * values);
  std::vector<const float*> fields;  // looked up first: what is wrong with a sample cannot be thrown from a thread
  std::vector<double> scales;
  fields.reserve(samples.size());
  scales.reserve(samples.size());
  for (const Sample* sample : samples) {
    fields.push_back(field_of(map, *sample).data());
    scales.push_back(inputs_of(map, *sample).scale);
  }
#pragma omp parallel for schedule(static)
  for (std::size_t i = 0; i < samples.size(); ++i)
    for (std::size_t n = 0; n < values; ++n)
      snapshots[i * values + n] = static_cast<float>(static_cast<double>(fields[i][n]) / scales[i]);
  return snapshots;
}

}  // namespace

void ReducedBasis::fit(std::span<const Sample* const> mine, std::size_t modes, const Ranks& ranks) {
  const std::vector<float> snapshots = snapshots_of(*map_, mine);
  std::vector<double> indices;
  indices.reserve(mine.size());
  for (const Sample* sample : mine) indices.push_back(static_cast<double>(sample->index));
  std::vector<double> all = ranks.gather(indices);
  std::sort(all.begin(), all.end());
  std::vector<std::size_t> order;
  order.reserve(indices.size());
  for (const double index : indices)
    order.push_back(static_cast<std::size_t>(std::lower_bound(all.begin(), all.end(), index) - all.begin()));
  pod_ = kernels::pod(snapshots, order, map_->values(), modes, ranks);
}

ReducedPoint ReducedBasis::project(const Sample& sample) const {
  const std::vector<float>& field = field_of(*map_, sample);
  ReducedInputs inputs = inputs_of(*map_, sample);
  ReducedPoint point{std::move(inputs.values), std::vector<double>(pod_.modes), 0};
  std::vector<double> deviation(pod_.values);
  for (std::size_t n = 0; n < pod_.values; ++n) deviation[n] = static_cast<double>(field[n]) / inputs.scale;
  point.norm = map_->norm(deviation);
  for (std::size_t n = 0; n < pod_.values; ++n) deviation[n] -= static_cast<double>(pod_.mean[n]);
  const auto modes = static_cast<std::ptrdiff_t>(pod_.modes);
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t k = 0; k < modes; ++k) {
    const float* basis = pod_.basis.data() + static_cast<std::size_t>(k) * pod_.values;
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::size_t n = 0; n < pod_.values; ++n) sum += static_cast<double>(basis[n]) * deviation[n];
    point.coefficients[static_cast<std::size_t>(k)] = sum;
  }
  return point;
}

std::vector<ReducedPoint> ReducedBasis::project(std::span<const Sample* const> samples) const {
  constexpr std::size_t at_once = 256;  // bounds the copy of their fields
  const std::size_t values = pod_.values, modes = pod_.modes;
  std::vector<ReducedPoint> points;
  for (std::size_t begin = 0; begin < samples.size(); begin += at_once) {
    const auto block = samples.subspan(begin, std::min(at_once, samples.size() - begin));
    const std::vector<float> snapshots = snapshots_of(*map_, block);
    const std::vector<double> coefficients = kernels::pod_coefficients(pod_, snapshots);
    for (std::size_t i = 0; i < block.size(); ++i) {
      const auto row = snapshots.begin() + static_cast<std::ptrdiff_t>(i * values);
      const std::vector<double> field(row, row + static_cast<std::ptrdiff_t>(values));
      const auto own = coefficients.begin() + static_cast<std::ptrdiff_t>(i * modes);
      points.push_back(
          {inputs_of(*map_, *block[i]).values, {own, own + static_cast<std::ptrdiff_t>(modes)}, map_->norm(field)});
    }
  }
  return points;
}

void ReducedBasis::save(ImageWriter& image) const {
  image.put(pod_.modes);
  image.put(pod_.mean);
  image.put(pod_.basis);
}

void ReducedBasis::load(ImageReader& image) {
  pod_ = {};
  pod_.modes = image.get<std::size_t>();
  pod_.mean = image.vector<float>();
  pod_.basis = image.vector<float>();
  pod_.values = pod_.mean.size();
  check(pod_.modes > 0 && pod_.basis.size() == pod_.modes * pod_.values,
        "model image: {} modes of {} numbers but {} in all", pod_.modes, pod_.values, pod_.basis.size());
  check(pod_.values == map_->values(), "{}: an image for fields of {} values, expected {}", map_->pipeline(),
        pod_.values, map_->values());
}

struct ReducedSurrogate::Plan {
  std::size_t rows, begin, end;  // of cases, and the values that are predicted
  std::vector<double> inputs, coefficients, scales, weights, input_weights;
  Buffer<float> factors, pulled;     // [rows, modes + 1]
  Buffer<float> fields, cotangents;  // [rows, nodes]; cotangents only once gradients are asked for
  bool rounded;
  Buffer<Bf16> factors_bf16, cotangents_bf16;  // what the products read where rounded
  Matmul expand;
  std::unique_ptr<Matmul> contract;

  Plan(std::size_t count, std::size_t width, std::size_t modes, std::size_t first, std::size_t last, Operand basis)
      : rows(count),
        begin(first),
        end(last),
        inputs(count * width),
        coefficients(count * modes),
        scales(count),
        weights(count * modes),
        input_weights(count * width),
        factors(count * (modes + 1)),
        fields(count * (last - first)),
        rounded(basis.type == Element::bf16),
        factors_bf16(rounded ? count * (modes + 1) : 0),
        expand({count, last - first, modes + 1}, read(factors, factors_bf16), basis, {fields.data()}, nullptr,
               Matmul::Weights::packed) {
    expand.pack();
  }

  Operand read(Buffer<float>& fp32, Buffer<Bf16>& bf16) const {
    return rounded ? Operand{bf16.data(), Element::bf16} : Operand{fp32.data()};
  }

  // Where rounded: `count` values from `at` on, into what the product reads.
  void round(const Buffer<float>& fp32, Buffer<Bf16>& bf16, std::size_t at, std::size_t count) const {
    if (!rounded) return;
    const float* const from = fp32.data() + at;
    Bf16* const to = bf16.data() + at;
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i) kernels::store(to[i], from[i]);
  }

  void add_gradients(std::size_t modes, std::size_t nodes, Operand basis) {
    if (contract) return;
    cotangents = Buffer<float>(rows * nodes);
    cotangents_bf16 = Buffer<Bf16>(rounded ? rows * nodes : 0);
    pulled = Buffer<float>(rows * (modes + 1));
    contract = std::make_unique<Matmul>(kernels::MatmulShape{rows, modes + 1, nodes}, read(cotangents, cotangents_bf16),
                                        basis, Operand{pulled.data()}, nullptr, Matmul::Weights::packed);
    contract->pack();
  }
};

namespace {

constexpr std::size_t small_rows = 8, most_rows = 64, tile_bytes = std::size_t{1} << 24;

std::size_t tile_rows(std::size_t nodes) {
  std::size_t rows = most_rows;
  while (rows > small_rows && rows * nodes * sizeof(float) > tile_bytes) rows /= 2;
  return rows;
}

}  // namespace

ReducedSurrogate::ReducedSurrogate(const ReducedBasis& basis, std::unique_ptr<Regression> regression,
                                   kernels::MlpPrecision format)
    : map_(basis.shared_map()),
      modes_(basis.pod().modes),
      values_(basis.pod().values),
      inputs_(map_->inputs()),
      basis_(basis.pod().basis),
      regression_(std::move(regression)) {
  basis_.insert(basis_.end(), basis.pod().mean.begin(), basis.pod().mean.end());
  if (format != kernels::MlpPrecision::bf16) return;
  basis_bf16_.resize(basis_.size());
  for (std::size_t i = 0; i < basis_.size(); ++i) kernels::store(basis_bf16_[i], basis_[i]);
}

ReducedSurrogate::~ReducedSurrogate() = default;

Operand ReducedSurrogate::basis(bool transposed, std::size_t begin) const {
  if (basis_bf16_.empty()) return {const_cast<float*>(basis_.data()) + begin, Element::fp32, transposed, values_};
  return {const_cast<Bf16*>(basis_bf16_.data()) + begin, Element::bf16, transposed, values_};
}

ReducedSurrogate::Plan& ReducedSurrogate::plan(std::size_t rows, std::size_t begin, std::size_t end) const {
  const std::size_t wanted = rows >= tile_rows(end - begin) ? tile_rows(end - begin) : small_rows;
  for (const auto& plan : plans_)
    if (plan->rows == wanted && plan->begin == begin && plan->end == end) return *plan;
  plans_.push_back(std::make_unique<Plan>(wanted, inputs_, modes_, begin, end, basis(false, begin)));
  return *plans_.back();
}

// Rows [s c, s] of these cases; rows beyond them repeat the last case.
void ReducedSurrogate::fill(Plan& plan, std::span<const Case> cases) const {
  for (std::size_t r = 0; r < plan.rows; ++r) {
    const ReducedInputs features = map_->of(cases[std::min(r, cases.size() - 1)].parameters);
    std::copy(features.values.begin(), features.values.end(), plan.inputs.begin() + r * inputs_);
    plan.scales[r] = features.scale;
  }
  regression_->coefficients(plan.inputs, plan.rows, plan.coefficients);
  for (std::size_t r = 0; r < plan.rows; ++r) {
    float* const factors = plan.factors.data() + r * (modes_ + 1);
    for (std::size_t k = 0; k < modes_; ++k)
      factors[k] = static_cast<float>(plan.scales[r] * plan.coefficients[r * modes_ + k]);
    factors[modes_] = static_cast<float>(plan.scales[r]);
  }
  plan.round(plan.factors, plan.factors_bf16, 0, plan.rows * (modes_ + 1));
}

Fields ReducedSurrogate::predict(std::span<const Case> cases) const { return predict_part(cases, 0, values_); }

Fields ReducedSurrogate::predict_part(std::span<const Case> cases, std::size_t begin, std::size_t end) const {
  const std::lock_guard lock(mutex_);
  Fields result(cases.size(), end - begin);
  for (std::size_t at = 0; at < cases.size();) {
    Plan& tile = plan(cases.size() - at, begin, end);
    const std::size_t count = std::min(tile.rows, cases.size() - at);
    fill(tile, cases.subspan(at, count));
    const bool full = count == tile.rows;
    tile.expand.run_into(full ? result.row(at).data() : tile.fields.data());
    if (!full) std::copy_n(tile.fields.data(), count * result.columns, result.row(at).data());
    at += count;
  }
  return result;
}

// From the cotangents of a tile's fields to the gradients of its cases, rows `at` and on of `result`.
void ReducedSurrogate::pull(Plan& tile, std::span<const Case> cases, Fields& result, std::size_t at) const {
  tile.contract->run();
  for (std::size_t r = 0; r < tile.rows; ++r)
    for (std::size_t k = 0; k < modes_; ++k)
      tile.weights[r * modes_ + k] =
          r < cases.size() ? tile.scales[r] * static_cast<double>(tile.pulled[r * (modes_ + 1) + k]) : 0;
  regression_->pull(tile.inputs, tile.rows, tile.weights, tile.input_weights);
  for (std::size_t r = 0; r < cases.size(); ++r) {
    const float* const pulled = tile.pulled.data() + r * (modes_ + 1);
    auto by_scale = static_cast<double>(pulled[modes_]);
    for (std::size_t k = 0; k < modes_; ++k)
      by_scale += static_cast<double>(pulled[k]) * tile.coefficients[r * modes_ + k];
    const auto gradient =
        map_->vjp(cases[r].parameters, std::span(tile.input_weights).subspan(r * inputs_, inputs_), by_scale);
    std::transform(gradient.begin(), gradient.end(), result.row(at + r).begin(),
                   [](double g) { return static_cast<float>(g); });
  }
}

Fields ReducedSurrogate::vjp(std::span<const Case> cases, const Seed& seed) const {
  const std::lock_guard lock(mutex_);
  Fields result(cases.size(), map_->parameters());
  for (std::size_t at = 0; at < cases.size();) {
    Plan& tile = plan(cases.size() - at, 0, values_);
    tile.add_gradients(modes_, values_, basis(true, 0));
    const std::size_t count = std::min(tile.rows, cases.size() - at);
    fill(tile, cases.subspan(at, count));
    tile.expand.run_into(tile.fields.data());
    const auto rows = static_cast<std::ptrdiff_t>(count);
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t r = 0; r < rows; ++r) {
      const std::span cotangent(tile.cotangents.data() + static_cast<std::size_t>(r) * values_, values_);
      std::fill(cotangent.begin(), cotangent.end(), 0.0f);
      seed(at + static_cast<std::size_t>(r), {tile.fields.data() + static_cast<std::size_t>(r) * values_, values_},
           cotangent);
      tile.round(tile.cotangents, tile.cotangents_bf16, static_cast<std::size_t>(r) * values_, values_);
    }
    pull(tile, cases.subspan(at, count), result, at);
    at += count;
  }
  return result;
}

}  // namespace tandem::pipelines
