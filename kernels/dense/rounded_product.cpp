#include "kernels/dense/rounded_product.hpp"

#include "harness/base/check.hpp"

namespace tandem::kernels {
namespace {

constexpr std::size_t kLeastDepth = 64;

std::size_t entries(Element element, std::size_t most) { return element == Element::fp32 ? 0 : most; }

}  // namespace

double rounded_product_bytes(Element element, std::size_t most) {
  return 2.0 * static_cast<double>(bytes_of(element) * entries(element, most));
}

RoundedProduct::RoundedProduct(Element element, std::size_t lead, std::size_t most)
    : element_(element), lead_(lead), a_(entries(element, most)), b_(entries(element, most)), implementation_("sgemm") {
  if (element == Element::fp32) return;
  const Matmul probe({256, 256, 256}, {.type = element}, {.type = element}, {.add = true});
  implementation_ = probe.implementation();
  if (probe.reference())
    throw Unsupported(fmt::format("oneDNN {} has only its reference implementation ({}) of a {} product on this CPU",
                                  onednn_version(), implementation_, name_of(element)));
}

RoundedProduct::Plan RoundedProduct::plan(const MatmulShape& shape) {
  const Operand wide{.lead = lead_}, a{a_.data(), element_}, b{b_.data(), element_};
  return {Conversion(shape.m, shape.k, wide, a), Conversion(shape.k, shape.n, wide, b),
          Matmul(shape, a, b, {.lead = lead_, .add = true})};
}

void RoundedProduct::add(const MatmulShape& shape, const float* a, const float* b, float* c) {
  if (element_ == Element::fp32 || shape.k < kLeastDepth) return add_product(shape, a, lead_, b, lead_, c, lead_);
  const auto key = std::tuple(shape.m, shape.n, shape.k);
  auto found = plans_.find(key);
  if (found == plans_.end()) found = plans_.emplace(key, plan(shape)).first;
  auto& [convert_a, convert_b, product] = found->second;
  convert_a.run(a, a_.data());
  convert_b.run(b, b_.data());
  product.run_into(c);
}

}  // namespace tandem::kernels
