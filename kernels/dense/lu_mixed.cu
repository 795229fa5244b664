// HPL-MxP's computation on a device (lu_mixed.cpp has its rules): matrix in fp64, its conversion, factors
// (device_elimination.hpp), products with vectors and substitution (device_refine.hpp) are the device's; GMRES itself
// is the host's, and its vectors are all that goes over the link. One rank. Begins with A on the device and b on the
// host, and ends with x on the host.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/device/gpu_code.hpp"
#include "harness/device/gpu_memory.hpp"
#include "harness/kernel/choose.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/device_elimination.hpp"
#include "kernels/dense/device_refine.hpp"
#include "kernels/dense/lu_mixed_case.hpp"
#include "kernels/dense/lu_shape.hpp"
#include "kernels/dense/lu_verify.hpp"
#include "kernels/dense/operands.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

constexpr std::size_t most_probe = 4096;         // order of the product that is timed to choose a precision
constexpr std::size_t upload_values = 32 << 20;  // that the host holds at once

constexpr unsigned threads = 256;

GPU_KERNEL void clear(float* factors, std::size_t count) {
  const std::size_t i = grid_index();
  if (i < count) factors[i] = 0;
}

LuShape shape_of(const Settings& settings) {
  return device_lu_shape(settings, [](const LuShape& shape) { return shape.n; });
}

// A product of random operands, for its time only.
class Probe {
 public:
  Probe(std::size_t order, Element element, std::uint64_t seed)
      : product_({order, order, order}, format_of(element)),
        a_(on_device(operand(order, element, seed, 1))),
        b_(on_device(operand(order, element, seed, 2))),
        c_(on_device(Buffer<float>(order * order))) {}
  void run() {
    product_.start(a_.data(), b_.data(), c_.data());
    GPU_VENDOR::finish();
  }

 private:
  static ProductFormat format_of(Element element) {
    ProductFormat format;
    format.a = format.b = element;
    format.c = Element::fp32;
    format.add = true;
    return format;
  }
  static Buffer<std::byte> operand(std::size_t order, Element element, std::uint64_t seed, std::uint64_t stream) {
    Buffer<std::byte> values(order * order * bytes_of(element));
    fill_operand(element, values.data(), order * order, Data::random, seed, stream);
    return values;
  }

  Product product_;
  DeviceBuffer<std::byte> a_, b_;
  DeviceBuffer<float> c_;
};

// The format in which this device multiplies fastest, by measurement; `why` tells it.
Element choose(const std::vector<Element>& allowed, std::size_t n, const KernelContext& context, std::string& why) {
  why = "as set";
  if (allowed.size() == 1) return allowed.front();
  std::vector<std::unique_ptr<Probe>> probes;
  std::vector<Candidate> candidates;
  std::vector<Element> elements;
  std::string reason;
  why = "fastest product of";
  for (const Element element : allowed) {
    try {
      probes.push_back(std::make_unique<Probe>(std::min((n + 63) / 64 * 64, most_probe), element, context.seed));
    } catch (const Unsupported& missing) {
      reason = missing.what();
      continue;
    }
    candidates.push_back({[probe = probes.back().get()] { probe->run(); }});
    elements.push_back(element);
    why += fmt::format(" {}", name_of(element));
  }
  if (candidates.empty()) throw Unsupported(reason);
  return elements[fastest(context.ranks, candidates)];
}

class LuMixed final : public Kernel {
 public:
  LuMixed(const Settings& settings, const KernelContext& context)
      : device_(choose_sole_device(context.ranks)),
        shape_(shape_of(settings)),
        grid_(shape_, context.ranks),
        case_(settings, shape_.n, context.seed),
        element_(choose(mixed_precisions(settings), shape_.n, context, why_)),
        marks_(context.marks),
        parts_{marks_.part("conversion"), marks_.part("factorisation"), marks_.part("refinement")},
        elimination_(shape_.n, element_),
        matrix_(shape_.n * elimination_.lead()),
        sizes_(shape_.n),
        from_(on_device(Buffer<double>(elimination_.lead()))),
        to_(shape_.n),
        b_(shape_.n),
        x_(shape_.n) {}

