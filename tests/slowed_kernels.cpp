#include "tests/slowed_kernels.hpp"

#include <cstdlib>
#include <utility>

#include "harness/base/check.hpp"

namespace tandem {
namespace {

class Slowed : public Kernel {
 public:
  Slowed(std::unique_ptr<Kernel> kernel, int every) : kernel_(std::move(kernel)), every_(every) {}
  void prepare(Data data) override {
    kernel_->prepare(data);
    keep();
  }
  void restore() override { kernel_->restore(); }
  bool keep() override { return kept_ = kernel_->keep(); }
  void run() override {
    kernel_->run();
    if (++runs_ % every_ == 0) {
      if (kept_) kernel_->keep();  // judged is the last of both
      kernel_->run();
    }
    kept_ = false;
  }
  std::vector<Verdict> verify() override { return kernel_->verify(); }
  Facts facts() const override { return kernel_->facts(); }
  Output output() override { return kernel_->output(); }

 private:
  std::unique_ptr<Kernel> kernel_;
  int every_, runs_ = 0;
  bool kept_ = false;
};

}  // namespace

std::unique_ptr<Kernel> slowed(std::unique_ptr<Kernel> kernel, int every) {
  return std::make_unique<Slowed>(std::move(kernel), every);
}

KernelEntry slowed(const KernelEntry& entry, int every) {
  check(every >= 1, "slowed: every {} runs", every);
  if (entry.destroys_input) return entry;
  KernelEntry changed = entry;
  changed.make = [make = entry.make, every](const Settings& settings, const KernelContext& context) {
    return slowed(make(settings, context), every);
  };
  changed.rival = {};
  return changed;
}

// The kernels of the shipped program under another name: CMakeLists.txt compiles their list once more with it.
const std::vector<KernelEntry>& shipped_kernel_registry();

// Those of tandem-test: the shipped ones; where TANDEM_TEST_SLOWED=m is set, slowed.
const std::vector<KernelEntry>& kernel_registry() {
  static const std::vector<KernelEntry> entries = [] {
    std::vector<KernelEntry> all = shipped_kernel_registry();
    if (const char* every = std::getenv("TANDEM_TEST_SLOWED"); every != nullptr)
      for (KernelEntry& entry : all) entry = slowed(entry, std::atoi(every));
    return all;
  }();
  return entries;
}

}  // namespace tandem
