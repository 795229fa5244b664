#include "harness/launch/worker.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <optional>

#include <omp.h>

#include "harness/base/arm_id.hpp"
#include "harness/base/json.hpp"
#include "harness/device/host.hpp"
#include "harness/device/pinning.hpp"
#include "harness/kernel/gpu_kernels.hpp"
#include "harness/kernel/time_kernel.hpp"
#include "harness/launch/entries.hpp"
#include "harness/measure/limits.hpp"
#include "harness/measure/machine.hpp"
#include "harness/measure/recorder.hpp"
#include "harness/pairing/pairing.hpp"
#include "harness/pipeline/arms.hpp"
#include "harness/pipeline/regime.hpp"
#include "harness/result/files.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

void limits(const Json& job, const Ranks& ranks, Recorder& recorder) {
  recorder.enter("sample");
  const bool quick = job.at("class") == "quick";
  const int threads = cores_of_rank(ranks);
  omp_set_num_threads(threads);
  // With several ranks only the links are news: the rates are those of all cores, measured by one rank.
  auto found = ranks.size() > 1 ? measure_links(ranks) : measure_limits(ranks, threads, quick ? 2.5 : 10);
  if (ranks.size() == 1)
    for (Limit& limit : measure_files(job.at("folder").get<std::string>())) found.push_back(std::move(limit));
  for (const Limit& limit : found) {
    if (!ranks.root()) continue;
    recorder.write({{"record", "limit"},
                    {"name", limit.name},
                    {"value", limit.value ? Json(*limit.value) : Json(nullptr)},
                    {"unit", limit.unit},
                    {"note", limit.note},
                    {"reason", limit.reason}});
  }
}

void kernel(const Json& job, const Ranks& ranks, Recorder& recorder) {
  const Json& item = job.at("case");
  const auto name = item.at("name").get<std::string>(), device = item.value("device", std::string("cpu"));
  const KernelEntry& entry = runnable_kernel(name, device);
  const int threads = item.at("threads");
  const KernelContext context{ranks, threads, job.at("seed")};
  time_kernel(entry, settings_of(entry.parameters, item), context, job.at("class").get<std::string>(), recorder);
}

void check_memory(double needed, const std::string& what) {
  const double available = available_memory_bytes();
  check_usage(needed <= available, "{} needs {:.1f} GiB a rank, {:.1f} GiB is available; choose a smaller size", what,
              needed / 0x1p30, available / 0x1p30);
}

// Of this rank. Where ranks have shares of their own, each takes its cores itself; without enough of them nobody does,
// and the noise guard tells that there were fewer.
int take_threads(const Json& job, const Ranks& ranks, Recorder& recorder) {
  const Split split = job.contains("arm") ? ArmId::of(job.at("arm")).split : Split();
  const int threads = split.shares_threads() ? split.threads_of(ranks.rank()) : job.at("threads").get<int>();
  std::vector<int> cores;
  if (split.shares_threads()) cores = rank_cores(ranks, threads);
  if (!cores.empty()) pin_to(cores);
  if (threads > 0) omp_set_num_threads(threads);
  if (split.shares_threads())
    recorder.write(
        {{"record", "share"}, {"rank", ranks.rank()}, {"threads", omp_get_max_threads()}, {"cpus", pinned_cpus()}});
  return threads;
}

ArmJob arm_job_of(const Json& job) {
  ArmJob arm_job;
  arm_job.id = ArmId::of(job.at("arm"));
  arm_job.stage = job.at("stage");
  arm_job.seed = job.at("seed");
  arm_job.config_digest = job.at("config_digest");
  arm_job.folder = job.at("folder").get<std::string>();
  arm_job.weights = job.at("weights").get<std::string>();
  return arm_job;
}

void regime(const Json& job, const Ranks& ranks, int threads, Recorder& recorder) {
  const Json& item = job.at("case");
  const Json of_pipeline = {{"name", item.at("pipeline")}};
  const PipelineEntry& entry = entry_of(pipeline_registry(), of_pipeline);
  const Settings settings = settings_of(regime_parameters(entry), item);
  recorder.enter("start-up", State::transition);
  check_memory(regime_memory(entry, settings), item.at("case"));
  const ArmJob arm_job = arm_job_of(job);
  demand_simulating_device(arm_job.id, settings, ranks);
  const Pipeline pipeline = regime_pipeline(entry, settings, threads);
  const auto consumer = make_consumer(settings.text("consumer"));
  run_coupled(arm_job, pipeline, *consumer, ranks, recorder);
}

