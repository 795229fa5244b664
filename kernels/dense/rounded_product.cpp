#include "kernels/dense/rounded_product.hpp"

#include <utility>

#include "harness/base/check.hpp"

namespace tandem::kernels {
namespace {

constexpr std::size_t kLeastDepth = 64;

std::size_t entries(Element element, std::size_t most) { return element == Element::fp32 ? 0 : most; }

}  // namespace

double rounded_product_bytes(Element element, std::size_t most) {
  return 2.0 * static_cast<double>(bytes_of(element) * entries(element, most));
}

RoundedProduct::RoundedProduct(Element element, std::size_t most)
    : element_(element), a_(entries(element, most)), b_(entries(element, most)), implementation_("sgemm") {
  if (element == Element::fp32) return;
  const Matmul probe({256, 256, 256}, {.type = element}, {.type = element}, {.add = true});
  implementation_ = probe.implementation();
  if (probe.reference())
    throw Unsupported(fmt::format("oneDNN {} has only its reference implementation ({}) of a {} product on this CPU",
                                  onednn_version(), implementation_, name_of(element)));
}

void RoundedProduct::add(const MatmulShape& shape, Block a, Block b, Block c) {
  if (element_ == Element::fp32 || shape.k < kLeastDepth)
    return add_product(shape, a.data, a.lead, b.data, b.lead, c.data, c.lead);
  round(shape.m, shape.k, a, a_.data());
  round(shape.k, shape.n, b, b_.data());
  add_rounded(shape, a_.data(), b_.data(), c);
}

void RoundedProduct::round(std::size_t rows, std::size_t columns, Block from, void* to) {
  const Shape key(rows, columns, 1, from.lead);
  auto found = conversions_.find(key);
  if (found == conversions_.end())
    found = conversions_.emplace(key, Conversion(rows, columns, {.lead = from.lead}, {.type = element_})).first;
  found->second.run(from.data, to);
}

void RoundedProduct::add_rounded(const MatmulShape& shape, const void* a, const void* b, Block c) {
  if (element_ == Element::fp32)
    return add_product(shape, static_cast<const float*>(a), shape.k, static_cast<const float*>(b), shape.n, c.data,
                       c.lead);
  const Shape key(shape.m, shape.n, shape.k, c.lead);
  auto found = products_.find(key);
  if (found == products_.end()) {
    Matmul product(shape, {.type = element_}, {.type = element_}, {.lead = c.lead, .add = true});
    found = products_.emplace(key, std::move(product)).first;
  }
  found->second.run_on(a, b, c.data);
}

}  // namespace tandem::kernels
