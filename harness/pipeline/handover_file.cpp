#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>

#include <fcntl.h>
#include <unistd.h>

#include "harness/base/check.hpp"
#include "harness/base/hdf5_handle.hpp"
#include "harness/base/page_cache.hpp"
#include "harness/pipeline/handover.hpp"
#include "harness/pipeline/sample_column.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

using Handle = Hdf5Handle;

// Which samples the rows belong to, in runs: index first, first + step, ..., `count` of them, each of `pairs` pairs. A
// rank's share of a fixed design is one run.
struct IndexRun {
  std::uint64_t first, step, count, pairs;
};

void add_to(std::vector<IndexRun>& runs, std::uint64_t index, std::uint64_t pairs) {
  if (!runs.empty() && runs.back().pairs == pairs) {
    IndexRun& run = runs.back();
    if (run.count == 1) run.step = index - run.first;  // modulo 2^64: a falling order has a step as well
    if (index == run.first + run.count * run.step) {
      ++run.count;
      return;
    }
  }
  runs.push_back({index, 1, 1, pairs});
}

struct Descriptor {
  explicit Descriptor(const fs::path& path) : number(::open(path.c_str(), O_RDONLY)) {
    check(number >= 0, "cannot open {}: {}", path.string(), std::strerror(errno));
  }
  ~Descriptor() { ::close(number); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number;
};

// Takes a file that is on the disk out of the page cache, and looks whether the pages have gone.
void drop_cached(const fs::path& path) {
  const Descriptor descriptor(path);
  const double stayed = drop_from_page_cache(descriptor.number);
  check(stayed <= 0.05,
        "{} stays in the page cache ({:.0f} % of its pages): its file system keeps files in memory; leave cache = "
        "\"cold\" "
        "out or put --out on a disk",
        path.string(), 100 * stayed);
}

class FileHandover : public Handover {
 public:
  FileHandover(const fs::path& folder, int rank, bool cold, Book book, std::size_t block)
      : path_(folder / fmt::format("samples.{}.h5", rank)), cold_(cold), block_(block), book_(std::move(book)) {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // errors are ours: one line, not HDF5's stack
  }

  void put(std::vector<Sample>&& samples) override {
    if (samples.empty()) return;
    if (!file_) {
      const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, path_, "create");
      H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);  // its own bytes are the fewest
      file_ = std::make_unique<Handle>(H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose, path_,
                                       "create");
      for (const auto& [name, array] : samples[0].arrays)
        columns_.emplace(name, std::make_unique<SampleColumn>(*file_, path_, name, array));
    }
    for (const Sample& sample : samples)
      for (const auto& [name, array] : sample.arrays)
        check(columns_.contains(name), "{}: the samples before have no {}", path_.string(), name);
    for (const auto& [name, column] : columns_) column->write(rows_, samples);
    for (const Sample& sample : samples) {
      add_to(runs_, sample.index, sample.pairs);
      book_("file_write", sample.bytes());
    }
    rows_ += samples.size();
  }

  void close() override {
    if (!file_) return;
    columns_.clear();
    write_runs();
    check(H5Fflush(*file_, H5F_SCOPE_GLOBAL) >= 0, "cannot write {}: {}", path_.string(), std::strerror(errno));
    file_.reset();
    for (const fs::path& path : {path_, path_.parent_path()}) {  // the data, then its name in the folder
      const Descriptor descriptor(path);
      check(::fsync(descriptor.number) == 0, "cannot fsync {}: {}", path.string(), std::strerror(errno));
    }
    if (cold_) drop_cached(path_);
  }

  // A rank without a share wrote none.
  bool pending() override { return !taken_ && fs::exists(path_); }

  std::vector<Sample> take() override {
    std::vector<Sample> samples;
    if (!pending()) return samples;
    if (!file_) open();
    samples.resize(std::min(block_, rows_ - next_));
    for (Sample& sample : samples) {
      const IndexRun& run = runs_[run_];
      sample.index = run.first + in_run_ * run.step;
      sample.pairs = run.pairs;
      if (++in_run_ == run.count) ++run_, in_run_ = 0;
    }
    for (const auto& [name, column] : columns_) column->read(next_, samples);
    for (const Sample& sample : samples) book_("file_read", sample.bytes());
    next_ += samples.size();
    taken_ = next_ == rows_;
    if (taken_) {
      columns_.clear();
      file_.reset();
    }
    return samples;
  }

 private:
  void open() {
    file_ = std::make_unique<Handle>(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose, path_, "open");
    read_runs();
    H5G_info_t group{};
    H5Gget_info(*file_, &group);
    for (hsize_t i = 0; i < group.nlinks; ++i) {
      char name[256] = {};
      H5Lget_name_by_idx(*file_, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
      if (std::string(name) != kRuns)
        columns_.emplace(name, std::make_unique<SampleColumn>(*file_, path_, name, rows_));
    }
  }

  void write_runs() {
    const hsize_t size[] = {runs_.size(), sizeof(IndexRun) / sizeof(std::uint64_t)};
    const Handle space(H5Screate_simple(2, size, nullptr), H5Sclose, path_, "write");
    const Handle set(H5Dcreate2(*file_, kRuns, H5T_STD_U64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose,
                     path_, "write");
    check(H5Dwrite(set, H5T_NATIVE_UINT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, runs_.data()) >= 0, "cannot write {}: {}",
          path_.string(), std::strerror(errno));
  }

  void read_runs() {
    const Handle set(H5Dopen2(*file_, kRuns, H5P_DEFAULT), H5Dclose, path_, "find the samples' order in");
    const Handle space(H5Dget_space(set), H5Sclose, path_, "read");
    const auto numbers = static_cast<std::size_t>(H5Sget_simple_extent_npoints(space));
    check(numbers % (sizeof(IndexRun) / sizeof(std::uint64_t)) == 0, "{}: {} has not four numbers a run",
          path_.string(), kRuns);
    runs_.resize(numbers * sizeof(std::uint64_t) / sizeof(IndexRun));
    check(H5Dread(set, H5T_NATIVE_UINT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, runs_.data()) >= 0, "cannot read {}",
          path_.string());
    rows_ = 0;
    for (const IndexRun& run : runs_) {
      check(run.count > 0, "{}: a run of no samples", path_.string());
      rows_ += run.count;
    }
  }

  static constexpr const char* kRuns = "samples, in runs";

  fs::path path_;
  bool cold_, taken_ = false;
  std::size_t block_, rows_ = 0;
  std::size_t next_ = 0, run_ = 0, in_run_ = 0;  // the first sample that take() has not brought yet, and its run
  Book book_;
  std::unique_ptr<Handle> file_;
  std::map<std::string, std::unique_ptr<SampleColumn>> columns_;
  std::vector<IndexRun> runs_;
};

}  // namespace

std::unique_ptr<Handover> file_handover(const fs::path& folder, int rank, bool cold, Handover::Book book,
                                        std::size_t block) {
  return std::make_unique<FileHandover>(folder, rank, cold, std::move(book), block);
}

}  // namespace tandem
