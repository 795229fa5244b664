// Byte images of trained models: values one after another, read back with checks, so that a damaged file is an error.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "harness/base/check.hpp"

namespace tandem {

class ImageWriter {
 public:
  template <typename T>
  void put(std::span<const T> values) {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::size_t at = bytes_.size();
    bytes_.resize(at + values.size_bytes());
    if (!values.empty()) std::memcpy(bytes_.data() + at, values.data(), values.size_bytes());
  }
  template <typename T>
  void put(const T& value) {
    put(std::span<const T>(&value, 1));
  }
  // A count, then the values.
  template <typename T>
  void put(const std::vector<T>& values) {
    put(values.size());
    put(std::span<const T>(values));
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

class ImageReader {
 public:
  explicit ImageReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <typename T>
  void get(std::span<T> values) {
    check(values.size_bytes() <= bytes_.size(), "model image: {} bytes missing", values.size_bytes() - bytes_.size());
    if (!values.empty()) std::memcpy(values.data(), bytes_.data(), values.size_bytes());
    bytes_ = bytes_.subspan(values.size_bytes());
  }
  template <typename T>
  T get() {
    T value;
    get(std::span<T>(&value, 1));
    return value;
  }
  template <typename T>
  std::vector<T> vector() {
    const auto count = get<std::size_t>();
    check(count <= bytes_.size() / sizeof(T), "model image: {} values announced, {} bytes left", count, bytes_.size());
    std::vector<T> values(count);
    get(std::span<T>(values));
    return values;
  }
  void finish() const { check(bytes_.empty(), "model image: {} bytes too many", bytes_.size()); }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace tandem
