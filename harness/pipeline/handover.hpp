// Handover: brings samples from the simulation to the learner and books the bytes it moved. `put` in canonical order of
// this rank's share, `close` makes them durable or visible, `take` gives them back in the same order.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/pipeline/pipeline.hpp"

namespace tandem {

class Handover {
 public:
  using Book = std::function<void(const std::string& channel, std::size_t bytes)>;
  virtual ~Handover() = default;
  virtual void put(Sample&& sample) = 0;
  virtual void close() = 0;
  virtual std::vector<Sample> take() = 0;
};

// The samples stay where they are: pointers change hands, no byte moves.
std::unique_ptr<Handover> memory_handover();

// One HDF5 file per rank, fsynced on close; each array a dataset [samples, shape...]. Books file_write and file_read
// (payload). `folder` must exist; errors name the file.
std::unique_ptr<Handover> file_handover(const std::filesystem::path& folder, int rank, Handover::Book book);

}  // namespace tandem
