// The heat pipeline's network and its rivals: reduced models of the temperatures over their scale.
#pragma once

#include "pipelines/heat/size.hpp"
#include "pipelines/reduced/learner.hpp"
#include "pipelines/reduced/rivals.hpp"

namespace tandem::pipelines {

inline constexpr std::size_t heat_width = 128;  // of the hidden layers

// Of fields on this many nodes.
std::shared_ptr<const FieldMap> heat_map(std::size_t nodes);

std::unique_ptr<Learner> make_heat_learner(const HeatSize& size, std::uint64_t seed, std::size_t width = heat_width,
                                           HeatFormat train = HeatFormat::fp32, HeatFormat infer = HeatFormat::fp32,
                                           const std::string& device = "cpu");
std::vector<Rival> heat_rivals(const HeatSize& size);

}  // namespace tandem::pipelines
