// The formats in which dense/lu_mixed may factor.
#pragma once

#include <functional>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "kernels/dense/onednn.hpp"

namespace tandem::kernels {

// Runs `body` for each precision that this machine has.
inline void for_each_precision(const std::function<void(Element)>& body) {
  for (const Element element : {Element::fp32, Element::bf16, Element::fp16}) {
    SCOPED_TRACE(name_of(element));
    try {
      body(element);
    } catch (const Unsupported&) {
      EXPECT_NE(element, Element::fp32);
    }
  }
}

}  // namespace tandem::kernels
