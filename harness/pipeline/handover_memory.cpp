#include "harness/pipeline/handover.hpp"

namespace tandem {
namespace {

class MemoryHandover : public Handover {
 public:
  void put(Sample&& sample) override { samples_.push_back(std::move(sample)); }
  void close() override {}
  std::vector<Sample> take() override { return std::move(samples_); }

 private:
  std::vector<Sample> samples_;
};

}  // namespace

std::unique_ptr<Handover> memory_handover() { return std::make_unique<MemoryHandover>(); }

}  // namespace tandem
