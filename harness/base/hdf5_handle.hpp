// Owns an HDF5 identifier; an invalid one is an error that names the file and what was to be done with it.
#pragma once

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <hdf5.h>

#include "harness/base/check.hpp"

namespace tandem {

class Hdf5Handle {
 public:
  Hdf5Handle(hid_t id, herr_t (*close)(hid_t), const std::filesystem::path& file, const char* what)
      : id_(id), close_(close) {
    check(id >= 0, "HDF5 cannot {} {}: {}", what, file.string(), std::strerror(errno));
  }
  ~Hdf5Handle() { close_(id_); }
  Hdf5Handle(const Hdf5Handle&) = delete;
  Hdf5Handle& operator=(const Hdf5Handle&) = delete;
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

}  // namespace tandem