void arm(const Json& job, const Ranks& ranks, int threads, Recorder& recorder) {
  const Json& item = job.at("case");
  if (item.at("kind") == "regime") return regime(job, ranks, threads, recorder);
  const PipelineEntry& entry = entry_of(pipeline_registry(), item);
  const Settings settings = settings_of(entry.parameters, item);
  recorder.enter("start-up", State::transition);
  check_memory(entry.memory(settings), entry.name + " " + settings.path());
  ArmJob arm_job = arm_job_of(job);
  demand_simulating_device(arm_job.id, settings, ranks);
  const Pipeline pipeline = entry.make(settings, threads);
  const std::size_t all = pipeline.problem->spec().questions;
  const std::size_t subset = item.at("simulation_questions");
  arm_job.questions = arm_job.id.arm == "simulation_only" && subset > 0 ? std::min(subset, all) : all;
  if (ranks.root()) recorder.write({{"record", "questions"}, {"answered", arm_job.questions}, {"of", all}});
  run_arm(arm_job, pipeline, entry, settings, ranks, recorder);
}

void pairing(const Json& job, const Ranks& ranks, Recorder& recorder) {
  const Json& item = job.at("case");
  const PairingEntry& entry = entry_of(pairing_registry(), item);
  PairingJob pair{settings_of(entry.parameters, item), {}, item.at("threads"), job.at("seed")};
  for (const Json& activity : item.at("activities")) pair.activities.push_back(activity_of(activity));
  pair.seconds = window_seconds(pair.settings, job.at("class"));
  entry.run(pair, ranks, recorder);
}

void perform(const Json& job, const Ranks& ranks, Recorder& recorder) {
  const std::string kind = job.at("kind");
  const int threads = take_threads(job, ranks, recorder);
  try {
    if (kind == "limits")
      limits(job, ranks, recorder);
    else if (kind == "kernel")
      kernel(job, ranks, recorder);
    else if (kind == "pairing")
      pairing(job, ranks, recorder);
    else
      arm(job, ranks, threads, recorder);
  } catch (const Unsupported& reason) {
    if (ranks.root()) recorder.write({{"record", "skipped"}, {"reason", reason.what()}});
  }
  recorder.leave();
  recorder.write({{"record", "end"}});
}

void give_up(const std::string& message, int code, const Ranks& ranks, Recorder& recorder) {
  try {
    recorder.write({{"record", "error"}, {"message", message}, {"code", code}});
  } catch (const Error&) {  // the disk is full: main's line on stderr has to do
  }
  if (ranks.size() == 1) return;
  std::fputs((message + "\n").c_str(), stderr);
  MPI_Abort(ranks.comm(), code);  // the others wait in a collective
}

}  // namespace

Exit run_worker(const fs::path& job_file) {
  const Json job = read_json(job_file);
  const Ranks ranks(job.at("ranks"), job.at("launcher"), job.at("threads"));
  const Ranks::Offset offset = ranks.clock_offset();
  const fs::path folder = job.at("folder").get<std::string>();
  Recorder recorder(folder / fmt::format("rank{}.jsonl", ranks.rank()), ranks.rank(), offset.seconds);
  if (ranks.size() > 1)
    recorder.write(
        {{"record", "clock"}, {"rank", ranks.rank()}, {"offset", offset.seconds}, {"uncertainty", offset.uncertainty}});
  if (ranks.size() > 1 || !job.at("launcher").get<std::string>().empty())
    recorder.write({{"record", "host"}, {"rank", ranks.rank()}, {"host", host_digest()}});
  try {
    perform(job, ranks, recorder);
  } catch (const std::exception& error) {
    const auto* ours = dynamic_cast<const Error*>(&error);
    give_up(error.what(), static_cast<int>(ours != nullptr ? ours->code() : Exit::failed), ranks, recorder);
    throw;
  }
  return Exit::ok;
}

}  // namespace tandem
