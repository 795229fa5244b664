#include "kernels/sparse/hpcg_solver.hpp"

#include "kernels/sparse/stencil27.hpp"

namespace tandem::kernels {

template <typename T>
HpcgSolver<T>::HpcgSolver(const Ranks& ranks, const Block& block, const Storage& storage) {
  Block next = block;
  for (std::size_t l = 0; l < hpcg_levels; ++l, next = next.coarse())
    levels_.push_back(make_level(ranks, next, storage, l + 1 == hpcg_levels));
}

template <typename T>
typename HpcgSolver<T>::Level HpcgSolver<T>::make_level(const Ranks& ranks, const Block& block, const Storage& storage,
                                                        bool coarsest) {
  const auto [nx, ny, nz] = block.points;
  std::vector<char> injected(static_cast<std::size_t>(block.rows()), 0);
  std::vector<std::int32_t> fine;  // rows, then slots
  for (std::int64_t z = 0; z < nz && !coarsest; z += 2)
    for (std::int64_t y = 0; y < ny; y += 2)
      for (std::int64_t x = 0; x < nx; x += 2) {
        fine.push_back(static_cast<std::int32_t>((z * ny + y) * nx + x));
        injected[static_cast<std::size_t>(fine.back())] = 1;
      }
  DistributedMatrix<T> matrix(ranks, stencil27(block), storage, injected);
  std::vector<char> wanted(matrix.slots() / chunk_rows, 0);
  for (std::int32_t& row : fine) {
    row = matrix.ordering().slot[static_cast<std::size_t>(row)];
    wanted[static_cast<std::size_t>(row) / chunk_rows] = 1;
  }
  std::vector<std::int32_t> chunks;
  for (std::size_t c = 0; c < wanted.size(); ++c)
    if (wanted[c] != 0) chunks.push_back(static_cast<std::int32_t>(c));
  const std::size_t size = matrix.size();
  return {block,           std::move(matrix), std::move(chunks), std::move(fine),
          Buffer<T>(size), Buffer<T>(size),   Buffer<T>(size)};
}

template <typename T>
void HpcgSolver<T>::cycle(std::size_t l, T* r, T* z) {
  Level& level = levels_[l];
  level.matrix.smooth_from_zero(r, z);
  if (l + 1 == hpcg_levels) return;
  Level& coarse = levels_[l + 1];
  level.matrix.residual(level.chunks, r, z, level.rest.data());
  const std::vector<std::int32_t>& slot = coarse.matrix.ordering().slot;
  for_each(true, slot.size(), [&](std::size_t row) { coarse.right[slot[row]] = level.rest[level.fine[row]]; });
  cycle(l + 1, coarse.right.data(), coarse.unknown.data());
  for_each(true, slot.size(), [&](std::size_t row) { z[level.fine[row]] += coarse.unknown[slot[row]]; });
  level.matrix.smooth(r, z, level.rest.data());
}

template <typename T>
template <typename V>
void HpcgSolver<T>::precondition(const V* r, T* z) {
  if constexpr (std::is_same_v<T, V>) {
    // The cycle changes r for a moment where it borders on other ranks, and restores it.
    cycle(0, const_cast<T*>(r), z);
  } else {
    Level& finest = levels_[0];
    for_each(true, finest.matrix.slots() / lanes, [&](std::size_t c) {
      store<T>(finest.right.data() + c * lanes, __builtin_convertvector(load(r + c * lanes), Pack<T>));
    });
    cycle(0, finest.right.data(), z);
  }
}

template <typename T>
double HpcgSolver<T>::cycle_bytes() const {
  double bytes = 0;
  for (std::size_t l = 0; l < hpcg_levels; ++l) {
    const DistributedMatrix<T>& a = levels_[l].matrix;
    const double lower = a.lower_bytes(), upper = a.upper_bytes(), slots = sizeof(T) * static_cast<double>(a.slots());
    bytes += lower + upper + 6 * slots;  // from zero: r, D, x; x, D, x
    if (l + 1 < hpcg_levels) bytes += (lower + upper) / 8 + lower + 2 * upper + 9 * slots;  // residual, smoothing
  }
  return bytes;
}

template <typename T>
double HpcgSolver<T>::working_set() const {
  double bytes = 0;
  for (const Level& level : levels_)
    bytes += level.matrix.lower_bytes() + level.matrix.upper_bytes() +
             6.0 * sizeof(T) * static_cast<double>(level.matrix.slots());
  return bytes;
}

template class HpcgSolver<float>;
template class HpcgSolver<double>;
template void HpcgSolver<double>::precondition(const double*, double*);
template void HpcgSolver<float>::precondition(const float*, float*);
template void HpcgSolver<float>::precondition(const double*, float*);

}  // namespace tandem::kernels
