#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "harness/base/check.hpp"
#include "harness/base/hdf5_handle.hpp"
#include "harness/base/page_cache.hpp"
#include "harness/pipeline/handover.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

using Handle = Hdf5Handle;

std::vector<hsize_t> dimensions(std::size_t rows, const std::vector<std::size_t>& shape) {
  std::vector<hsize_t> all = {rows};
  all.insert(all.end(), shape.begin(), shape.end());
  return all;
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
    for (Sample& sample : samples) append(std::move(sample));
  }

  void close() override {
    if (!file_) return;
    write_numbers("index", indices_);
    write_numbers("pairs", pairs_);
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
    if (!file_) {
      file_ = std::make_unique<Handle>(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose, path_, "open");
      indices_ = read_numbers(*file_, "index");
      pairs_ = read_numbers(*file_, "pairs");
    }
    const Handle& file = *file_;
    samples.resize(std::min(block_, indices_.size() - next_));
    for (std::size_t i = 0; i < samples.size(); ++i) {
      samples[i].index = indices_[next_ + i];
      samples[i].pairs = pairs_[next_ + i];
    }
    H5G_info_t group{};
    H5Gget_info(file, &group);
    for (hsize_t i = 0; i < group.nlinks; ++i) {
      char name[256] = {};
      H5Lget_name_by_idx(file, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
      if (std::string(name) != "index" && std::string(name) != "pairs") read_array(file, name, samples);
    }
    for (const Sample& sample : samples) book_("file_read", sample.bytes());
    next_ += samples.size();
    taken_ = next_ == indices_.size();
    if (taken_) file_.reset();
    return samples;
  }

 private:
  void append(Sample&& sample) {
    if (!file_)
      file_ = std::make_unique<Handle>(H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose,
                                       path_, "create");
    for (const auto& [name, array] : sample.arrays) append(name, array);
    indices_.push_back(sample.index);
    pairs_.push_back(sample.pairs);
    book_("file_write", sample.bytes());
  }

  // One row of a dataset that grows along its first dimension.
  void append(const std::string& name, const Array& array) {
    const std::size_t row = indices_.size();
    if (row == 0) {
      const auto first = dimensions(0, array.shape);
      auto most = first;
      most[0] = H5S_UNLIMITED;
      auto chunk = dimensions(1, array.shape);
      const Handle space(H5Screate_simple(static_cast<int>(first.size()), first.data(), most.data()), H5Sclose, path_,
                         "size");
      const Handle layout(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, path_, "lay out");
      H5Pset_chunk(layout, static_cast<int>(chunk.size()), chunk.data());
      sets_[name] =
          std::make_unique<Handle>(H5Dcreate2(*file_, name.c_str(), array.bf16.empty() ? H5T_IEEE_F32LE : H5T_STD_U16LE,
                                              space, H5P_DEFAULT, layout, H5P_DEFAULT),
                                   H5Dclose, path_, "write");
    } else
      check(shapes_.contains(name) && shapes_[name] == array.shape, "{}: {} of sample {} has another shape than before",
            path_.string(), name, row);
    shapes_[name] = array.shape;
    Handle& set = *sets_.at(name);
    const auto size = dimensions(row + 1, array.shape);
    check(H5Dset_extent(set, size.data()) >= 0, "cannot grow {} in {}", name, path_.string());
    std::vector<hsize_t> start(size.size(), 0);
    start[0] = row;
    const auto count = dimensions(1, array.shape);
    const Handle target(H5Dget_space(set), H5Sclose, path_, "write");
    const Handle source(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), H5Sclose, path_,
                        "write");
    H5Sselect_hyperslab(target, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
    check(H5Dwrite(set, array.bf16.empty() ? H5T_NATIVE_FLOAT : H5T_NATIVE_UINT16, source, target, H5P_DEFAULT,
                   array.payload().data()) >= 0,
          "cannot write {}: {}", path_.string(), std::strerror(errno));
  }

  void write_numbers(const char* name, const std::vector<std::uint64_t>& values) {
    sets_.clear();
    const hsize_t size = values.size();
    const Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose, path_, "write");
    const Handle set(H5Dcreate2(*file_, name, H5T_STD_U64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose,
                     path_, "write");
    check(H5Dwrite(set, H5T_NATIVE_UINT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0, "cannot write {}: {}",
          path_.string(), std::strerror(errno));
  }

  std::vector<std::uint64_t> read_numbers(const Handle& file, const char* name) {
    const Handle set(H5Dopen2(file, name, H5P_DEFAULT), H5Dclose, path_, "find the samples' order in");
    const Handle space(H5Dget_space(set), H5Sclose, path_, "read");
    std::vector<std::uint64_t> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
    check(H5Dread(set, H5T_NATIVE_UINT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0, "cannot read {}",
          path_.string());
    return values;
  }

  void read_array(const Handle& file, const char* name, std::vector<Sample>& samples) {
    const Handle set(H5Dopen2(file, name, H5P_DEFAULT), H5Dclose, path_, "read");
    const Handle space(H5Dget_space(set), H5Sclose, path_, "read");
    std::vector<hsize_t> size(static_cast<std::size_t>(H5Sget_simple_extent_ndims(space)));
    H5Sget_simple_extent_dims(space, size.data(), nullptr);
    check(!size.empty() && size[0] == indices_.size(), "{}: {} has not one row a sample", path_.string(), name);
    auto count = size;
    count[0] = 1;
    const Handle row(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), H5Sclose, path_, "read");
    const Handle type(H5Dget_type(set), H5Tclose, path_, "read");
    const bool rounded = H5Tget_class(type) == H5T_INTEGER;
    check(H5Tget_size(type) == (rounded ? 2 : 4), "{}: {} has neither fp32 nor bf16 values", path_.string(), name);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      Array& array = samples[i].arrays[name];
      array.shape.assign(size.begin() + 1, size.end());
      std::size_t values = 1;
      for (const std::size_t extent : array.shape) values *= extent;
      rounded ? array.bf16.resize(values) : array.values.resize(values);
      std::vector<hsize_t> start(size.size(), 0);
      start[0] = next_ + i;
      H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
      check(H5Dread(set, rounded ? H5T_NATIVE_UINT16 : H5T_NATIVE_FLOAT, row, space, H5P_DEFAULT,
                    array.payload().data()) >= 0,
            "cannot read {}", path_.string());
    }
  }

  fs::path path_;
  bool cold_, taken_ = false;
  std::size_t block_, next_ = 0;  // the first sample that take() has not brought yet
  Book book_;
  std::unique_ptr<Handle> file_;
  std::map<std::string, std::unique_ptr<Handle>> sets_;
  std::map<std::string, std::vector<std::size_t>> shapes_;
  std::vector<std::uint64_t> indices_, pairs_;
};

}  // namespace

std::unique_ptr<Handover> file_handover(const fs::path& folder, int rank, bool cold, Handover::Book book,
                                        std::size_t block) {
  return std::make_unique<FileHandover>(folder, rank, cold, std::move(book), block);
}

}  // namespace tandem
