// What arms are made of: simulate, train, answer, validate. Each enters its own state and leaves it open.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "harness/measure/recorder.hpp"
#include "harness/pipeline/handover.hpp"
#include "harness/pipeline/pipeline.hpp"

namespace tandem {

struct Stage {
  const Pipeline& pipeline;
  const Ranks& ranks;
  Recorder& recorder;
  std::uint64_t seed;
};

// The network and its rivals, after training or loading.
struct Trained {
  std::unique_ptr<Learner> network;
  std::vector<std::pair<Rival, std::unique_ptr<Learner>>> rivals;
};

// This rank's share of the training simulations, put into the handover `block` at a time; records the largest violation
// of the invariant among them, so that an unconverged solver is seen.
inline constexpr std::size_t kBlock = 64;      // bounds the memory in flight
inline constexpr std::size_t kSmallBlock = 8;  // cases between two hand-overs to ranks that wait for them
void simulate(const Stage& stage, Handover& handover, std::size_t block = kBlock);

// The parts of simulate(): these cases into the handover, returning the largest violation among them; and its record,
// collective over the ranks that simulate.
double simulate_cases(const Stage& stage, Handover& handover, std::span<const std::size_t> indices);
double simulate_drawn(const Stage& stage, Handover& handover, std::span<const Case> cases);
void record_invariant(const Stage& stage, double worst);

// Follows the Problem's schedule over the samples, which may still be coming; ranks sum their gradients. Then fits the
// rivals (booked as validation, for that is what they serve).
Trained train(const Stage& stage, Handover& handover);

Trained untrained(const Pipeline& pipeline, std::uint64_t seed);  // for what save() wrote
// The hand-over from training to answering by files, fsynced: network and rivals. Books file_write and file_read.
void save(const Trained& trained, const std::filesystem::path& folder, const Handover::Book& book);
Trained load(const Pipeline& pipeline, std::uint64_t seed, const std::filesystem::path& folder,
             const Handover::Book& book);

std::vector<Answer> answer(const Stage& stage, const Model& model, std::size_t questions);

// The bytes of rank `from`, whatever their number, on all.
void share(std::vector<std::byte>& bytes, const Ranks& ranks, int from);

// Books what a training moved besides its hand-over, and where it ran.
void book_training(const Stage& stage, const Learner& learner);

// Fits the Problem's rivals to these samples, numbered from 0 over all ranks that train.
void fit_rivals(const Stage& stage, std::span<const Sample* const> all, Trained& trained);

// The pairs of batch `step` that lie on this rank: drawn uniformly from the first ready(step) samples, the same on
// every machine and in every arm.
std::vector<Pair> draw_batch(const Schedule& schedule, std::size_t step, std::uint64_t seed,
                             const std::vector<const Sample*>& by_index, std::size_t pairs_per_sample);

}  // namespace tandem
