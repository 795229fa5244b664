// NCCL and RCCL, which has NCCL's names. Its header is needed to build; the library is loaded when a kernel first asks
// for it, so that the module runs everything else where there is none.
#include <span>
#include <type_traits>

#include <dlfcn.h>

#include "harness/base/check.hpp"
#include "harness/device/gpu_code.hpp"
#include "kernels/network/gpu_collective.hpp"

#if defined(TANDEM_HIP)
#define COLLECTIVE_NAME "RCCL"
#else
#define COLLECTIVE_NAME "NCCL"
#endif

#if defined(TANDEM_COLLECTIVE)
#if defined(TANDEM_HIP)
#include <rccl/rccl.h>
#define COLLECTIVE_FILE "librccl.so.1"
#else
#include <nccl.h>
#define COLLECTIVE_FILE "libnccl.so.2"
#endif

namespace tandem::GPU_VENDOR {
namespace {

struct Library {
  decltype(&ncclGetVersion) version = nullptr;
  decltype(&ncclGetErrorString) words = nullptr;
  decltype(&ncclGetUniqueId) unique_id = nullptr;
  decltype(&ncclCommInitRank) join = nullptr;
  decltype(&ncclCommDestroy) leave = nullptr;
  decltype(&ncclAllReduce) all_reduce = nullptr;
  std::string missing;  // why it cannot be used
};

Library load() {
  Library library;
  void* handle = dlopen(COLLECTIVE_FILE, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* words = dlerror();
    library.missing = fmt::format("no " COLLECTIVE_NAME ": {}", words == nullptr ? COLLECTIVE_FILE : words);
    return library;
  }
  const auto find = [&](const char* name, auto& function) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, name));
    if (function == nullptr) library.missing = fmt::format(COLLECTIVE_FILE " has no {}", name);
  };
  find("ncclGetVersion", library.version);
  find("ncclGetErrorString", library.words);
  find("ncclGetUniqueId", library.unique_id);
  find("ncclCommInitRank", library.join);
  find("ncclCommDestroy", library.leave);
  find("ncclAllReduce", library.all_reduce);
  return library;
}

const Library& loaded() {
  static const Library library = load();
  return library;
}

// Collective: all ranks go on together, or none does.
void demand_everywhere(const Ranks& ranks, const std::string& reason) {
  if (ranks.max(reason.empty() ? 0 : 1) == 0) return;
  throw Unsupported(reason.empty() ? COLLECTIVE_NAME " cannot be used on another rank" : reason);
}

std::string reason_of(ncclResult_t code, const char* call) {
  if (code == ncclSuccess) return "";
  return fmt::format(COLLECTIVE_NAME " refused to {}: {}", call, loaded().words(code));
}

ncclDataType_t type_of(Output::Type type) {
  switch (type) {
    case Output::Type::fp64:
      return ncclFloat64;
    case Output::Type::fp32:
      return ncclFloat32;
    case Output::Type::bf16:
      return ncclBfloat16;
    case Output::Type::int32:
      return ncclInt32;
    default:
      throw Error(Exit::failed, "no sum of this type over devices");
  }
}

}  // namespace

struct Collective::State {
  ncclComm_t communicator = nullptr;
};

Collective::Collective(const Ranks& ranks) : state_(std::make_unique<State>()) {
  demand_everywhere(ranks, loaded().missing);
  ncclUniqueId id{};
  demand_everywhere(ranks, ranks.root() ? reason_of(loaded().unique_id(&id), "name the ranks") : "");
  ranks.broadcast(std::as_writable_bytes(std::span(&id, 1)));
  const auto code = loaded().join(&state_->communicator, ranks.size(), id, ranks.rank());
  demand_everywhere(ranks, reason_of(code, "join the ranks"));
}

Collective::~Collective() {
  (void)gpuDeviceSynchronize();
  if (state_->communicator != nullptr) (void)loaded().leave(state_->communicator);
}

void Collective::start_sum(const void* in, void* out, std::size_t count, Output::Type type) {
  const auto code = loaded().all_reduce(in, out, count, type_of(type), ncclSum, state_->communicator, stream());
  check(code == ncclSuccess, "{}", reason_of(code, "sum"));
}

std::string Collective::library() const {
  int version = 0;
  (void)loaded().version(&version);
  return fmt::format(COLLECTIVE_NAME " {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

}  // namespace tandem::GPU_VENDOR

#else

namespace tandem::GPU_VENDOR {

struct Collective::State {};
Collective::Collective(const Ranks&) { throw Unsupported("this module was built without " COLLECTIVE_NAME); }
Collective::~Collective() = default;
void Collective::start_sum(const void*, void*, std::size_t, Output::Type) {}
std::string Collective::library() const { return ""; }

}  // namespace tandem::GPU_VENDOR

#endif

namespace tandem::GPU_VENDOR {

// By name: Open MPI has these functions in a header of its extensions, MPICH in mpi.h, older ones nowhere.
std::string why_mpi_takes_no_device_memory() {
#if defined(TANDEM_HIP)
  constexpr const char* names[] = {"MPIX_Query_rocm_support", "MPIX_Query_hip_support"};
#else
  constexpr const char* names[] = {"MPIX_Query_cuda_support"};
#endif
  bool asked = false;
  for (const char* name : names)
    if (const auto supported = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, name)); supported != nullptr) {
      asked = true;
      if (supported() != 0) return "";
    }
  return asked ? "this MPI was built without support of this vendor's device memory"
               : "this MPI does not tell whether it takes device memory";
}

void call_with_device_memory(const std::function<void()>& call) {
  finish();
  call();
}

}  // namespace tandem::GPU_VENDOR
