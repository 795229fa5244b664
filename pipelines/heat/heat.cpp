// Thermal design of a three-chip module: nonlinear conduction, a surrogate of the temperature field, designs under a
// temperature limit and their reliability. docs/pipelines/heat.md.
#include <map>
#include <string_view>

#include "harness/pipeline/device_setting.hpp"
#include "pipelines/heat/learner.hpp"
#include "pipelines/heat/problem.hpp"
#include "pipelines/heat/simulation.hpp"

namespace tandem::pipelines {
namespace {

HeatFormat format_of(const Settings& settings, const char* phase) {
  const std::string& text = settings.text(phase);
  const bool simulation = std::string_view(phase) == "simulate";
  const std::map<std::string_view, HeatFormat> known =
      simulation ? std::map<std::string_view, HeatFormat>{{"fp64", HeatFormat::fp64}, {"fp32", HeatFormat::fp32}}
                 : std::map<std::string_view, HeatFormat>{{"fp32", HeatFormat::fp32}, {"bf16", HeatFormat::bf16}};
  check_usage(known.contains(text), "{}={} is not {}", phase, text, simulation ? "fp64 or fp32" : "fp32 or bf16");
  return known.at(text);
}

Pipeline make(const Settings& settings, int threads) {
  const HeatSize& size = heat_size(settings.text("size"));
  const auto width = static_cast<std::size_t>(settings.integer("width"));
  auto problem = std::make_unique<HeatProblem>(size, settings.text("box") == "scenarios");
  if (width != heat_width)
    problem->vary(fmt::format("-width-{}", width), fmt::format("the targets are meant for a width of {}", heat_width));
  return {std::move(problem),
          std::make_unique<HeatSimulation>(size, threads, format_of(settings, "simulate"), settings.text(simulate_on)),
          [&size, width, train = format_of(settings, "train"), infer = format_of(settings, "infer"),
           device = settings.text(train_on)](std::uint64_t seed) {
            return make_heat_learner(size, seed, width, train, infer, device);
          }};
}

// Samples, their copies while training, and a solver's operator (27 doubles and 1.4 times 27 floats a node).
double memory(const Settings& settings) {
  const HeatSize& size = heat_size(settings.text("size"));
  const std::string& box = settings.text("box");
  for (const char* phase : {"simulate", "train", "infer"}) format_of(settings, phase);
  check_device(settings, train_on);
  check_device(settings, simulate_on);
  check_usage(settings.text(simulate_on) == "cpu" || format_of(settings, "simulate") == HeatFormat::fp64,
              "simulate_on={} simulates in fp64, not in {}", settings.text(simulate_on), settings.text("simulate"));
  check_usage(box == "whole" || box == "scenarios", "box={} is not whole or scenarios", box);
  const std::int64_t width = settings.integer("width");
  check_usage(width >= 1 && width <= 4096, "width={} is not a whole number of 1 to 4096", width);
  const auto nodes = static_cast<double>(size.mesh.nodes());
  return nodes * (2.0 * 4 * static_cast<double>(size.schedule.samples) + 27 * 8 * 2 + 27 * 4 * 2 + 200);
}

std::vector<Slice> slices(const Settings& settings) {
  const HeatMesh& mesh = heat_size(settings.text("size")).mesh;
  Slice chips{"Temperature in the middle of the chip layer", "K above ambient", mesh.nx + 1, mesh.ny + 1, {}};
  const std::size_t k = mesh.nz - mesh.nz / 8;
  for (std::size_t n = 0; n < mesh.plane(); ++n) chips.at.push_back(k * mesh.plane() + n);
  Slice cut{"Temperature in the plane y = 12.5 mm", "K above ambient", mesh.nx + 1, mesh.nz + 1, {}};
  const std::size_t j = mesh.ny * 5 / 16;
  for (std::size_t z = 0; z <= mesh.nz; ++z)
    for (std::size_t i = 0; i <= mesh.nx; ++i) cut.at.push_back(z * mesh.plane() + j * (mesh.nx + 1) + i);
  return {chips, cut};
}

}  // namespace

PipelineEntry heat() {
  return {"heat",
          "thermal design of a three-chip module: nonlinear conduction, field surrogate, design and reliability",
          {{"size", "S", "S, M: frozen targets; L, XL: larger, targets provisional"},
           {"box", "whole", "where training points lie: whole, or as far as the scenarios go: scenarios", false},
           {"width", fmt::format("{}", heat_width), "of the network's hidden layers", false},
           {"simulate", "fp64", "format of training simulations: fp64, fp32", false},
           {"train", "fp32", "format of the network's products while it trains: fp32, bf16", false},
           {"infer", "fp32", "format of the products that predict: fp32, bf16", false},
           device_parameter(simulate_on),
           device_parameter(train_on)},
          make,
          memory,
          slices};
}

}  // namespace tandem::pipelines
