// A linear layer on a device, forward or backward (linear.cpp has the formulas), products by the vendor's library, the
// bias joined to the product. Judged on the host as on the CPU (linear_case.hpp).
#include <optional>

#include "harness/device/gpu_memory.hpp"
#include "kernels/dense/gpu_product.hpp"
#include "kernels/learning/column_sums.hpp"
#include "kernels/learning/linear_case.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

template <typename T>
class Linear final : public Kernel {
 public:
  Linear(const LinearChoice& choice, const KernelContext& context)
      : choice_(choice),
        device_(choose_device(context.ranks)),
        case_(choice, context),
        x_(case_.x().size()),
        w_(case_.w().size()),
        dy_(case_.dy().size()),
        bias_(case_.bias().size()),
        partial_(choice.backward ? blocks_of_rows(choice.batch) * choice.out : 0),
        result_(choice.results()) {
    const auto& [batch, in, out, backward, bf16] = choice_;
    ProductFormat format;
    format.a = format.b = bf16 ? Element::bf16 : Element::fp32;
    format.alignment = alignment_of({choice_.weight_gradient() * sizeof(float)});
    if (!backward) {
      format.bias = true;
      forward_.emplace(MatmulShape{batch, out, in}, format);
    } else {
      ProductFormat transposed = format;
      format.b_transposed = true;
      back_.emplace(MatmulShape{batch, in, out}, format);
      transposed.a_transposed = true;
      weights_.emplace(MatmulShape{in, out, batch}, transposed);
    }
    prepare(Data::random);  // zeros would run faster than what is timed
    if (forward_) choose_way(context.ranks, *forward_, [this] { start_forward(); });
    if (back_) choose_way(context.ranks, *back_, [this] { start_back(); });
    if (weights_) choose_way(context.ranks, *weights_, [this] { start_weights(); });
  }

  void prepare(Data data) override {
    case_.prepare(data);
    x_.upload(case_.x());
    w_.upload(case_.w());
    if (choice_.backward) dy_.upload(case_.dy());
    if (!choice_.backward) bias_.upload(case_.bias());
  }

  void run() override {
    if (!choice_.backward) return start_forward();
    start_back();
    start_weights();
    column_sums(bits(dy_.data()), partial_.data(), result_.device() + choice_.bias_gradient(), choice_.batch,
                choice_.out);
  }
  void finish() override { GPU_VENDOR::finish(); }

  std::vector<Verdict> verify() override { return case_.judge(result_.fetch().data()); }

  Facts facts() const override {
    Facts facts = case_.facts();
    facts.notes = {{"device", device_.name}, {"library", choice_.backward ? back_->library() : forward_->library()}};
    return facts;
  }

  Output output() override {
    Buffer<float>& result = result_.fetch();
    return {result.data(), result.size(), Output::Type::fp32, [this] { result_.put(); }};
  }

 private:
  void start_forward() { forward_->start(x_.data(), w_.data(), result_.device(), bias_.data()); }
  void start_back() { back_->start(dy_.data(), w_.data(), result_.device()); }
  void start_weights() { weights_->start(x_.data(), dy_.data(), result_.device() + choice_.weight_gradient()); }

  LinearChoice choice_;
  const GpuDevice& device_;
  LinearCase<T> case_;
  DeviceBuffer<T> x_, w_, dy_;
  DeviceBuffer<float> bias_, partial_;
  DeviceResult<float> result_;
  std::optional<Product> forward_, back_, weights_;
};

}  // namespace

KernelEntry learning_linear() {
  KernelEntry entry = linear_entry(" on the device", "8192", "4096");
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    const LinearChoice choice = linear_choice(settings);
    if (choice.bf16) return std::make_unique<Linear<Bf16>>(choice, context);
    return std::make_unique<Linear<float>>(choice, context);
  };
  return entry;
}

}  // namespace tandem::GPU_VENDOR
