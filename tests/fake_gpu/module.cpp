// Modules that stand in for libtandem_cuda.so in tests, one for each way to go wrong; FAKE says which. With `works` its
// kernels do or fail as their names say.
#include "harness/kernel/module.hpp"

#include <cstring>
#include <memory>
#include <numeric>
#include <string_view>
#include <vector>

namespace tandem {
namespace {

constexpr std::string_view kind = FAKE;

// Writes 0, 1, 2, ... where the program reads it after `changed` was asked for.
class FakeKernel final : public ModuleKernel {
 public:
  explicit FakeKernel(bool fails) : fails_(fails) {}
  Fault prepare(Data) noexcept override { return {}; }
  Fault restore() noexcept override { return {}; }
  Fault keep(bool& kept) noexcept override {
    kept = false;
    return {};
  }
  Fault run() noexcept override {
    if (fails_) return {true, Exit::failed, "the GPU fell off the bus"};
    std::iota(device_.begin(), device_.end(), 0.0);
    return {};
  }
  Fault finish() noexcept override {
    host_ = device_;
    return {};
  }
  Fault verify(std::vector<Verdict>& verdicts) noexcept override {
    verdicts = {{"last value", device_.back(), 9}};
    return {};
  }
  Fault facts(Facts& facts) noexcept override {
    facts.bytes = 80;
    return {};
  }
  Fault output(Output& output) noexcept override {
    output = {host_.data(), host_.size(), Output::Type::fp64, {}};
    return {};
  }
  Fault changed() noexcept override {
    device_ = host_;
    return {};
  }

 private:
  bool fails_;
  std::vector<double> device_ = std::vector<double>(10), host_ = device_;
};

ModuleEntry entry(const char* name, const char* summary) {
  ModuleEntry made;
  made.entry.name = name;
  made.entry.summary = summary;
  made.entry.figure = KernelEntry::Figure::byte_rate;
  const std::string_view which = name;
  made.memory = [which](const Settings&, const Placement&, double& bytes) -> Fault {
    if (which == "fake/nonsense") return {true, Exit::usage, "n = 0 is not a size"};
    bytes = 80;
    return {};
  };
  made.make = [which](const Settings&, const KernelContext&, std::unique_ptr<ModuleKernel>& kernel) -> Fault {
    if (which == "fake/unsupported") return {true, Exit::skipped, "this GPU has no fp8"};
    kernel = std::make_unique<FakeKernel>(which == "fake/lost");
    return {};
  };
  made.free_memory = [](const Ranks&, double& bytes) -> Fault {
    bytes = 1e9;
    return {};
  };
  return made;
}

}  // namespace
}  // namespace tandem

extern "C" bool tandem_module(const char* abi, tandem::ModuleRegistry& registry) {
  using namespace tandem;
  if (kind == "other_abi") return std::strcmp(abi, "another") == 0;
  registry.survey.runtime = "Fake 1.0";
  if (kind == "no_device") {
    registry.survey.reason = "no GPU (the driver sees none)";
    return true;
  }
  registry.survey.devices = {{"Fake GPU", "fake_1", 0x1p34, 0x1p33, 7, 0, ""}};
  for (const char* name : {"fake/works", "fake/lost", "fake/unsupported", "fake/nonsense"})
    registry.kernels.push_back(entry(name, "does what its name says"));
  return true;
}
