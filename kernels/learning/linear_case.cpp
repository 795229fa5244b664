#include "kernels/learning/linear_case.hpp"

#include "kernels/learning/choices.hpp"

namespace tandem::kernels {

LinearChoice linear_choice(const Settings& settings) {
  constexpr std::int64_t most = 1 << 20;
  return {count_of(settings, "batch", most), count_of(settings, "in", most), count_of(settings, "out", most),
          second_of(settings, "pass", "forward", "backward"), in_bf16(settings)};
}

KernelEntry linear_entry(const std::string& where, const std::string& rows, const std::string& width) {
  KernelEntry entry;
  entry.name = "learning/linear";
  entry.summary = "a linear layer, forward or backward with all its gradients" + where;
  entry.parameters = {{"batch", rows, "rows"},
                      {"in", width, "inputs"},
                      {"out", width, "outputs"},
                      {"pass", "forward", "forward or backward"},
                      {"precision", "fp32", "of the operands: fp32 or bf16; sums and results are fp32"}};
  entry.memory = [](const Settings& settings, const Placement&) {
    const LinearChoice c = linear_choice(settings);
    const auto batch = static_cast<double>(c.batch), in = static_cast<double>(c.in), out = static_cast<double>(c.out);
    return (c.bf16 ? 2 : 4) * (batch * in + in * out + (c.backward ? batch * out : 0)) +
           4 * (c.backward ? (batch + out) * in + out : (batch + 1) * out);
  };
  return entry;
}

}  // namespace tandem::kernels
