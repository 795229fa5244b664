// Device memory of a type, and host memory that copies fast. Nothing is copied unless told to.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "harness/base/check.hpp"
#include "harness/device/buffer.hpp"
#include "harness/device/gpu_runtime.hpp"

namespace tandem::GPU_VENDOR {

template <typename T>
class DeviceBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  DeviceBuffer() = default;
  explicit DeviceBuffer(std::size_t size) : data_(static_cast<T*>(allocate(size * sizeof(T)))), size_(size) {}
  ~DeviceBuffer() { release(data_); }
  DeviceBuffer(DeviceBuffer&& other) noexcept { *this = std::move(other); }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;

  T* data() { return data_; }  // for kernels, not for the host
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }

  void upload(const Buffer<T>& host) {
    check(host.size() == size_, "{} values for {} on the device", host.size(), size_);
    copy_in(data_, host.data(), size_ * sizeof(T));
  }
  void download(Buffer<T>& host) const {
    check(host.size() == size_, "{} values of the device into {}", size_, host.size());
    copy_out(host.data(), data_, size_ * sizeof(T));
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

// A copy of it.
template <typename T>
DeviceBuffer<T> on_device(const Buffer<T>& host) {
  DeviceBuffer<T> device(host.size());
  device.upload(host);
  return device;
}

template <typename T>
class PinnedBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit PinnedBuffer(std::size_t size) : data_(static_cast<T*>(allocate_pinned(size * sizeof(T)))), size_(size) {}
  ~PinnedBuffer() { release_pinned(data_); }
  PinnedBuffer(const PinnedBuffer&) = delete;
  PinnedBuffer& operator=(const PinnedBuffer&) = delete;

  T* data() { return data_; }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return data_[i]; }

 private:
  T* data_;
  std::size_t size_;
};

// What a kernel writes: device memory, and a copy on the host that can be judged, poisoned and put back.
template <typename T>
class DeviceResult {
 public:
  explicit DeviceResult(std::size_t size) : device_(size), host_(size) {}
  T* device() { return device_.data(); }
  std::size_t size() const { return host_.size(); }
  Buffer<T>& fetch() {
    device_.download(host_);
    return host_;
  }
  void put() { device_.upload(host_); }

 private:
  DeviceBuffer<T> device_;
  Buffer<T> host_;
};

}  // namespace tandem::GPU_VENDOR
