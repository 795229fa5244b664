// MPI as the library that sums from device to device: a call that is put off as the device's work is.
#include "harness/device/guarded.hpp"
#include "kernels/network/gpu_collective.hpp"
#include "kernels/network/mpi_sum.hpp"

namespace tandem::guarded {

using namespace kernels;

struct Collective::State {
  MPI_Comm comm;
};

Collective::Collective(const Ranks& ranks) : state_(std::make_unique<State>(State{ranks.comm()})) {}
Collective::~Collective() = default;
std::string Collective::library() const { return "MPI in the guarded device"; }

namespace {

template <typename T>
void start(const void* in, void* out, std::size_t count, MPI_Comm comm) {
  guarded::start([=] {
    const MpiSum<T> sum;
    all_reduce(sum, static_cast<const T*>(in), static_cast<T*>(out), count, comm);
  });
}

}  // namespace

void Collective::start_sum(const void* in, void* out, std::size_t count, Output::Type type) {
  demand_on_device(in, 1);
  demand_on_device(out, 2);
  if (type == Output::Type::fp64) return start<double>(in, out, count, state_->comm);
  if (type == Output::Type::int32) return start<std::int32_t>(in, out, count, state_->comm);
  if (type == Output::Type::bf16) return start<Bf16>(in, out, count, state_->comm);
  check(type == Output::Type::fp32, "no sum of this type over devices");
  start<float>(in, out, count, state_->comm);
}

std::string why_mpi_takes_no_device_memory() { return ""; }

void call_with_device_memory(const std::function<void()>& call) {
  guarded::start(call);
  finish();
}

}  // namespace tandem::guarded