  void prepare(Data data) override {
    const LinearSystem& system = case_.prepare(data);
    const std::size_t n = shape_.n, lead = elimination_.lead(), most = std::max<std::size_t>(upload_values / lead, 1);
    for (std::size_t first = 0; first < n; first += most) {
      Buffer<double> rows(std::min(most, n - first) * lead);
      const auto count = static_cast<std::ptrdiff_t>(rows.size() / lead);
#pragma omp parallel for schedule(static)
      for (std::ptrdiff_t i = 0; i < count; ++i) {
        const std::size_t row = first + static_cast<std::size_t>(i);
        system.entries(row, 0, {rows.data() + static_cast<std::size_t>(i) * lead, n});
        system.entries(row, n, {&b_[row], 1});
      }
      copy_in(matrix_.data() + first * lead, rows.data(), rows.size() * sizeof(double));
    }
    // Or those of before would be judged.
    launch(clear, blocks_for(n * lead, threads), threads, elimination_.matrix().data(), n * lead);
    GPU_VENDOR::finish();
    std::fill(x_.begin(), x_.end(), 0.0);
  }

  void run() override {
    marks_.enter(parts_.convert);
    start_conversion(matrix(), elimination_.matrix().data(), elimination_.lead(), sizes_.data(), shape_.n);
    Vector sizes(shape_.n);
    copy_out(sizes.data(), sizes_.data(), shape_.n * sizeof(double));
    marks_.enter(parts_.factor);
    elimination_.start();
    GPU_VENDOR::finish();
    marks_.enter(parts_.refine);
    refinement_ = refine(
        shape_.n, largest(sizes), b_, x_, [this](const Vector& from, Vector& to) { multiply(from, to); },
        [this](const Vector& from, Vector& to) { precondition(from, to); },
        [](const Vector& values) { return largest(values); });
  }

  std::vector<Verdict> verify() override {
    Buffer<float> factors(elimination_.matrix().size());
    elimination_.matrix().download(factors);
    return case_.judge(x_, {grid_, factors.data(), elimination_.lead()}, element_);
  }

  Facts facts() const override {
    Facts facts = case_.facts(1, element_, why_, refinement_);
    facts.notes["device"] = device_.name;
    facts.notes["library"] = elimination_.library();
    return facts;
  }

  Output output() override { return {x_.data(), x_.size(), Output::Type::fp64}; }

 private:
  struct Parts {
    int convert, factor, refine;
  };
  DeviceMatrix<double> matrix() const { return {matrix_.data(), elimination_.lead()}; }

  void multiply(const Vector& from, Vector& to) {
    copy_in(from_.data(), from.data(), from.size() * sizeof(double));
    start_product(matrix(), from_.data(), to_.data(), shape_.n);
    copy_out(to.data(), to_.data(), to.size() * sizeof(double));
  }
  void precondition(const Vector& from, Vector& to) {
    copy_in(from_.data(), from.data(), from.size() * sizeof(double));
    start_substitution({elimination_.matrix().data(), elimination_.lead()}, from_.data(), shape_.n);
    copy_out(to.data(), from_.data(), to.size() * sizeof(double));
  }

  const GpuDevice& device_;
  LuShape shape_;
  LuGrid grid_;
  MixedCase case_;
  std::string why_;
  Element element_;
  Marks& marks_;
  Parts parts_;
  DeviceElimination elimination_;
  DeviceBuffer<double> matrix_, sizes_;  // rows as long as those of the factors
  DeviceBuffer<double> from_, to_;       // vectors; from_ goes on with zeros
  Vector b_, x_;
  Refinement refinement_;
};

double bytes_of_order(std::size_t n, Element element) {
  return 8 * static_cast<double>(n * DeviceElimination::lead_of(n)) + DeviceElimination::bytes(n, element) +
         32 * static_cast<double>(n) + 1e9;  // library and probe
}

}  // namespace

KernelEntry dense_lu_mixed() {
  KernelEntry entry;
  entry.name = "dense/lu_mixed";
  entry.summary = "dense A x = b by LU in bf16, fp16 or fp32 on the device and refinement to fp64";
  entry.parameters = mixed_parameters("32768", "unknowns");
  entry.figure = KernelEntry::Figure::flop_rate;
  entry.memory = [](const Settings& settings, const Placement&) {
    const std::vector<Element> allowed = mixed_precisions(settings);
    mixed_matrix(settings);
    return bytes_of_order(shape_of(settings).n, allowed.front());
  };
  entry.fits = [](double bytes) {
    return fmt::format("n={}", static_cast<std::size_t>(std::sqrt(std::max(bytes - 1e9, 0.0) / 14.5)) / 128 * 128);
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<LuMixed>(settings, context);
  };
  return entry;
}

}  // namespace tandem::GPU_VENDOR
