// tandem-gbench: the same kernels under Google Benchmark's own command line, statistics and JSON. Each case is verified
// on exact and on random inputs before it is timed and again after; one that fails is reported as an error, without a
// rate. One rank; OMP_NUM_THREADS threads, 1 where it is unset.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <benchmark/benchmark.h>
#include <omp.h>

#include "harness/base/check.hpp"
#include "harness/device/host.hpp"
#include "harness/kernel/kernel.hpp"
#include "harness/kernel/time_kernel.hpp"

namespace {

using namespace tandem;

struct Case {
  const KernelEntry* entry = nullptr;
  Settings settings;
  std::unique_ptr<Kernel> kernel;  // made at its first repetition, kept for the others
  std::string error;               // why it has no rate
  std::string name() const { return entry->name + "/" + settings.path(); }
};

bool worst_is_invalid = false;  // some verification failed: the program's exit code

// "dense/gemm/n=2048/precision=fp64": settings that are left out keep their defaults. A part without "=" behind a
// setting belongs to its value (a path).
Case parse_case(const std::string& text) {
  for (const KernelEntry& entry : kernel_registry()) {
    if (text != entry.name && !text.starts_with(entry.name + "/")) continue;
    Settings settings(entry.parameters);
    std::string key, value;
    std::stringstream parts(text.size() > entry.name.size() ? text.substr(entry.name.size() + 1) : "");
    for (std::string part; std::getline(parts, part, '/');) {
      const std::size_t equals = part.find('=');
      check_usage(equals != std::string::npos || !key.empty(), R"("{}" in "{}" is not key=value)", part, text);
      value = equals == std::string::npos ? value + "/" + part : part.substr(equals + 1);
      if (equals != std::string::npos) key = part.substr(0, equals);
      check_usage(settings.has(key), "{} has no setting \"{}\"; try `tandem list`", entry.name, key);
      settings.set(key, value);
    }
    return {&entry, settings, nullptr, ""};
  }
  throw Error(Exit::usage, fmt::format("no kernel \"{}\"; try `tandem list`", text));
}

void demand_verified(Kernel& kernel) {
  for (const Verdict& verdict : kernel.verify()) {
    if (verdict.pass()) continue;
    worst_is_invalid = true;
    throw Error(Exit::invalid,
                fmt::format("INVALID: {}: {:.3g}, limit {:.3g}", verdict.check, verdict.value, verdict.limit));
  }
}

void set_up(Case& c, const KernelContext& context) {
  const double needed = c.entry->memory(c.settings, {}), available = available_memory_bytes();
  check_usage(needed <= available, "needs {:.3g} GiB, {:.3g} GiB is available", needed / 0x1p30, available / 0x1p30);
  c.kernel = c.entry->make(c.settings, context);
  for (const Data data : {Data::exact, Data::random}) {
    c.kernel->prepare(data);
    poison(c.kernel->output());
    c.kernel->run();
    demand_verified(*c.kernel);
  }
}

void report(benchmark::State& state, const Kernel& kernel) {
  const Facts facts = kernel.facts();
  constexpr auto rate = benchmark::Counter::kIsIterationInvariantRate;
  if (facts.flops > 0) state.counters["flop/s"] = benchmark::Counter(facts.flops, rate);
  if (facts.bytes > 0) state.counters["B/s"] = benchmark::Counter(facts.bytes, rate);
}

// Google Benchmark calls this for each calibration and repetition, the cases one after the other.
void time_case(benchmark::State& state, std::vector<Case>& cases, std::size_t index, const KernelContext& context) {
  Case& c = cases[index];
  for (Case& other : cases)
    if (&other != &c) other.kernel.reset();  // one case's memory at a time
  try {
    if (!c.kernel && c.error.empty()) set_up(c, context);
    if (c.error.empty()) {
      for ([[maybe_unused]] auto _ : state) {
        if (c.entry->destroys_input) {
          state.PauseTiming();
          c.kernel->restore();
          state.ResumeTiming();
        }
        c.kernel->run();
      }
      go_on_to_be_judged(*c.kernel);
      demand_verified(*c.kernel);
      report(state, *c.kernel);
    }
  } catch (const Unsupported& reason) {
    c.error = fmt::format("skipped: {}", reason.what());
  } catch (const Error& error) {
    c.error = error.what();
  }
  if (!c.error.empty()) state.SkipWithError(c.error.c_str());
}

int time_cases(std::vector<Case> cases, std::vector<std::string> arguments) {
  const int threads = std::getenv("OMP_NUM_THREADS") != nullptr ? omp_get_max_threads() : 1;
  omp_set_num_threads(threads);
  const Ranks ranks(1);
  const KernelContext context{ranks, threads, 1};
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, argv.data());
  if (benchmark::ReportUnrecognizedArguments(count, argv.data())) return static_cast<int>(Exit::usage);
  benchmark::AddCustomContext("threads", fmt::format("{}", threads));
  for (std::size_t i = 0; i < cases.size(); ++i)
    benchmark::RegisterBenchmark(cases[i].name().c_str(), [&, i](benchmark::State& state) {
      time_case(state, cases, i, context);
    })->UseRealTime();
  benchmark::RunSpecifiedBenchmarks();
  return static_cast<int>(worst_is_invalid ? Exit::invalid : Exit::ok);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Times Tandem's kernels with Google Benchmark.", "tandem-gbench");
  app.allow_extras();
  app.footer(
      "All --benchmark_... options of Google Benchmark work too, e.g. --benchmark_filter=REGEX,\n"
      "--benchmark_repetitions=N, --benchmark_format=json, --benchmark_list_tests.");
  std::vector<std::string> names;
  app.add_option("-k,--kernel", names, "Case, e.g. dense/gemm/n=2048; again for more (default: every kernel)")
      ->allow_extra_args(false);
  CLI11_PARSE(app, argc, argv);
  try {
    if (names.empty())
      for (const KernelEntry& entry : kernel_registry()) names.push_back(entry.name);
    std::vector<Case> cases;
    cases.reserve(names.size());
    for (const std::string& name : names) cases.push_back(parse_case(name));
    std::vector<std::string> arguments = app.remaining();
    arguments.insert(arguments.begin(), argv[0]);
    return time_cases(std::move(cases), std::move(arguments));
  } catch (const Error& error) {
    std::fprintf(stderr, "tandem-gbench: %s\n", error.what());
    return static_cast<int>(error.code());
  }
}
