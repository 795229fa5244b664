#include "kernels/sparse/smoothing.hpp"

#include <atomic>
#include <thread>

#include <omp.h>

#include "kernels/sparse/sell.hpp"

namespace tandem::kernels {
namespace {

// All threads of a team wait for one another; cheaper than OpenMP's barrier, of which a sweep would need hundreds.
// Threads give their core away when it takes long, for there may be more of them than cores.
class SpinBarrier {
 public:
  // The thread's own count of the barriers it has passed.
  void wait(std::size_t team, std::size_t& passed) {
    const std::size_t all = ++passed * team;
    arrived_.fetch_add(1, std::memory_order_acq_rel);
    for (int spins = 0; arrived_.load(std::memory_order_acquire) < all; ++spins)
      if (spins > 4000) std::this_thread::yield();
  }

 private:
  alignas(64) std::atomic<std::size_t> arrived_{0};
};

// body(chunk) group by group; chunks of one group on all threads.
template <typename Body>
void each_group(const std::vector<std::size_t>& group, bool threaded, bool ascending, const Body& body) {
  SpinBarrier barrier;
  const std::size_t groups = group.size() - 1;
#pragma omp parallel if (threaded)
  {
    const auto team = static_cast<std::size_t>(omp_get_num_threads()),
               me = static_cast<std::size_t>(omp_get_thread_num());
    std::size_t passed = 0;
    for (std::size_t i = 0; i < groups; ++i) {
      const std::size_t g = ascending ? i : groups - 1 - i;
      const std::size_t begin = group[g], count = group[g + 1] - begin;
      const std::size_t from = begin + count * me / team, to = begin + count * (me + 1) / team;
      if (ascending)
        for (std::size_t c = from; c < to; ++c) body(c);
      else
        for (std::size_t c = to; c-- > from;) body(c);
      if (team > 1) barrier.wait(team, passed);
    }
  }
}

template <typename T, typename Triangle>
class Split final : public SmoothingMatrix<T> {
 public:
  Split(const Csr& a, const Ordering& ordering, bool threaded)
      : lower_(a, ordering, true),
        upper_(a, ordering, false),
        group_(ordering.group),
        diagonal_(ordering.slots()),
        inverse_(ordering.slots()),
        threaded_(threaded) {
    if (!fits()) return;
    std::vector<T> diagonal(ordering.slots(), T(1));
    for (std::size_t row = 0; row < a.rows; ++row)
      for (auto k = static_cast<std::size_t>(a.start[row]); k < static_cast<std::size_t>(a.start[row + 1]); ++k)
        if (static_cast<std::size_t>(a.column[k]) == row)
          diagonal[static_cast<std::size_t>(ordering.slot[row])] = static_cast<T>(a.value[k]);
    Split::set_diagonal(diagonal);
  }
  bool fits() const { return lower_.fits() && upper_.fits(); }

  void multiply(const T* x, T* y) const override {
    for_each(threaded_, group_.back(), [&](std::size_t c) { store<T>(y + c * lanes, product(c, x)); });
  }

  void smooth_from_zero(const T* r, T* x) const override {
    each_group(group_, threaded_, true, [&](std::size_t c) {
      const std::size_t at = c * lanes;
      store<T>(x + at, (load(r + at) - lower_.sum(c, x)) * load(inverse_.data() + at));
    });
    each_group(group_, threaded_, false, [&](std::size_t c) {
      const std::size_t at = c * lanes;
      store<T>(x + at, load(x + at) - upper_.template sum<behind>(c, x) * load(inverse_.data() + at));
    });
  }

  void smooth(const T* r, T* x, T* rest) const override {
    each_group(group_, threaded_, true, [&](std::size_t c) {
      const std::size_t at = c * lanes;
      const Pack<T> left = load(r + at) - lower_.sum(c, x);
      store<T>(rest + at, left);
      store<T>(x + at, (left - upper_.sum(c, x)) * load(inverse_.data() + at));
    });
    each_group(group_, threaded_, false, [&](std::size_t c) {
      const std::size_t at = c * lanes;
      store<T>(x + at, (load(rest + at) - upper_.template sum<behind>(c, x)) * load(inverse_.data() + at));
    });
  }

  void residual(std::span<const std::int32_t> chunks, const T* r, const T* x, T* rest) const override {
    for_each(threaded_, chunks.size(), [&](std::size_t i) {
      const auto c = static_cast<std::size_t>(chunks[i]);
      store<T>(rest + c * lanes, load(r + c * lanes) - product(c, x));
    });
  }

  void set_diagonal(std::span<const T> diagonal) override {
    for (std::size_t s = 0; s < diagonal.size(); ++s) {
      diagonal_[s] = diagonal[s];
      inverse_[s] = 1 / diagonal[s];
    }
  }
  std::span<T> values() override { return lower_.values(); }
  double lower_bytes() const override { return lower_.bytes(); }
  double upper_bytes() const override { return upper_.bytes(); }

 private:
  static constexpr std::ptrdiff_t behind = -512;
  Pack<T> product(std::size_t c, const T* x) const {
    return load(diagonal_.data() + c * lanes) * load(x + c * lanes) + lower_.sum(c, x) + upper_.sum(c, x);
  }

  Triangle lower_, upper_;
  std::vector<std::size_t> group_;
  Buffer<T> diagonal_, inverse_;
  bool threaded_;
};

template <typename T, typename Triangle>
std::unique_ptr<SmoothingMatrix<T>> split(const Csr& a, const Ordering& ordering, bool threaded) {
  auto result = std::make_unique<Split<T, Triangle>>(a, ordering, threaded);
  if (!result->fits()) return nullptr;
  return result;
}

}  // namespace

template <typename T>
std::unique_ptr<SmoothingMatrix<T>> smoothing_matrix(Format format, const Csr& a, const Ordering& ordering,
                                                     bool threaded) {
  if (format == Format::csr) return split<T, CsrTriangle<T>>(a, ordering, threaded);
  if (format == Format::sell) return split<T, SellTriangle<T, std::int32_t>>(a, ordering, threaded);
  return split<T, SellTriangle<T, std::uint16_t>>(a, ordering, threaded);
}

template std::unique_ptr<SmoothingMatrix<float>> smoothing_matrix(Format, const Csr&, const Ordering&, bool);
template std::unique_ptr<SmoothingMatrix<double>> smoothing_matrix(Format, const Csr&, const Ordering&, bool);

}  // namespace tandem::kernels
