#include "harness/pipeline/arms.hpp"

#include "harness/base/digest.hpp"
#include "harness/base/holdout_seed.hpp"
#include "harness/device/routine.hpp"
#include "harness/pipeline/device_setting.hpp"
#include "harness/pipeline/gate.hpp"
#include "harness/pipeline/handover.hpp"
#include "harness/pipeline/stages.hpp"
#include "harness/pipeline/steered.hpp"
#include "harness/pipeline/streamed.hpp"
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
  Handover::Book book() const {
    return [this](const std::string& channel, std::size_t bytes) { books[channel] += bytes; };
  }
  std::unique_ptr<Handover> in_precision(std::unique_ptr<Handover> handover) const {
    return job.id.handover == "bf16" ? rounded(std::move(handover), book()) : std::move(handover);
  }
  std::unique_ptr<Handover> files(std::size_t block = whole_file) const {
    return in_precision(
        counted(file_handover(job.folder, stage.ranks.rank(), job.id.cache == "cold", book(), block), io));
  }
  // What goes from training to answering, an edge of its own.
  Handover::Book book_weights() const {
    return [this](const std::string& channel, std::size_t bytes) { weights[channel] += bytes; };
  }
  void write_books() const {
    for (const auto& [channel, bytes] : books) stage.recorder.book(channel, bytes);
    for (const auto& [channel, bytes] : weights)
      stage.recorder.write({{"record", "weight_bytes"}, {"channel", channel}, {"bytes", bytes}});
    books.clear();
    weights.clear();
  }
  void write_files_books() const {
    write_books();
    for (const auto& [record, sum] : {std::pair{"kernel_io", io}, {"weight_io", weight_io}})
      if (sum.known) stage.recorder.write({{"record", record}, {"read", sum.read}, {"written", sum.written}});
  }
  mutable std::map<std::string, std::size_t> books, weights;
  mutable KernelIo io, weight_io;
};

// Freezes the weights: from here on only their digest decides on what they are judged.
std::string freeze(const Run& run, const Trained& trained) {
  const std::vector<std::byte> bytes = trained.network->save();
  std::string digest = sha256(std::span<const std::byte>(bytes));
  if (run.root()) {
    if (!run.job.weights.empty())
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
  const std::string digest = coarse_digest(run.stage.pipeline.problem->spec().version);
  run_gate(run.stage, {{"", coarse.get()}}, answers, holdout_seed(digest, run.job.config_digest), run.slices);
}

void in_memory(const Run& run) {
  const auto handover = run.in_precision(memory_handover());
  simulate(run.stage, *handover);
  run.stage.recorder.enter("hand over", State::transition);
  handover->close();
  const Trained trained = train(run.stage, *handover);
  run.write_books();
  answer_and_validate(run, trained);
}

// What the first rank that trains has learnt, on all ranks.
Trained shared(const Run& run, Trained&& trained, bool trains) {
  run.synchronize();
  run.stage.recorder.enter("hand over", State::transition);
  const auto share_of = [&](Learner& learner) {
    std::vector<std::byte> bytes = trains ? learner.save() : std::vector<std::byte>();
    const int from = run.job.id.split.simulating;
    if (run.stage.ranks.rank() == from)
      run.book_weights()("mpi", bytes.size() * static_cast<std::size_t>(run.stage.ranks.size() - 1));
    share(bytes, run.stage.ranks, from);
    if (!trains) learner.load(bytes);
  };
  if (!trains) trained = untrained(run.stage.pipeline, run.job.seed);
  share_of(*trained.network);
  for (const auto& [rival, learner] : trained.rivals) share_of(*learner);
  return std::move(trained);
}

// A rank that a full queue holds up waits.
Handover::Wait full_queue(const Run& run) {
  return [&recorder = run.stage.recorder](bool begins) {
    recorder.enter(begins ? "wait" : "hand over", begins ? State::waiting : State::transition);
  };
}

// Some ranks simulate while the others train on what has come.
void split(const Run& run) {
  const bool stream = run.job.id.coupling == "streamed";
  Recorder& recorder = run.stage.recorder;
  const bool trains = run.stage.ranks.rank() >= run.job.id.split.simulating;
  const Ranks group(run.stage.ranks, trains ? 1 : 0);
  const Stage part{run.stage.pipeline, group, recorder, run.stage.seed};
  const auto handover =
      run.in_precision(split_handover(run.stage.ranks, run.job.id.split, run.book(), full_queue(run)));
  Trained trained;
  if (trains) {
    trained = stream ? train_streamed(part, *handover) : train(part, *handover);
  } else if (stream) {
    simulate_stream(part, *handover, kSmallBlock);
  } else {
    simulate(part, *handover, kSmallBlock);
    recorder.enter("hand over", State::transition);
    handover->close();
  }
  trained = shared(run, std::move(trained), trains);
  run.write_books();
  answer_and_validate(run, trained);
}

// A design that was given up has no answers.
void growing(const Run& run) {
  const ArmId& id = run.job.id;
  const auto handover =
      id.is_split() ? split_handover(run.stage.ranks, id.split, run.book(), full_queue(run)) : memory_handover();
  const Growing growing{id.design, run.job.config_digest, id.split};
  Grown grown = grow(run.stage, growing, *handover);
  run.write_books();
  if (grown.met) answer_and_validate(run, {std::move(grown.learner), {}});
}

void separated_simulate(const Run& run, std::size_t block = kBlock) {
  const auto handover = run.files();
  simulate(run.stage, *handover, block);
  run.stage.recorder.enter("hand over", State::transition);
  handover->close();
  run.synchronize();
  run.write_files_books();
}

void separated_train(const Run& run) {
  run.stage.recorder.enter("hand over", State::transition);
  const Trained trained = train(run.stage, *run.files());
  run.stage.recorder.enter("hand over", State::transition);
  if (run.root()) count_io(run.weight_io, [&] { save(trained, run.job.folder, run.book_weights()); });
  run.synchronize();
  run.write_files_books();
}

void separated_answer(const Run& run) {
  run.stage.recorder.enter("hand over", State::transition);
  Trained trained;
  count_io(run.weight_io,
           [&] { trained = load(run.stage.pipeline, run.job.seed, run.job.folder, run.book_weights()); });
  run.write_files_books();
  answer_and_validate(run, trained);
}

// In memory, each block goes to the consumer as it comes.
class Early : public Handover {
 public:
  Early(const Stage& stage, Consumer& consumer) : stage_(stage), consumer_(consumer) {}
  void put(std::vector<Sample>&& samples) override {
    inner_->put(std::move(samples));
    consumer_.take(stage_, *inner_);
  }
  void close() override {}
  bool pending() override { return inner_->pending(); }
  std::vector<Sample> take() override { return inner_->take(); }

 private:
  std::unique_ptr<Handover> inner_ = memory_handover();
  const Stage& stage_;
  Consumer& consumer_;
};

// In both arms alike; small where nobody needs them together, so that the memory of one is used for the next.
std::size_t block_of(const Consumer& consumer) { return consumer.early() ? kSmallBlock : kBlock; }

void coupled_in_memory(const Run& run, Consumer& consumer) {
  const std::unique_ptr<Handover> handover =
      consumer.early() ? std::make_unique<Early>(run.stage, consumer) : memory_handover();
  simulate(run.stage, *handover, block_of(consumer));
  run.stage.recorder.enter("hand over", State::transition);
  handover->close();
  consumer.take(run.stage, *handover);
  consumer.finish(run.stage);
}

void separated_consume(const Run& run, Consumer& consumer) {
  run.stage.recorder.enter("hand over", State::transition);
  const auto handover = run.files(consumer.early() ? kSmallBlock : whole_file);
  consumer.take(run.stage, *handover);
  consumer.finish(run.stage);
  run.write_files_books();
}

}  // namespace

