#include "harness/pipeline/arms.hpp"

#include "harness/base/digest.hpp"
#include "harness/pipeline/gate.hpp"
#include "harness/pipeline/stages.hpp"
#include "harness/result/files.hpp"

namespace tandem {
namespace {

struct Run {
  const ArmJob& job;
  Stage stage;
  std::vector<Slice> slices;

  bool root() const { return stage.ranks.root(); }
  void synchronize() const {
    stage.recorder.enter("wait", State::waiting);
    stage.ranks.barrier();
  }
  std::unique_ptr<Handover> files() const {
    return file_handover(job.folder, stage.ranks.rank(),
                         [this](const std::string& channel, std::size_t bytes) { books[channel] += bytes; });
  }
  void write_books() const {
    for (const auto& [channel, bytes] : books) stage.recorder.book(channel, bytes);
    books.clear();
  }
  mutable std::map<std::string, std::size_t> books;
};

// Freezes the weights: from here on only their digest decides on what they are judged.
std::string freeze(const Run& run, const Trained& trained) {
  const std::vector<std::byte> bytes = trained.network->save();
  std::string digest = sha256(std::span<const std::byte>(bytes));
  if (run.root()) {
    write_file(run.job.weights, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    run.stage.recorder.write({{"record", "weights"}, {"sha256", digest}, {"bytes", bytes.size()}});
  }
  return digest;
}

void answer_and_validate(const Run& run, const Trained& trained) {
  const auto network = trained.network->model();
  const std::vector<Answer> answers = answer(run.stage, *network, run.job.questions);
  run.stage.recorder.enter("validate");
  const std::string digest = freeze(run, trained);
  std::vector<std::unique_ptr<Model>> rivals;
  std::vector<GateModel> models = {{"", network.get()}};
  for (const auto& [rival, learner] : trained.rivals) {
    rivals.push_back(learner->model());
    models.push_back({rival.name, rivals.back().get()});
  }
  run_gate(run.stage, models, answers, holdout_seed(digest, run.job.config_digest), run.slices);
}

void simulation_only(const Run& run) {
  const auto coarse = run.stage.pipeline.simulation->coarse_model();
  const std::vector<Answer> answers = answer(run.stage, *coarse, run.job.questions);
  const std::string digest = sha256("coarse " + run.stage.pipeline.problem->spec().version);
  run_gate(run.stage, {{"", coarse.get()}}, answers, holdout_seed(digest, run.job.config_digest), run.slices);
}

void integrated(const Run& run) {
  const auto handover = memory_handover();
  simulate(run.stage, *handover);
  run.stage.recorder.enter("hand over", State::transition);
  handover->close();
  const std::vector<Sample> samples = handover->take();
  answer_and_validate(run, train(run.stage, samples));
}

void separated_simulate(const Run& run) {
  const auto handover = run.files();
  simulate(run.stage, *handover);
  run.stage.recorder.enter("hand over", State::transition);
  handover->close();
  run.synchronize();
  run.write_books();
}

void separated_train(const Run& run) {
  run.stage.recorder.enter("hand over", State::transition);
  const std::vector<Sample> samples = run.files()->take();
  const Trained trained = train(run.stage, samples);
  run.stage.recorder.enter("hand over", State::transition);
  if (run.root()) save(trained, run.job.folder);
  run.synchronize();
  run.write_books();
}

void separated_answer(const Run& run) {
  run.stage.recorder.enter("hand over", State::transition);
  answer_and_validate(run, load(run.stage.pipeline, run.job.seed, run.job.folder));
}

}  // namespace

std::vector<std::string> stages_of(const std::string& arm) {
  if (arm == "separated") return {"simulate", "train", "answer"};
  return {"all"};
}

void run_arm(const ArmJob& job, const Pipeline& pipeline, const PipelineEntry& entry, const Settings& settings,
             const Ranks& ranks, Recorder& recorder) {
  std::vector<Slice> slices;
  if (entry.slices) slices = entry.slices(settings);
  const Run run{job, {pipeline, ranks, recorder, job.seed}, std::move(slices), {}};
  if (job.arm == "simulation_only")
    simulation_only(run);
  else if (job.arm == "integrated")
    integrated(run);
  else if (job.stage == "simulate")
    separated_simulate(run);
  else if (job.stage == "train")
    separated_train(run);
  else
    separated_answer(run);
  run.synchronize();
}

}  // namespace tandem
