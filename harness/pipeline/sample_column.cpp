#include "harness/pipeline/sample_column.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <numeric>
#include <utility>

namespace tandem {
namespace {

constexpr std::size_t kMoved = 1 << 20;  // bytes that one call moves where rows are small; of a chunk

std::vector<hsize_t> dimensions(std::size_t rows, std::span<const std::size_t> shape) {
  std::vector<hsize_t> all = {rows};
  all.insert(all.end(), shape.begin(), shape.end());
  return all;
}

}  // namespace

// The place of `count` rows in the file and in memory.
struct SampleColumn::Rows {
  Rows(const SampleColumn& column, std::size_t first, std::size_t count)
      : file(H5Dget_space(column.set_), H5Sclose, column.path_, "find rows of"),
        memory(H5Screate_simple(static_cast<int>(column.shape_.size() + 1), dimensions(count, column.shape_).data(),
                                nullptr),
               H5Sclose, column.path_, "take rows of") {
    std::vector<hsize_t> start(column.shape_.size() + 1, 0);
    start[0] = first;
    H5Sselect_hyperslab(file, H5S_SELECT_SET, start.data(), nullptr, dimensions(count, column.shape_).data(), nullptr);
  }
  Hdf5Handle file, memory;
};

SampleColumn::SampleColumn(hid_t file, std::filesystem::path path, std::string name, const Array& like)
    : path_(std::move(path)),
      name_(std::move(name)),
      shape_(like.shape),
      rounded_(!like.bf16.empty()),
      set_(create(file), H5Dclose, path_, "write") {}

SampleColumn::SampleColumn(hid_t file, std::filesystem::path path, std::string name, std::size_t rows)
    : path_(std::move(path)), name_(std::move(name)), set_(open(file), H5Dclose, path_, "read") {
  const Hdf5Handle space(H5Dget_space(set_), H5Sclose, path_, "read");
  std::vector<hsize_t> size(static_cast<std::size_t>(H5Sget_simple_extent_ndims(space)));
  H5Sget_simple_extent_dims(space, size.data(), nullptr);
  check(!size.empty() && size[0] == rows, "{}: {} has not one row a sample", path_.string(), name_);
  shape_.assign(size.begin() + 1, size.end());
  const Hdf5Handle type(H5Dget_type(set_), H5Tclose, path_, "read");
  rounded_ = H5Tget_class(type) == H5T_INTEGER;
  check(H5Tget_size(type) == word(), "{}: {} has neither fp32 nor bf16 values", path_.string(), name_);
}

hid_t SampleColumn::create(hid_t file) const {
  const auto none = dimensions(0, shape_), chunk = dimensions(rows_a_call(), shape_);
  auto most = none;
  most[0] = H5S_UNLIMITED;
  const Hdf5Handle space(H5Screate_simple(static_cast<int>(none.size()), none.data(), most.data()), H5Sclose, path_,
                         "size");
  const Hdf5Handle layout(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, path_, "lay out");
  H5Pset_chunk(layout, static_cast<int>(chunk.size()), chunk.data());
  H5Pset_fill_time(layout, H5D_FILL_TIME_NEVER);  // rows that no sample has are not written
  const Hdf5Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose, path_, "lay out");
  H5Pset_chunk_cache(access, 0, 0, 1);
  return H5Dcreate2(file, name_.c_str(), rounded_ ? H5T_STD_U16LE : H5T_IEEE_F32LE, space, H5P_DEFAULT, layout, access);
}

hid_t SampleColumn::open(hid_t file) const {
  const Hdf5Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose, path_, "lay out");
  H5Pset_chunk_cache(access, 0, 0, 1);
  return H5Dopen2(file, name_.c_str(), access);
}

std::size_t SampleColumn::values() const {
  return std::accumulate(shape_.begin(), shape_.end(), std::size_t{1}, std::multiplies<>());
}

std::size_t SampleColumn::rows_a_call() const {
  return std::max<std::size_t>(1, kMoved / std::max<std::size_t>(1, row_bytes()));
}

void SampleColumn::write(std::size_t first, std::span<const Sample> samples) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto found = samples[i].arrays.find(name_);
    check(found != samples[i].arrays.end() && found->second.shape == shape_ &&
              found->second.payload().size() == row_bytes(),
          "{}: {} of sample {} has another shape than before", path_.string(), name_, first + i);
  }
  check(H5Dset_extent(set_, dimensions(first + samples.size(), shape_).data()) >= 0, "cannot grow {} in {}", name_,
        path_.string());
  for (std::size_t at = 0, count = 0; at < samples.size(); at += count) {
    count = std::min(rows_a_call(), samples.size() - at);
    const std::byte* bytes = samples[at].arrays.at(name_).payload().data();
    if (count > 1) {
      together_.clear();
      for (const Sample& sample : samples.subspan(at, count)) {
        const auto row = sample.arrays.at(name_).payload();
        together_.insert(together_.end(), row.begin(), row.end());
      }
      bytes = together_.data();
    }
    const Rows rows(*this, first + at, count);
    check(H5Dwrite(set_, type(), rows.memory, rows.file, H5P_DEFAULT, bytes) >= 0, "cannot write {}: {}",
          path_.string(), std::strerror(errno));
  }
}

void SampleColumn::read(std::size_t first, std::span<Sample> samples) {
  for (std::size_t at = 0, count = 0; at < samples.size(); at += count) {
    count = std::min(rows_a_call(), samples.size() - at);
    for (Sample& sample : samples.subspan(at, count)) {
      Array& array = sample.arrays[name_];
      array.shape = shape_;
      rounded_ ? array.bf16.resize(values()) : array.values.resize(values());
    }
    if (count > 1) together_.resize(count * row_bytes());
    std::byte* const bytes = count > 1 ? together_.data() : samples[at].arrays.at(name_).payload().data();
    const Rows rows(*this, first + at, count);
    check(H5Dread(set_, type(), rows.memory, rows.file, H5P_DEFAULT, bytes) >= 0, "cannot read {}", path_.string());
    for (std::size_t i = 0; count > 1 && i < count; ++i)
      std::copy_n(bytes + i * row_bytes(), row_bytes(), samples[at + i].arrays.at(name_).payload().data());
  }
}

}  // namespace tandem
