// Matrix products by oneDNN on the CPU: C = op(A) op(B) (+ bias) or C += op(A) op(B), a batch of them in one call,
// row-major. Operands are bound once, so that a call costs no set-up.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "kernels/dense/element.hpp"

namespace tandem::kernels {

struct Operand {  // fp64 is none of oneDNN's, which has no such product on a CPU
  void* data = nullptr;
  Element type = Element::fp32;
  bool transposed = false;  // memory holds the transpose: op(A) is m x k, the array k x m
  std::size_t lead = 0;     // elements from a row of the array to the next, where it is part of a wider one; 0: dense
  bool add = false;         // of C: the product is added to what is there
  std::size_t step = 0;     // elements from a matrix of the batch to the next; 0: one after another
  bool shared = false;      // of A: one matrix for the whole batch
};

class Matmul {
 public:
  enum class Weights { plain, packed };  // packed: B in the format that the library likes best, see pack()

  // `bias`: fp32, n values for each matrix of the batch. Throws Unsupported where oneDNN has no such product.
  Matmul(MatmulShape shape, Operand a, Operand b, Operand c, const float* bias = nullptr,
         Weights weights = Weights::plain);
  ~Matmul();
  Matmul(Matmul&&) noexcept;
  Matmul& operator=(Matmul&&) noexcept;

  void pack();             // copies B into the packed format: once at set-up, again whenever B changed
  void run() const;        // not for concurrent use of one Matmul
  void run_into(void* c);  // binds another C first
  void run_on(const void* a, const void* b, void* c);  // binds all three first

  std::string implementation() const;  // oneDNN's name of the code that runs, "brg:avx512_core_bf16"
  bool reference() const;              // a plain loop, good for tests only

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Copies a row-major matrix into a dense one of another format; rounds to nearest, ties to even.
class Conversion {
 public:
  Conversion(std::size_t rows, std::size_t columns, Operand from, Operand to);  // their data are not read
  ~Conversion();
  Conversion(Conversion&&) noexcept;
  void run(const void* from, void* to);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// C += A B in fp32, row-major with the given leads. Needs no set-up, for products of ever other shapes.
void add_product(const MatmulShape& shape, const float* a, std::size_t lead_a, const float* b, std::size_t lead_b,
                 float* c, std::size_t lead_c);

std::string onednn_version();

}  // namespace tandem::kernels