std::vector<std::string> stages_of(const std::string& arm) {
  if (arm == "separated") return {"simulate", "train", "answer"};
  return {"all"};
}

void demand_simulating_device(const ArmId& id, const Settings& settings, const Ranks& ranks) {
  if (id.arm == "simulation_only" || !settings.has(simulate_on) || settings.text(simulate_on) == "cpu") return;
  demand_device(settings.text(simulate_on));
  if ((id.is_split() ? id.split.simulating : ranks.size()) > 1)
    throw Unsupported(
        fmt::format("simulate_on={}: on one rank only, for a simulation does not know which GPU is its "
                    "rank's",
                    settings.text(simulate_on)));
}

void run_arm(const ArmJob& job, const Pipeline& pipeline, const PipelineEntry& entry, const Settings& settings,
             const Ranks& ranks, Recorder& recorder) {
  std::vector<Slice> slices;
  if (entry.slices) slices = entry.slices(settings);
  const Run run{job, {pipeline, ranks, recorder, job.seed}, std::move(slices), {}, {}, {}, {}};
  if (job.id.trains()) pipeline.learner(job.seed);  // says at once what this machine does not support
  if (job.id.arm == "simulation_only")
    simulation_only(run);
  else if (job.id.grows())
    growing(run);
  else if (job.id.coupling == "in_memory")
    in_memory(run);
  else if (job.id.is_split())
    split(run);
  else if (job.stage == "simulate")
    separated_simulate(run);
  else if (job.stage == "train")
    separated_train(run);
  else
    separated_answer(run);
  run.synchronize();
}

std::vector<std::string> coupled_stages_of(const std::string& arm) {
  if (arm == "separated") return {"simulate", "consume"};
  return {"all"};
}

void run_coupled(const ArmJob& job, const Pipeline& pipeline, Consumer& consumer, const Ranks& ranks,
                 Recorder& recorder) {
  const Run run{job, {pipeline, ranks, recorder, job.seed}, {}, {}, {}, {}, {}};
  if (job.id.arm == "integrated")
    coupled_in_memory(run, consumer);
  else if (job.stage == "simulate")
    separated_simulate(run, block_of(consumer));
  else
    separated_consume(run, consumer);
  run.synchronize();
}

}  // namespace tandem
