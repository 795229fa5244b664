#include "harness/pipeline/stages.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include <fcntl.h>
#include <unistd.h>

#include "harness/base/random.hpp"
#include "harness/measure/clock.hpp"
#include "harness/pipeline/supply.hpp"
#include "harness/result/files.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

void write_durably(const fs::path& path, std::span<const std::byte> bytes, const Handover::Book& book) {
  book("file_write", bytes.size());
  write_file(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  const int descriptor = ::open(path.c_str(), O_RDONLY);
  check(descriptor >= 0 && ::fsync(descriptor) == 0, "cannot fsync {}: {}", path.string(), std::strerror(errno));
  ::close(descriptor);
}

void load_from(Learner& learner, const fs::path& path, const Handover::Book& book) {
  const std::string bytes = read_file(path);
  book("file_read", bytes.size());
  learner.load({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
}

void book_moved(const Stage& stage, const Work& before, const Work& after) {
  for (const auto& [channel, bytes] : after.moved) {
    const auto known = before.moved.find(channel);
    const std::size_t more = bytes - (known == before.moved.end() ? 0 : known->second);
    if (more > 0) stage.recorder.book(channel, more);
  }
}

void record_place(const Stage& stage, const char* record, const Work& work) {
  if (!work.place.empty()) stage.recorder.write({{"record", record}, {"device", work.place}});
}

}  // namespace

double simulate_cases(const Stage& stage, Handover& handover, std::span<const std::size_t> indices) {
  stage.recorder.enter("simulate");
  std::vector<Case> cases;
  for (const std::size_t index : indices)
    cases.push_back(stage.pipeline.problem->draw(Purpose::training, stage.seed, index));
  return simulate_drawn(stage, handover, cases);
}

double simulate_drawn(const Stage& stage, Handover& handover, std::span<const Case> cases) {
  const Simulation& simulation = *stage.pipeline.simulation;
  stage.recorder.enter("simulate");
  const Work before = simulation.work();
  std::vector<Sample> samples = simulation.simulate(cases, Fidelity::train);
  book_moved(stage, before, simulation.work());
  stage.recorder.enter("validate");
  double worst = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const double violation = simulation.invariant(cases[i], simulation.outputs(samples[i]));
    worst = std::max(worst, std::isnan(violation) ? std::numeric_limits<double>::infinity() : violation);
  }
  stage.recorder.enter("hand over", State::transition);
  handover.put(std::move(samples));
  return worst;
}

void record_invariant(const Stage& stage, double worst) {
  record_place(stage, "simulated_on", stage.pipeline.simulation->work());
  stage.recorder.enter("wait", State::waiting);
  worst = stage.ranks.max(worst);
  if (stage.ranks.root()) stage.recorder.write({{"record", "training_invariant"}, {"value", number(worst)}});
}

void simulate(const Stage& stage, Handover& handover, std::size_t block) {
  const auto mine = stage.ranks.share(stage.pipeline.problem->spec().schedule.samples);
  double worst = 0;
  for (std::size_t at = 0; at < mine.size(); at += block)
    worst = std::max(worst,
                     simulate_cases(stage, handover, std::span(mine).subspan(at, std::min(block, mine.size() - at))));
  record_invariant(stage, worst);
}

std::vector<Pair> draw_batch(const Schedule& schedule, std::size_t step, std::uint64_t seed,
                             const std::vector<const Sample*>& by_index, std::size_t pairs_per_sample) {
  const std::size_t choices = schedule.ready(step) * pairs_per_sample;
  std::vector<Pair> mine;
  for (std::size_t j = 0; j < schedule.batch; ++j) {
    const std::size_t drawn = random_bits(seed, 1000 + step, j) % choices;
    if (const Sample* sample = by_index[drawn / pairs_per_sample]) mine.push_back({sample, drawn % pairs_per_sample});
  }
  return mine;
}

Trained train(const Stage& stage, Handover& handover) {
  const Problem& problem = *stage.pipeline.problem;
  const Schedule& schedule = problem.spec().schedule;
  Supply supply(handover, stage.ranks, schedule.samples, stage.recorder);
  supply.need(schedule.prepare_from, "train");
  const auto pairs = static_cast<std::size_t>(stage.ranks.max(static_cast<double>(supply.pairs())));
  Trained trained;
  trained.network = stage.pipeline.learner(stage.seed);
  trained.network->prepare(supply.below(schedule.prepare_from), stage.ranks);
  double loss = 0;
  for (std::size_t step = 0; step < schedule.batches; ++step) {
    supply.need(schedule.ready(step), "train");
    loss = trained.network->learn(step, draw_batch(schedule, step, stage.seed, supply.by_index(), pairs),
                                  schedule.batch, stage.ranks);
  }
  book_training(stage, *trained.network);
  supply.need(schedule.samples, "validate");
  fit_rivals(stage, supply.below(schedule.samples), trained);
  stage.recorder.enter("hand over", State::transition);
  stage.recorder.write({{"record", "useful"}, {"bytes", supply.bytes()}});
  if (stage.ranks.root()) stage.recorder.write({{"record", "loss"}, {"value", number(loss)}});
  return trained;
}

void book_training(const Stage& stage, const Learner& learner) {
  const Work work = learner.work();
  book_moved(stage, {}, work);
  record_place(stage, "trained_on", work);
}

void fit_rivals(const Stage& stage, std::span<const Sample* const> all, Trained& trained) {
  stage.recorder.enter("validate");
  std::map<const RivalFamily*, double> common;  // seconds
  for (Rival& rival : stage.pipeline.problem->rivals()) {
    double begin = now_seconds(), shared = 0;
    if (rival.family) {
      const auto [family, fresh] = common.try_emplace(rival.family.get());
      if (fresh) {
        rival.family->prepare(all, stage.ranks);
        family->second = now_seconds() - begin;
        begin += family->second;
      }
      shared = family->second;
    }
    auto learner = rival.family ? rival.family->fit(rival.name) : rival.make();
    if (!rival.family) learner->prepare(all, stage.ranks);
    const double seconds = shared + now_seconds() - begin;
    if (stage.ranks.root())
      stage.recorder.write(
          {{"record", "rival"}, {"name", rival.name}, {"trivial", rival.trivial}, {"seconds", seconds}});
    rival.family = nullptr;  // the last one frees what they had in common
    trained.rivals.emplace_back(std::move(rival), std::move(learner));
  }
}

void save(const Trained& trained, const fs::path& folder, const Handover::Book& book) {
  write_durably(folder / "network.weights", trained.network->save(), book);
  for (const auto& [rival, learner] : trained.rivals)
    write_durably(folder / (rival.name + ".weights"), learner->save(), book);
}

Trained untrained(const Pipeline& pipeline, std::uint64_t seed) {
  Trained trained;
  trained.network = pipeline.learner(seed);
  for (Rival& rival : pipeline.problem->rivals()) {
    auto learner = rival.make();
    trained.rivals.emplace_back(std::move(rival), std::move(learner));
  }
  return trained;
}

Trained load(const Pipeline& pipeline, std::uint64_t seed, const fs::path& folder, const Handover::Book& book) {
  Trained trained = untrained(pipeline, seed);
  load_from(*trained.network, folder / "network.weights", book);
  for (const auto& [rival, learner] : trained.rivals) load_from(*learner, folder / (rival.name + ".weights"), book);
  return trained;
}

void share(std::vector<std::byte>& bytes, const Ranks& ranks, int from) {
  std::size_t size = bytes.size();
  ranks.broadcast(std::as_writable_bytes(std::span(&size, 1)), from);
  bytes.resize(size);
  ranks.broadcast(bytes, from);
}

std::vector<Answer> answer(const Stage& stage, const Model& model, std::size_t questions) {
  stage.recorder.enter("answer");
  std::vector<Answer> answers =
      stage.pipeline.problem->answer(model, *stage.pipeline.simulation, stage.seed, questions, stage.ranks);
  stage.recorder.enter("wait", State::waiting);
  stage.ranks.barrier();
  return answers;
}

}  // namespace tandem
