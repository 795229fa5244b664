#include "harness/kernel/time_kernel.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "harness/base/check.hpp"
#include "harness/device/host.hpp"
#include "harness/kernel/part_clock.hpp"
#include "harness/measure/clock.hpp"
#include "harness/measure/limits.hpp"
#include "harness/measure/noise.hpp"
#include "harness/measure/sampling.hpp"
#include "harness/ranks/messages.hpp"

namespace tandem {
namespace {

template <typename T>
void fill(const Output& output, T value) {
  std::fill_n(static_cast<T*>(output.data), output.count, value);
  if (output.changed) output.changed();
}

void check_memory(const KernelEntry& entry, const Settings& settings, const Ranks& group) {
  const int ranks = ranks_on_host(group);
  const double needed = entry.memory(settings, {group.size(), ranks});
  double available = available_memory_bytes() / ranks;
  // The host holds what the device does once more, to judge it.
  if (entry.free_memory) available = std::min(available, entry.free_memory(group));
  const std::string proposal = entry.fits ? entry.fits(available) : "";
  check_usage(needed <= available, "{}/{}: needs {:.3g} GiB{}, {:.3g} GiB is available; choose a smaller size{}",
              entry.name, settings.path(), needed / 0x1p30, ranks > 1 ? " a rank" : "", available / 0x1p30,
              proposal.empty() ? "" : ", e.g. " + proposal);
}

bool verified(Kernel& kernel, Recorder& recorder, const Ranks& ranks) {
  const std::vector<Verdict> verdicts = kernel.verify();
  if (ranks.root())
    for (const Verdict& verdict : verdicts) recorder.verdict(verdict);
  return ranks.max(all_pass(verdicts) ? 0.0 : 1.0) == 0.0;
}

void record_samples(const Sampling& sampling, const Ranks& ranks, Recorder& recorder) {
  if (!ranks.root()) return;
  recorder.write({{"record", "samples"},
                  {"seconds", sampling.seconds},
                  {"batch", sampling.batch},
                  {"converged", sampling.converged},
                  {"imbalance", sampling.imbalance}});
}

constexpr const char* kNoMessages =
    "its ranks meet in collectives of the MPI library or in shared memory, whose messages are not known";

// `messages`: that this rank sent in one run.
void record_facts(const Facts& facts, double messages, const PartClock& parts, const KernelContext& context,
                  Recorder& recorder) {
  const Ranks& ranks = context.ranks;
  Json notes = Json::object();
  for (const auto& [key, value] : facts.notes) notes[key] = value;
  for (const auto& [key, value] : parts.shares(ranks)) notes[key] = value;
  const double sent = ranks.sum(messages);
  const bool known = sent > 0 || ranks.size() == 1;
  Json record = {{"record", "facts"},
                 {"flops", ranks.sum(facts.flops)},
                 {"bytes", ranks.sum(facts.bytes)},
                 {"working_set", ranks.sum(facts.working_set)},
                 {"limit", limit_for(facts.limit, facts.working_set, context.threads, ranks_on_host(ranks))},
                 {"messages", known ? Json(sent) : Json(nullptr)},
                 {"notes", notes}};
  if (!known) record["no_messages"] = kNoMessages;
  if (ranks.root()) recorder.write(record);
}

// How the ratio of run() to its rival is measured: as many pairs as tell a disturbed one from the others.
constexpr std::size_t kPairs = 5;

void record_pairs(const KernelEntry& entry, Kernel& kernel, std::size_t batch, const Ranks& ranks, Recorder& recorder) {
  if (!entry.rival.run) return;
  const auto finished = [&kernel](const auto& run) {
    return [&kernel, run] {
      run();
      kernel.finish();
    };
  };
  const Pairs pairs =
      sample_in_turn(finished([&] { entry.rival.run(kernel); }), finished([&] { kernel.run(); }), kPairs, batch, ranks);
  if (ranks.root())
    recorder.write({{"record", "pairs"}, {"over", entry.rival.name}, {"rival", pairs.first}, {"own", pairs.second}});
}

}  // namespace

void poison(const Output& output) {
  switch (output.type) {
    case Output::Type::fp64:
      return fill(output, std::numeric_limits<double>::quiet_NaN());
    case Output::Type::fp32:
      return fill(output, std::numeric_limits<float>::quiet_NaN());
    case Output::Type::bf16:
    case Output::Type::fp16:
      return fill(output, std::uint16_t{0x7fff});  // a NaN in both formats
    case Output::Type::int32:
      return fill(output, std::numeric_limits<std::int32_t>::min());
    case Output::Type::int8:
      return fill(output, std::numeric_limits<std::int8_t>::min());
  }
}

void go_on_to_be_judged(Kernel& kernel) {
  if (!kernel.keep()) return;
  kernel.run();
  kernel.finish();
}

void time_kernel(const KernelEntry& entry, const Settings& settings, const KernelContext& context,
                 const std::string& run_class, Recorder& recorder) {
  const Ranks& ranks = context.ranks;
  recorder.enter("prepare");
  check_memory(entry, settings, ranks);
  PartClock parts;
  const double start = now_seconds();
  const std::unique_ptr<Kernel> kernel =
      entry.make(settings, KernelContext{ranks, context.threads, context.seed, parts});
  const double setup = ranks.max(now_seconds() - start);
  std::uint64_t messages = 0;
  for (const Data data : {Data::exact, Data::random}) {
    recorder.enter("prepare");
    kernel->prepare(data);
    poison(kernel->output());
    if (entry.destroys_input) kernel->restore();  // what is computed in place stands on its input again
    recorder.enter("verify");
    const std::uint64_t before = messages_sent;
    kernel->run();
    kernel->finish();
    messages = messages_sent - before;
    if (!verified(*kernel, recorder, ranks)) return;
  }
  const SamplingRules rules = rules_of_class(run_class);
  recorder.enter("canary");
  const NoiseReading before = read_noise(ranks, context.threads);
  recorder.enter("sample");
  parts.reset();
  const auto run = [&] {
    kernel->run();
    parts.leave();
  };
  const auto restore = [&] { kernel->restore(); };
  Sampling sampling = sample(run, rules, ranks, entry.collective, entry.destroys_input ? Untimed(restore) : Untimed(),
                             [&] { kernel->finish(); });
  record_pairs(entry, *kernel, sampling.batch, ranks, recorder);
  recorder.enter("canary");
  const NoiseReading after = read_noise(ranks, context.threads);
  recorder.enter("verify");
  Facts facts = kernel->facts();
  if (facts.setup_share > 0) {
    for (double& seconds : sampling.seconds) seconds += facts.setup_share * setup;
    facts.notes["set-up charged"] = fmt::format("{:.3g} s of {:.3g} s a run", facts.setup_share * setup, setup);
  }
  record_samples(sampling, ranks, recorder);
  record_facts(facts, static_cast<double>(messages), parts, context, recorder);
  go_on_to_be_judged(*kernel);
  verified(*kernel, recorder, ranks);  // what was timed is what was right
  const std::vector<Reason> noise = judge_noise(before, after, sampling.seconds, true, ranks);
  if (ranks.root()) recorder.write(noise_record(noise));
}

}  // namespace tandem
