// For faults of messages: memory that is put in the place of theirs. Included once in a program.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include <mpi.h>

namespace {

std::string fault;                        // of what is under way
std::deque<std::vector<std::byte>> held;  // what faults put in the place of a message's memory

std::byte* hold(const void* data, int count, MPI_Datatype type) {
  int bytes = 0;
  PMPI_Type_size(type, &bytes);
  const auto* begin = static_cast<const std::byte*>(data);
  return held.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(bytes) * count).data();
}

}  // namespace
