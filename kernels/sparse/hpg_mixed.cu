// sparse/hpcg's problem on a device, to the same residual (hpg_mixed.cpp has the rules): flexible conjugate gradients
// in fp64 with the multigrid in fp32. The speed-up is over sparse/hpcg's set on the same device, run by the same
// object. One rank.
#include <algorithm>
#include <memory>

#include "harness/device/gpu_code.hpp"
#include "kernels/sparse/device_hpcg.hpp"
#include "kernels/sparse/grid_settings.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

constexpr unsigned threads = 256;

// As in sparse/hpcg, and the matrices and vectors in fp32.
constexpr double bytes_per_point = 1200;

GPU_KERNEL void narrow(const double* from, float* to, std::size_t count) {
  const std::size_t i = grid_index();
  if (i < count) to[i] = static_cast<float>(from[i]);
}

class HpgMixed final : public Hpcg {
 public:
  HpgMixed(const Settings& settings, const KernelContext& context)
      : Hpcg(settings, context), single_(block_), plain_norm_(1) {}

  void prepare(Data data) override {
    Hpcg::prepare(data);
    const std::size_t needed = Hpcg::solve(judge_.target(), HpcgJudge::most_iterations, true);
    start_copy(plain_norm_.data(), cg_.norms() + needed, sizeof(double));
    GPU_VENDOR::finish();
    plain_iterations_ = std::max(reference_iterations, needed);
  }

  std::vector<Verdict> verify() override {
    std::vector<Verdict> verdicts = Hpcg::verify();
    Buffer<double> norm(1);
    plain_norm_.download(norm);
    judge_.judge_single(multigrid_.parts(), single_.parts(), norm[0], verdicts);
    return verdicts;
  }

  Facts facts() const override {
    Facts facts = Hpcg::facts();
    const double vector = 8.0 * static_cast<double>(multigrid_.finest().slots());
    // z has half the bytes and is read once more, with q; r is read and written once more in fp32.
    facts.bytes = static_cast<double>(iterations_) * (product_bytes() + 2 * vector + single_.cycle_bytes());
    facts.working_set = single_.working_set() + multigrid_.finest().bytes() + 6 * vector;
    facts.notes["iterations"] =
        fmt::format("{}, all in fp64 {}, reference {}", iterations_, plain_iterations_, reference_iterations);
    return facts;
  }

  void start_plainly() {  // sparse/hpcg's set: what the speed-up is over
    Hpcg::start_set(plain_iterations_);
    start_copy(plain_norm_.data(), cg_.norms() + plain_iterations_, sizeof(double));
    start_output();
  }

 protected:
  std::size_t solve(double target, std::size_t most, bool precondition) override {
    return precondition ? cg_.solve(target, most, mixed()) : Hpcg::solve(target, most, false);
  }
  void start_set(std::size_t iterations) override { cg_.start(iterations, mixed()); }
  void set_diagonal(const std::function<double(std::size_t)>& of_row) override {
    Hpcg::set_diagonal(of_row);
    single_.finest().set_diagonal(of_row);
  }

 private:
  DeviceCg::Precondition<float> mixed() {
    return [this](const double* r, float* z) {
      DeviceLevel<float>& finest = single_.finest();
      launch(narrow, blocks_for(finest.slots(), threads), threads, r, finest.right.data(), finest.slots());
      single_.start(finest.right.data(), z);
    };
  }

  DeviceMultigrid<float> single_;
  DeviceBuffer<double> plain_norm_;  // of the residual that the fp64 solve ended with
  std::size_t plain_iterations_ = 0;
};

}  // namespace

KernelEntry sparse_hpg_mixed() {
  KernelEntry entry = device_hpcg_entry(
      "sparse/hpg_mixed",
      "sparse/hpcg's problem on the device to the same residual by fp32 multigrid in flexible fp64 CG",
      bytes_per_point);
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<HpgMixed>(settings, context);
  };
  entry.rival = {"fp64", [](Kernel& kernel) { dynamic_cast<HpgMixed&>(kernel).start_plainly(); }};
  return entry;
}

}  // namespace tandem::GPU_VENDOR
