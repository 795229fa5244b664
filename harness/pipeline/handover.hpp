// Handover: brings samples from the simulation to the learner and books the bytes it moved. The simulating side puts
// them in canonical order of its share; `close` makes them durable or visible; the training side takes what has come.
#pragma once

#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/arm_id.hpp"
#include "harness/pipeline/pipeline.hpp"

namespace tandem {

class Handover {
 public:
  using Book = std::function<void(const std::string& channel, std::size_t bytes)>;
  using Wait =
      std::function<void(bool begins)>;  // a full queue holds the simulation up: true when, false when it goes on
  virtual ~Handover() = default;
  virtual void put(std::vector<Sample>&& samples) = 0;
  virtual void close() = 0;
  virtual bool pending() = 0;                  // whether take() brings anything
  virtual bool open() const { return false; }  // whether more may come after that
  // The training side has what it wants: the other may stop. It learns of it by wanted(), false once one rank said so.
  virtual void enough() {}
  virtual bool wanted() { return true; }
  // On every rank, after close() on the one side and, on the other, enough() and open() = false: the next stretch
  // begins. The simulating side waits until all have said enough.
  virtual void reopen() {}
  // What has come since the last call, each rank's samples in the order in which they were put; waits for nothing.
  virtual std::vector<Sample> take() = 0;
};

// The samples stay where they are: pointers change hands, no byte moves.
std::unique_ptr<Handover> memory_handover();

// One HDF5 file per rank, fsynced on close: each array a SampleColumn, and the order of the samples in runs. Books
// file_write and file_read (payload). `cold`: on close the file leaves the page cache; an error where it does not, as
// on tmpfs. `folder` must exist; errors name the file. A take() brings up to `block` samples.
inline constexpr std::size_t whole_file = std::numeric_limits<std::size_t>::max();
std::unique_ptr<Handover> file_handover(const std::filesystem::path& folder, int rank, bool cold, Handover::Book book,
                                        std::size_t block = whole_file);

// Between the ranks of a split: sample i goes to training rank i % training, through a ring in shared memory on the
// same node (books shm and host_copy), by MPI across nodes (books mpi). Queues are bounded. Collective over `all`,
// whose first ranks simulate. `rings` = false: MPI on the same node too.
std::unique_ptr<Handover> split_handover(const Ranks& all, const Split& split, const Handover::Book& book,
                                         const Handover::Wait& wait, bool rings = true);

// Any of these in bf16: rounded to nearest before, widened after, 2 bytes a value between. Books convert: the bytes
// that each of the two writes.
std::unique_ptr<Handover> rounded(std::unique_ptr<Handover> handover, Handover::Book book);

// What the operating system counted for the calls of a handover: an account of the files that nobody here wrote.
struct KernelIo {
  bool known = true;             // false: there is no /proc/self/io
  double read = 0, written = 0;  // bytes
};
std::unique_ptr<Handover> counted(std::unique_ptr<Handover> handover, KernelIo& sum);  // `sum` outlives it
void count_io(KernelIo& sum, const std::function<void()>& call);                       // of any other call

}  // namespace tandem
