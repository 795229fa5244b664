#include "kernels/sparse/halo.hpp"

#include <cstring>

namespace tandem::kernels {

Halo::Halo(const Ranks& ranks, std::vector<Neighbour> neighbours)
    : ranks_(&ranks),
      neighbours_(std::move(neighbours)),
      sent_(neighbours_.size()),
      received_(neighbours_.size()),
      messages_(neighbours_.size()) {
  for (std::size_t n = 0; n < neighbours_.size(); ++n) {
    sent_[n].resize(neighbours_[n].send.size() * sizeof(double));
    received_[n].resize(neighbours_[n].receive.size() * sizeof(double));
  }
}

template <typename T>
void Halo::begin(const T* x) {
  for (std::size_t n = 0; n < neighbours_.size(); ++n) {
    const Neighbour& neighbour = neighbours_[n];
    std::byte* to = sent_[n].data();
    for (const std::int32_t at : neighbour.send) {
      std::memcpy(to, x + at, sizeof(T));
      to += sizeof(T);
    }
    messages_[n] = {neighbour.rank, std::span(sent_[n]).first(neighbour.send.size() * sizeof(T)),
                    std::span(received_[n]).first(neighbour.receive.size() * sizeof(T))};
  }
  if (!empty()) under_way_ = ranks_->exchange(messages_);
}

template <typename T>
void Halo::finish(T* x) {
  under_way_.wait();
  for (std::size_t n = 0; n < neighbours_.size(); ++n) {
    const std::byte* from = received_[n].data();
    for (const std::int32_t at : neighbours_[n].receive) {
      std::memcpy(x + at, from, sizeof(T));
      from += sizeof(T);
    }
  }
}

template void Halo::begin(const float*);
template void Halo::begin(const double*);
template void Halo::finish(float*);
template void Halo::finish(double*);

}  // namespace tandem::kernels
