#include <utility>

#include "harness/pipeline/handover.hpp"

namespace tandem {
namespace {

class MemoryHandover : public Handover {
 public:
  void put(std::vector<Sample>&& samples) override {
    for (Sample& sample : samples) samples_.push_back(std::move(sample));
  }
  void close() override {}
  bool pending() override { return !samples_.empty(); }
  std::vector<Sample> take() override { return std::exchange(samples_, {}); }

 private:
  std::vector<Sample> samples_;
};

}  // namespace

std::unique_ptr<Handover> memory_handover() { return std::make_unique<MemoryHandover>(); }

}  // namespace tandem
