// Interference (K8): how much longer a step of activity i takes while activity j loops beside it on other cores. For
// every pair three windows follow one another, so that a drifting machine moves all three: i alone, j alone, both. Who
// is not in a window sleeps.
#include <algorithm>
#include <array>

#include <omp.h>

#include "harness/base/check.hpp"
#include "harness/device/host.hpp"
#include "harness/measure/noise.hpp"
#include "harness/pairing/duet.hpp"
#include "harness/pairing/pairing.hpp"

namespace tandem {
namespace {

constexpr double kSamples = 12;  // that a window holds at least, of the slower activity

// One of the activities on this side: null with the reason where this group cannot do it.
struct Part {
  std::unique_ptr<Activity> activity;
  std::size_t batch = 1;
  double seconds = 0;  // of a sample
  std::string reason;
  bool right = true;
};

void refuse_alone(const ActivityChoice& choice, const Ranks& group) {
  if (choice.kernel != nullptr && choice.kernel->name == "network/allreduce" && group.size() == 1)
    throw Unsupported(fmt::format("an all-reduce needs 2 ranks a group, so ranks = 4 and 4 cores; there are {} ranks",
                                  2 * group.size()));
}

Part prepare(const ActivityChoice& choice, const PairingJob& job, const Duet& duet, Recorder& recorder) {
  Part part;
  try {
    refuse_alone(choice, duet.group());
    part.activity = make_activity(choice, {duet.group(), job.threads, job.seed});
    const std::vector<Verdict> verdicts = part.activity->prepare();
    part.right = all_pass(verdicts);
    if (duet.leads()) record_verdicts(choice.text, verdicts, recorder);
    part.batch = batch_of(*part.activity, duet.group());
  } catch (const Unsupported& reason) {
    part.activity.reset();
    part.reason = reason.what();
  }
  return part;
}

class Matrix {
 public:
  Matrix(const PairingJob& job, const Duet& duet, Recorder& recorder) : job_(job), duet_(duet), recorder_(recorder) {
    for (const ActivityChoice& choice : job.activities) {
      parts_.push_back(prepare(choice, job, duet, recorder));
      Part& part = parts_.back();
      right_ = right_ && duet.world().max(part.right ? 0 : 1) == 0;
      const std::string reason = duet.reason_of_any(part.reason);
      if (reason.empty()) continue;
      part.activity.reset();
      if (duet.world().root()) recorder.write({{"record", "absent"}, {"activity", choice.text}, {"reason", reason}});
    }
  }

  bool right() const { return right_; }

  void measure() {
    for (Part& part : parts_)  // the slower side's, so that both agree on how long a window is
      if (part.activity) part.seconds = duet_.world().max(seconds_of_sample(part));
    for (std::size_t i = 0; i < parts_.size(); ++i)
      for (std::size_t j = i; j < parts_.size(); ++j)
        if (parts_[i].activity && parts_[j].activity) pair(i, j);
  }

  void verify() {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (!parts_[i].activity) continue;
      const std::vector<Verdict> verdicts = parts_[i].activity->verify();
      if (duet_.leads()) record_verdicts(job_.activities[i].text, verdicts, recorder_);
    }
  }

 private:
  double seconds_of_sample(Part& part) {
    const Beats beats = beat(
        *part.activity, part.batch, duet_.begin_window(), [](double) { return false; }, duet_.group());
    return beats.ends.back();
  }

  void pair(std::size_t i, std::size_t j) {
    const double seconds = std::max(job_.seconds, kSamples * std::max(parts_[i].seconds, parts_[j].seconds));
    window(i, j, "alone", 0, seconds);
    window(i, j, "alone", 1, seconds);
    window(i, j, "beside", -1, seconds);
  }

  // `only`: the side that works; -1 both.
  void window(std::size_t i, std::size_t j, const std::string& kind, int only, double seconds) {
    const std::size_t mine = duet_.side() == 0 ? i : j;
    const double begin = duet_.begin_window(), end = begin + seconds;
    if (only != -1 && only != duet_.side()) {
      wait_until(end);
      return;
    }
    const Beats beats = beat(
        *parts_[mine].activity, parts_[mine].batch, begin, [&](double now) { return now < end; }, duet_.group());
    if (!duet_.leads()) return;
    recorder_.write({{"record", "beats"},
                     {"window", kind},
                     {"of", job_.activities[mine].text},
                     {"with", job_.activities[duet_.side() == 0 ? j : i].text},
                     {"side", duet_.side()},
                     {"seconds", seconds},
                     {"batch", beats.batch},
                     {"ends", beats.ends}});
  }

  const PairingJob& job_;
  const Duet& duet_;
  Recorder& recorder_;
  std::vector<Part> parts_;
  bool right_ = true;
};

void interfere(const PairingJob& job, const Ranks& ranks, Recorder& recorder) {
  recorder.enter("prepare");
  const Duet duet(ranks, job.threads);
  Matrix matrix(job, duet, recorder);
  if (!matrix.right()) return;
  recorder.enter("canary");
  const NoiseReading before = read_noise(ranks, job.threads);
  recorder.enter("sample");
  matrix.measure();
  recorder.enter("canary");
  const NoiseReading after = read_noise(ranks, job.threads);
  recorder.enter("verify");
  matrix.verify();
  const Verdict apart = duet.apart(recorder);
  if (ranks.root()) recorder.verdict(apart);
  record_noise(before, after, ranks, recorder);
}

}  // namespace

PairingEntry interference_pairing() {
  PairingEntry entry;
  entry.name = "interference";
  entry.summary = "what each of several activities costs each other while both run, pinned apart";
  entry.parameters = {{"matrix", "all", "a name for this matrix"}, window_parameter()};
  entry.groups = 2;
  entry.lists = true;
  entry.activities = [](const Settings&, const std::vector<std::string>& listed) {
    check_usage(!listed.empty(), "name the activities: activities = [\"dense/gemm/n=1024\", ...]");
    for (const std::string& text : listed)
      check_usage(std::count(listed.begin(), listed.end(), text) == 1, "activities: \"{}\" stands there twice", text);
    return listed;
  };
  entry.run = interfere;
  return entry;
}

}  // namespace tandem
