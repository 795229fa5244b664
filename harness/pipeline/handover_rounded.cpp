// A hand-over in bf16: rounded on the way in, widened on the way out; what lies between carries 2 bytes a value.
#include <utility>

#include "harness/base/bfloat16.hpp"
#include "harness/pipeline/handover.hpp"

namespace tandem {
namespace {

void narrow(Array& array) {
  array.bf16.resize(array.values.size());
  const float* from = array.values.data();
  std::uint16_t* to = array.bf16.data();
#pragma omp simd
  for (std::size_t i = 0; i < array.values.size(); ++i) to[i] = to_bfloat16(from[i]);
  array.values = {};
}

void widen(Array& array) {
  array.values.resize(array.bf16.size());
  const std::uint16_t* from = array.bf16.data();
  float* to = array.values.data();
#pragma omp simd
  for (std::size_t i = 0; i < array.bf16.size(); ++i) to[i] = from_bfloat16(from[i]);
  array.bf16 = {};
}

class RoundedHandover : public Handover {
 public:
  RoundedHandover(std::unique_ptr<Handover> handover, Book book)
      : handover_(std::move(handover)), book_(std::move(book)) {}

  void put(std::vector<Sample>&& samples) override {
    for (Sample& sample : samples) convert(sample, narrow);
    handover_->put(std::move(samples));
  }
  void close() override { handover_->close(); }
  bool pending() override { return handover_->pending(); }
  bool open() const override { return handover_->open(); }
  void enough() override { handover_->enough(); }
  bool wanted() override { return handover_->wanted(); }
  void reopen() override { handover_->reopen(); }
  std::vector<Sample> take() override {
    std::vector<Sample> samples = handover_->take();
    for (Sample& sample : samples) convert(sample, widen);
    return samples;
  }

 private:
  void convert(Sample& sample, void (*each)(Array&)) {
    for (auto& [name, array] : sample.arrays) each(array);
    book_("convert", sample.bytes());
  }

  std::unique_ptr<Handover> handover_;
  Book book_;
};

}  // namespace

std::unique_ptr<Handover> rounded(std::unique_ptr<Handover> handover, Handover::Book book) {
  return std::make_unique<RoundedHandover>(std::move(handover), std::move(book));
}

}  // namespace tandem
