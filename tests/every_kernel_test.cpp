// Every kernel of the registry, at small sizes and at the sizes of the quick configuration: right results pass, every
// kind of wrong result fails, facts and memory make sense. A verifier that cannot fail fails here.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <sstream>

#include <gtest/gtest.h>
#include <omp.h>

#include "harness/base/check.hpp"
#include "harness/kernel/gpu_kernels.hpp"
#include "harness/kernel/kernel.hpp"
#include "harness/kernel/time_kernel.hpp"
#include "harness/launch/config.hpp"
#include "tests/kernel_cases.hpp"

namespace tandem {
namespace {

struct Input {
  const KernelEntry* entry;
  Settings settings;
  std::string device = "cpu";
  friend void PrintTo(const Input& input, std::ostream* out) {
    *out << input.entry->name << "/" << input.settings.path();
  }
};

// A value may hold slashes: a part without "=" belongs to the value before it.
Settings settings_of(const KernelEntry& entry, const std::string& text) {
  Settings settings(entry.parameters);
  std::string key, value;
  std::stringstream parts(text);
  for (std::string part; std::getline(parts, part, '/');) {
    const std::size_t equals = part.find('=');
    value = equals == std::string::npos ? value + "/" + part : part.substr(equals + 1);
    if (equals != std::string::npos) key = part.substr(0, equals);
    EXPECT_TRUE(settings.has(key)) << entry.name << " knows no setting " << key;
    settings.set(key, value);
  }
  return settings;
}

void add_small_inputs(const std::string& device, const Cases& cases, std::vector<Input>& result) {
  for (const KernelEntry& entry : plannable_kernels(device)) {
    const auto row = cases.find(entry.name);
    if (row == cases.end())
      result.push_back({&entry, Settings(entry.parameters), device});
    else
      for (const std::string& text : row->second) result.push_back({&entry, settings_of(entry, text), device});
  }
}

std::vector<Input> small_inputs() {
  std::vector<Input> result;
  add_small_inputs("cpu", small_cases(), result);
  add_small_inputs("guarded", small_device_cases(), result);
  return result;
}

// The cases of the quick configuration; one that cannot be read fails a test of its own below. Those that mostly wait
// for gigabytes of fresh memory (triad beyond a large cache) are left to their small cases.
std::vector<Input> timed_inputs() {
  std::vector<Input> result;
  try {
    for (const CaseConfig& config : read_config(QUICK_CONFIG, {}).cases)
      for (const KernelEntry& entry : kernel_registry())
        if (!config.pipeline && config.name == entry.name && entry.memory(config.settings, {}) < 2e9)
          result.push_back({&entry, config.settings, "cpu"});
  } catch (const Error&) {
    result.clear();
  }
  return result;
}

const Ranks& one_rank() {
  static const Ranks ranks(1);
  return ranks;
}

std::unique_ptr<Kernel> make(const Input& input) {
  const int threads = std::min(2, omp_get_num_procs());
  omp_set_num_threads(threads);
  return input.entry->make(input.settings, KernelContext{one_rank(), threads, 42});
}

std::size_t bytes_of(const Output& output) {
  switch (output.type) {
    case Output::Type::fp64:
      return 8 * output.count;
    case Output::Type::fp32:
    case Output::Type::int32:
      return 4 * output.count;
    case Output::Type::bf16:
    case Output::Type::fp16:
      return 2 * output.count;
    case Output::Type::int8:
      break;
  }
  return output.count;
}

// Replaces a value by a wrong one. Exact data: off by the least step that an exact check must see (1; the least bit of
// the exponent in 16 bits). Random data: larger than any bound of rounding errors.
void corrupt_entry(const Output& output, std::size_t index, Data data) {
  const auto change = [&](auto zero) {
    auto* values = static_cast<decltype(zero)*>(output.data);
    if (std::is_integral_v<decltype(zero)> || data == Data::exact) {
      values[index] = static_cast<decltype(zero)>(values[index] + 1);
      return;
    }
    decltype(zero) largest = 1;
    for (std::size_t i = 0; i < output.count; ++i)
      largest = std::max(largest, static_cast<decltype(zero)>(std::abs(values[i])));
    values[index] = static_cast<decltype(zero)>(1000 * largest);
  };
  const auto change_bits = [&](unsigned least_exponent, unsigned large) {
    auto& value = static_cast<std::uint16_t*>(output.data)[index];
    value = static_cast<std::uint16_t>(data == Data::exact ? value ^ least_exponent : large);
  };
  switch (output.type) {
    case Output::Type::fp64:
      return change(double{});
    case Output::Type::fp32:
      return change(float{});
    case Output::Type::int32:
      return change(std::int32_t{});
    case Output::Type::int8:
      return change(std::int8_t{});
    case Output::Type::bf16:
      return change_bits(0x0080, 0x7f00);
    case Output::Type::fp16:
      return change_bits(0x0400, 0x7bff);
  }
}

// False where the type has none.
bool make_nan(const Output& output, std::size_t index) {
  if (output.type == Output::Type::fp64) static_cast<double*>(output.data)[index] = std::nan("");
  if (output.type == Output::Type::fp32) static_cast<float*>(output.data)[index] = std::nanf("");
  return output.type == Output::Type::fp64 || output.type == Output::Type::fp32;
}

bool passes(Kernel& kernel) { return all_pass(kernel.verify()); }

void expect_facts(const KernelEntry& entry, const Facts& facts) {
  for (const double value : {facts.flops, facts.bytes, facts.working_set})
    EXPECT_TRUE(std::isfinite(value) && value >= 0) << value;
  if (entry.figure == KernelEntry::Figure::flop_rate) {
    EXPECT_GT(facts.flops, 0);
  }
  if (entry.figure == KernelEntry::Figure::byte_rate) {
    EXPECT_GT(facts.bytes, 0);
  }
  EXPECT_GT(facts.bytes + facts.flops, 0);
}

void expect_wrong_fails(Kernel& kernel, Data data) {
  const Output output = kernel.output();
  ASSERT_GT(output.count, 0u);
  const auto* begin = static_cast<std::byte*>(output.data);
  const std::vector<std::byte> right(begin, begin + bytes_of(output));
  const auto changed = [&] {
    if (output.changed) output.changed();
  };
  const auto restore = [&] {
    std::memcpy(output.data, right.data(), right.size());
    changed();
  };
  for (const std::size_t index : {std::size_t{0}, output.count / 2, output.count - 1}) {
    corrupt_entry(output, index, data);
    changed();
    EXPECT_FALSE(passes(kernel)) << "accepts a wrong entry " << index << " of " << output.count;
    restore();
  }
  // The first one: a comparison that lets a NaN go takes the numbers behind it for the worst.
  if (make_nan(output, 0)) {
    changed();
    EXPECT_FALSE(passes(kernel)) << "accepts a NaN";
  }
  restore();
  std::memset(output.data, 0, right.size());
  changed();
  EXPECT_FALSE(passes(kernel)) << "accepts all zeros";
  restore();
}

void expect_right_passes(Kernel& kernel) {
  const std::vector<Verdict> verdicts = kernel.verify();
  EXPECT_FALSE(verdicts.empty());
  for (const Verdict& verdict : verdicts)
    EXPECT_TRUE(verdict.pass()) << verdict.check << ": " << verdict.value << ", limit " << verdict.limit;
}

void expect_one_wrong_fails(Kernel& kernel, Data data) {
  const Output output = kernel.output();
  corrupt_entry(output, output.count / 2, data);
  if (output.changed) output.changed();
  EXPECT_FALSE(passes(kernel)) << "accepts a wrong entry " << output.count / 2 << " of " << output.count;
}

using Corrupt = void (*)(Kernel&, Data);

void accept_and_refuse(Kernel& kernel, Data data, Corrupt expect_refused) {
  SCOPED_TRACE(data == Data::exact ? "exact" : "random");
  kernel.prepare(data);
  poison(kernel.output());
  kernel.restore();
  EXPECT_FALSE(passes(kernel)) << "accepts stale output";
  kernel.run();
  kernel.finish();
  expect_right_passes(kernel);
  expect_refused(kernel, data);
  kernel.restore();
  kernel.keep();
  kernel.run();  // again without a prepare: as in the timed loop
  kernel.finish();
  expect_right_passes(kernel);
}

void accept_and_refuse(const Input& input, Corrupt expect_refused) {
  try {
    const std::unique_ptr<Kernel> kernel = make(input);
    accept_and_refuse(*kernel, Data::exact, expect_refused);
    accept_and_refuse(*kernel, Data::random, expect_refused);
    expect_facts(*input.entry, kernel->facts());
  } catch (const Unsupported& reason) {
    GTEST_SKIP() << reason.what();
  }
}

class SmallKernel : public testing::TestWithParam<Input> {};

TEST_P(SmallKernel, accepts_the_right_and_refuses_every_wrong) { accept_and_refuse(GetParam(), expect_wrong_fails); }

// What may differ at the sizes that are timed is how far rounding errors reach: one wrong entry tells.
class TimedKernel : public testing::TestWithParam<Input> {};

TEST_P(TimedKernel, accepts_the_right_and_refuses_a_wrong_entry) {
  accept_and_refuse(GetParam(), expect_one_wrong_fails);
}

std::string name_of(const testing::TestParamInfo<Input>& input) {
  std::string name = input.param.entry->name + "/" + input.param.settings.path();
  if (const std::size_t folder = name.find(TEST_MATRICES); folder != std::string::npos)
    name.erase(folder, std::strlen(TEST_MATRICES "/"));
  if (input.param.device != "cpu") name = input.param.device + "/" + name;
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, SmallKernel, testing::ValuesIn(small_inputs()), name_of);
INSTANTIATE_TEST_SUITE_P(All, TimedKernel, testing::ValuesIn(timed_inputs()), name_of);

// A number that a kernel notes after a run on random data.
int noted(const std::string& device, const std::string& name, const std::string& settings, const std::string& note) {
  for (const KernelEntry& entry : plannable_kernels(device))
    if (entry.name == name) {
      const auto kernel = make({&entry, settings_of(entry, settings), device});
      kernel->prepare(Data::random);
      kernel->run();
      kernel->finish();
      return std::stoi(kernel->facts().notes.at(note));
    }
  return 0;
}

// The same sweeps in the same order of colours: rounding, which conjugate gradients amplify, makes an iteration or two.
TEST(Twins, hpcg_on_a_device_converges_as_the_cpus_colours_do) {
  const auto iterations = [](const std::string& device, const std::string& settings) {
    return noted(device, "sparse/hpcg", settings, "iterations");
  };
  const int colours = iterations("cpu", "local=16/order=colours");
  EXPECT_GT(colours, iterations("cpu", "local=16/order=levels")) << "colours need more than the natural order";
  EXPECT_LT(colours, 59) << "they need 61 where the coarse grids are handed no residual";
  EXPECT_NEAR(iterations("guarded", "local=16"), colours, 2);
}

TEST(Twins, hpg_mixed_on_a_device_converges_as_the_cpus_colours_do) {
  const auto iterations = [](const std::string& device, const std::string& settings) {
    return noted(device, "sparse/hpg_mixed", settings, "iterations");
  };
  EXPECT_NEAR(iterations("guarded", "local=16"), iterations("cpu", "local=16/order=colours"), 2);
}

// GMRES mends what a wrong substitution does to the solution, at the price of steps.
TEST(Twins, lu_mixed_on_a_device_refines_as_the_cpu_does) {
  const auto steps = [](const std::string& device, const std::string& settings) {
    return noted(device, "dense/lu_mixed", settings, "refinement steps");
  };
  const int of_fp32 = steps("cpu", "n=300/precision=fp32");
  EXPECT_NEAR(steps("guarded", "n=300/precision=fp32"), of_fp32, 1);
  EXPECT_NEAR(steps("guarded", "n=300/precision=bf16"), of_fp32 + 1, 1) << "fewer bits, a step more";
}

// All in one test, for each is quicker than the start of a process.
TEST(EveryKernelTable, each_knows_its_memory_and_refuses_nonsense) {
  std::vector<Input> inputs = small_inputs();
  for (Input& input : timed_inputs()) inputs.push_back(std::move(input));
  for (const auto& [entry, settings, device] : inputs) {
    SCOPED_TRACE(entry->name + "/" + settings.path() + "/device=" + device);
    const double bytes = entry->memory(settings, {});
    EXPECT_TRUE(std::isfinite(bytes) && bytes > 0) << bytes;
    for (const Parameter& parameter : entry->parameters) {
      Settings nonsense = settings;
      nonsense.set(parameter.key, "no such value");
      EXPECT_THROW(entry->memory(nonsense, {}), Error) << parameter.key;
    }
  }
}

TEST(EveryKernelTable, the_quick_configuration_can_be_read) {
  EXPECT_NO_THROW(read_config(QUICK_CONFIG, {}));
  EXPECT_FALSE(timed_inputs().empty());
}

TEST(EveryKernelTable, names_only_kernels_that_exist) {
  const auto look = [](const Cases& cases, const std::vector<KernelEntry>& kernels) {
    for (const auto& row : cases)
      EXPECT_TRUE(std::any_of(kernels.begin(), kernels.end(), [&](const auto& entry) {
        return entry.name == row.first;
      })) << row.first;
  };
  look(small_cases(), kernel_registry());
  look(small_device_cases(), guarded_registry());
}

}  // namespace
}  // namespace tandem
