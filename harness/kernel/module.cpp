#include "harness/kernel/module.hpp"

#include <utility>

namespace tandem {
namespace {

class Exported final : public ModuleKernel {
 public:
  explicit Exported(std::unique_ptr<Kernel> kernel) : kernel_(std::move(kernel)) {}
  Fault prepare(Data data) noexcept override {
    return caught([&] { kernel_->prepare(data); });
  }
  Fault restore() noexcept override {
    return caught([&] { kernel_->restore(); });
  }
  Fault keep(bool& kept) noexcept override {
    return caught([&] { kept = kernel_->keep(); });
  }
  Fault run() noexcept override {
    return caught([&] { kernel_->run(); });
  }
  Fault finish() noexcept override {
    return caught([&] { kernel_->finish(); });
  }
  Fault verify(std::vector<Verdict>& verdicts) noexcept override {
    return caught([&] { verdicts = kernel_->verify(); });
  }
  Fault facts(Facts& facts) noexcept override {
    return caught([&] { facts = kernel_->facts(); });
  }
  Fault output(Output& output) noexcept override {
    return caught([&] {
      const Output own = kernel_->output();
      changed_ = own.changed;
      output = {own.data, own.count, own.type, {}};
    });
  }
  Fault changed() noexcept override {
    return caught([&] {
      if (changed_) changed_();
    });
  }

 private:
  std::unique_ptr<Kernel> kernel_;
  std::function<void()> changed_;
};

class Imported final : public Kernel {
 public:
  explicit Imported(std::unique_ptr<ModuleKernel> kernel) : kernel_(std::move(kernel)) {}
  void prepare(Data data) override { raise(kernel_->prepare(data)); }
  void restore() override { raise(kernel_->restore()); }
  bool keep() override {
    bool kept = false;
    raise(kernel_->keep(kept));
    return kept;
  }
  void run() override { raise(kernel_->run()); }
  void finish() override { raise(kernel_->finish()); }
  std::vector<Verdict> verify() override {
    std::vector<Verdict> verdicts;
    raise(kernel_->verify(verdicts));
    return verdicts;
  }
  Facts facts() const override {
    Facts facts;
    raise(kernel_->facts(facts));
    return facts;
  }
  Output output() override {
    Output output;
    raise(kernel_->output(output));
    output.changed = [this] { raise(kernel_->changed()); };
    return output;
  }

 private:
  std::unique_ptr<ModuleKernel> kernel_;
};

}  // namespace

const char* module_abi() { return TANDEM_MODULE_ABI; }

ModuleEntry exported(const KernelEntry& entry) {
  ModuleEntry out;
  out.entry = entry;
  out.entry.memory = {};
  out.entry.make = {};
  out.entry.free_memory = {};
  out.memory = [memory = entry.memory](const Settings& settings, const Placement& placement, double& bytes) {
    return caught([&] { bytes = memory(settings, placement); });
  };
  out.make = [make = entry.make](const Settings& settings, const KernelContext& context,
                                 std::unique_ptr<ModuleKernel>& kernel) {
    return caught([&] { kernel = std::make_unique<Exported>(make(settings, context)); });
  };
  out.free_memory = [free = entry.free_memory](const Ranks& ranks, double& bytes) {
    return caught([&] { bytes = free(ranks); });
  };
  return out;
}

KernelEntry imported(const ModuleEntry& entry) {
  KernelEntry in = entry.entry;
  in.memory = [memory = entry.memory](const Settings& settings, const Placement& placement) {
    double bytes = 0;
    raise(memory(settings, placement, bytes));
    return bytes;
  };
  in.make = [make = entry.make](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    std::unique_ptr<ModuleKernel> kernel;
    raise(make(settings, context, kernel));
    return std::make_unique<Imported>(std::move(kernel));
  };
  in.free_memory = [free = entry.free_memory](const Ranks& ranks) {
    double bytes = 0;
    raise(free(ranks, bytes));
    return bytes;
  };
  return in;
}

}  // namespace tandem
