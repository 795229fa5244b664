// One way for samples from a rank that simulates to a rank that trains: an outbox there, an inbox here. Bounded: an
// outbox that is full waits for its reader (back-pressure), and says so, for waiting is a state of its own.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <mpi.h>

#include "harness/pipeline/handover.hpp"

namespace tandem {

class Outbox {
 public:
  using Wait = Handover::Wait;
  virtual ~Outbox() = default;
  virtual void send(Sample&& sample) = 0;
  virtual void finish() = 0;  // what was sent has left, or waits in memory that the reader sees
};

class Inbox {
 public:
  virtual ~Inbox() = default;
  virtual bool ready() = 0;      // whether receive() brings a sample at once
  virtual Sample receive() = 0;  // waits for one
};

// A ring of bytes in memory that both ranks see. Zeroed memory is an empty ring. Books shm for the bytes that are
// copied into it and host_copy for those copied out.
class Ring {
 public:
  static std::size_t footprint(std::size_t capacity);  // bytes of the memory that holds it
  Ring(std::byte* memory, std::size_t capacity);       // 64-byte aligned

  std::size_t filled() const;
  void write(std::span<const std::byte> bytes, const Outbox::Wait& wait);  // in pieces where they do not fit at once
  void read(std::span<std::byte> bytes);

 private:
  std::byte* memory_;
  std::size_t capacity_;
};
std::unique_ptr<Outbox> ring_outbox(Ring ring, Handover::Book book, Outbox::Wait wait);
std::unique_ptr<Inbox> ring_inbox(Ring ring, Handover::Book book);

// Messages between two ranks of `comm`, at most `most` samples under way. Books mpi at the sender.
std::unique_ptr<Outbox> mpi_outbox(MPI_Comm comm, int to, std::size_t most, Handover::Book book, Outbox::Wait wait);
std::unique_ptr<Inbox> mpi_inbox(MPI_Comm comm, int from);

// What a sample is but for its values, and a sample with room for them.
std::vector<std::byte> describe(const Sample& sample);
Sample described(std::span<const std::byte> description);

}  // namespace tandem
