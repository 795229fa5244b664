// One array of all samples in an HDF5 file: a dataset [samples, shape...], of 16-bit words where rounded. Rows are
// moved many at a time and past HDF5's cache of chunks, so that a call moves the bytes of its rows, and the file's own
// bytes hardly grow with their number. Errors name file and array.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "harness/base/hdf5_handle.hpp"
#include "harness/pipeline/pipeline.hpp"

namespace tandem {

class SampleColumn {
 public:
  // A new one, for arrays like this; one of `rows` samples that the file holds.
  SampleColumn(hid_t file, std::filesystem::path path, std::string name, const Array& like);
  SampleColumn(hid_t file, std::filesystem::path path, std::string name, std::size_t rows);

  // The samples' arrays as rows from `first` on, and back.
  void write(std::size_t first, std::span<const Sample> samples);
  void read(std::size_t first, std::span<Sample> samples);

 private:
  hid_t create(hid_t file) const;
  hid_t open(hid_t file) const;
  std::size_t word() const { return rounded_ ? 2 : 4; }
  std::size_t values() const;
  std::size_t row_bytes() const { return values() * word(); }
  std::size_t rows_a_call() const;
  hid_t type() const { return rounded_ ? H5T_NATIVE_UINT16 : H5T_NATIVE_FLOAT; }

  struct Rows;

  std::filesystem::path path_;
  std::string name_;
  std::vector<std::size_t> shape_;  // of a row
  bool rounded_ = false;
  Hdf5Handle set_;
  std::vector<std::byte> together_;  // rows of one call
};

}  // namespace tandem
