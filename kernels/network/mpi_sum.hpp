// MPI's name of an element type and of its sum. MPI has no bf16: its bits travel as 16-bit integers, and an operation
// of our own adds two of them in fp32 and rounds to nearest even.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <mpi.h>

#include "harness/kernel/kernel.hpp"
#include "kernels/learning/elementwise.hpp"

namespace tandem::kernels {

template <typename T>
struct MpiSum;
template <>
struct MpiSum<float> {
  static constexpr Output::Type format = Output::Type::fp32;
  const MPI_Datatype type = MPI_FLOAT;
  const MPI_Op operation = MPI_SUM;
};
template <>
struct MpiSum<double> {
  static constexpr Output::Type format = Output::Type::fp64;
  const MPI_Datatype type = MPI_DOUBLE;
  const MPI_Op operation = MPI_SUM;
};
template <>
struct MpiSum<std::int32_t> {
  static constexpr Output::Type format = Output::Type::int32;
  const MPI_Datatype type = MPI_INT32_T;
  const MPI_Op operation = MPI_SUM;
};

inline void add_bf16(void* in, void* inout, int* count, MPI_Datatype*) {
  const auto* theirs = static_cast<const Bf16*>(in);
  auto* ours = static_cast<Bf16*>(inout);
  for (int i = 0; i < *count; ++i) store(ours[i], load(theirs[i]) + load(ours[i]));
}

template <>
struct MpiSum<Bf16> {
  static constexpr Output::Type format = Output::Type::bf16;
  const MPI_Datatype type = MPI_UINT16_T;
  MPI_Op operation = MPI_OP_NULL;
  MpiSum() { MPI_Op_create(add_bf16, 1, &operation); }
  ~MpiSum() { MPI_Op_free(&operation); }
  MpiSum(const MpiSum&) = delete;
  MpiSum& operator=(const MpiSum&) = delete;
};

// MPI_Allreduce of any count; in place where both are the same.
template <typename T>
void all_reduce(const MpiSum<T>& sum, const T* in, T* out, std::size_t count, MPI_Comm comm) {
  constexpr std::size_t block = std::size_t{1} << 28;  // MPI counts are int
  for (std::size_t at = 0; at < count; at += block)
    MPI_Allreduce(in == out ? MPI_IN_PLACE : in + at, out + at, static_cast<int>(std::min(block, count - at)), sum.type,
                  sum.operation, comm);
}

}  // namespace tandem::kernels
