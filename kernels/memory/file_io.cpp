// A file of fp64 values on a file system, written and read by HDF5 (serial, one file a rank, contiguous):
//   write       create, write, close, fsync: the data are on the device at the end
//   warm_read   read the data set of an open file that lies in the page cache
//   cold_read   the same after fsync and posix_fadvise(DONTNEED), which take the file out of the page cache, untimed
// What is below the page cache (a host's cache under a virtual machine, a controller's) may still hold it. Each value
// is checked for equality: after a write in the file itself, mapped and read past HDF5. The file has no name, so
// nothing remains of it on any way out.
#include <optional>

#include <unistd.h>

#include "harness/base/check.hpp"
#include "harness/base/hdf5_handle.hpp"
#include "harness/base/random.hpp"
#include "harness/device/buffer.hpp"
#include "harness/device/host.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/memory/scratch_file.hpp"

namespace fs = std::filesystem;

namespace tandem::kernels {
namespace {

enum class Direction { write, warm_read, cold_read };

struct FileChoice {
  std::size_t bytes = 0;
  Direction direction = Direction::write;
  fs::path directory;
};

FileChoice choice_of(const Settings& settings) {
  const std::int64_t bytes = settings.integer("bytes");
  check_usage(bytes >= 8 && bytes % 8 == 0, "bytes = {} is not a multiple of 8", bytes);
  FileChoice choice{static_cast<std::size_t>(bytes), Direction::write, settings.text("directory")};
  const std::string& direction = settings.text("direction");
  check_usage(direction == "write" || direction == "warm_read" || direction == "cold_read",
              "direction = \"{}\" is none of write, warm_read, cold_read", direction);
  if (direction == "warm_read") choice.direction = Direction::warm_read;
  if (direction == "cold_read") choice.direction = Direction::cold_read;
  std::error_code error;
  check_usage(fs::is_directory(choice.directory, error), "directory = \"{}\" is not a directory",
              choice.directory.string());
  return choice;
}

// HDF5's own structures beside the values, with room to spare.
constexpr double overhead_bytes = 1 << 20;

const FileChoice& with_room(const FileChoice& choice, const Ranks& ranks) {
  const double needed = (static_cast<double>(choice.bytes) + overhead_bytes) * ranks_on_host(ranks);
  const auto available = static_cast<double>(fs::space(choice.directory).available);
  check_usage(needed <= available, "memory/file_io needs {:.3g} GiB in {}, {:.3g} GiB is available; choose less bytes",
              needed / 0x1p30, choice.directory.string(), available / 0x1p30);
  return choice;
}

class FileIo final : public Kernel {
 public:
  FileIo(const FileChoice& choice, const KernelContext& context)
      : ranks_(context.ranks),
        seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        choice_(with_room(choice, context.ranks)),
        values_(choice.bytes / sizeof(double)) {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // errors are ours: one line, not HDF5's stack
  }

  void prepare(Data data) override {
    data_ = data;
    for (std::size_t i = 0; i < values_.size(); ++i) values_[i] = draw(i);
    write();
    restore();
    if (choice_.direction == Direction::write) write();  // so that there is a file to be judged
    const double stays = ranks_.max(cached_);
    if (stays > 0.05)
      throw Unsupported(fmt::format("the file system of {} keeps {:.0f} % of a file in memory: no cold read",
                                    choice_.directory.string(), 100 * stays));
  }

  void restore() override {
    if (choice_.direction == Direction::write) file_.close();  // blocks are found anew each time
    if (choice_.direction == Direction::cold_read) cached_ = file_.drop_cached();
  }

  void run() override {
    if (choice_.direction == Direction::write)
      write();
    else
      read();
  }

  std::vector<Verdict> verify() override {
    const Output result = output();
    const auto* values = static_cast<const double*>(result.data);
    auto wrong = static_cast<double>(values_.size() - result.count);
    for (std::size_t i = 0; i < result.count; ++i) wrong += values[i] == draw(i) ? 0 : 1;
    return {{"values that differ, all ranks", ranks_.sum(wrong), 0}};
  }

  Facts facts() const override {
    const auto bytes = static_cast<double>(choice_.bytes);
    Facts facts{0, bytes, bytes, "", {}};
    if (choice_.direction == Direction::cold_read)
      facts.notes["in the page cache before a read"] = fmt::format("{:.1f} %", 100 * cached_);
    return facts;
  }

  // Of a write: the values in the file, where there are any.
  Output output() override {
    if (choice_.direction != Direction::write) return {values_.data(), values_.size(), Output::Type::fp64};
    const std::span<std::byte> all = file_.mapped();
    if (all.size() < offset_ + choice_.bytes) return {nullptr, 0, Output::Type::fp64};
    return {all.data() + offset_, values_.size(), Output::Type::fp64};
  }

 private:
  double draw(std::size_t i) const {
    return data_ == Data::exact ? 1 + static_cast<double>(random_bits(seed_, 1, i) % 1000)
                                : random_uniform(seed_, 1, i);
  }

  void write() {
    const fs::path& where = choice_.directory;
    opened_.reset();
    const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, where, "open a file in");
    H5Pset_alignment(access, 0, static_cast<hsize_t>(::sysconf(_SC_PAGESIZE)));
    file_.make(where, [&](const std::string& path) {
      opened_.emplace(H5Fcreate(path.c_str(), H5F_ACC_EXCL, H5P_DEFAULT, access), H5Fclose, path, "create");
    });
    {
      const hsize_t size = values_.size();
      const Hdf5Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose, where, "write in");
      const Hdf5Handle set(
          H5Dcreate2(*opened_, "values", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose,
          where, "write in");
      const bool written = H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values_.data()) >= 0;
      check(written && H5Fflush(*opened_, H5F_SCOPE_LOCAL) >= 0, "cannot write {} bytes in {}: {}", choice_.bytes,
            where.string(), std::strerror(errno));
      offset_ = H5Dget_offset(set);
    }
    if (choice_.direction == Direction::write) opened_.reset();
    file_.sync();
  }

  void read() {
    const Hdf5Handle set(H5Dopen2(*opened_, "values", H5P_DEFAULT), H5Dclose, choice_.directory, "read in");
    check(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values_.data()) >= 0,
          "cannot read a file in {}: {}", choice_.directory.string(), std::strerror(errno));
  }

  const Ranks& ranks_;
  std::uint64_t seed_;
  FileChoice choice_;
  ScratchFile file_;
  std::optional<Hdf5Handle> opened_;  // between runs: of the reads only
  Buffer<double> values_;
  Data data_ = Data::exact;
  std::size_t offset_ = 0;  // of the values in the file
  double cached_ = 0;
};

}  // namespace

KernelEntry memory_file_io() {
  KernelEntry entry;
  entry.name = "memory/file_io";
  entry.summary = "HDF5 file: write with fsync, read from the page cache or the device";
  entry.parameters = {{"bytes", "64M", "values in the file of a rank"},
                      {"direction", "write", "write, warm_read or cold_read"},
                      {"directory", ".", "where the file lies"}};
  entry.figure = KernelEntry::Figure::byte_rate;
  entry.memory = [](const Settings& settings, const Placement&) {  // the values and the page cache
    return 2.0 * static_cast<double>(choice_of(settings).bytes) + overhead_bytes;
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<FileIo>(choice_of(settings), context);
  };
  entry.destroys_input = true;  // what is on disk or in the cache is not as it was before
  return entry;
}

}  // namespace tandem::kernels
