// Serving beside a simulation: requests arrive at one group of ranks by a Poisson process, whether or not the one
// before is answered; the other group goes on with its own work. At each load three windows follow one another: the
// neighbour alone, the stream alone, both. Loads are fractions of the capacity, 1 / the median time of one request
// served alone.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "harness/base/check.hpp"
#include "harness/measure/clock.hpp"
#include "harness/measure/noise.hpp"
#include "harness/measure/statistics.hpp"
#include "harness/pairing/arrivals.hpp"
#include "harness/pairing/duet.hpp"
#include "harness/pairing/pairing.hpp"

namespace tandem {
namespace {

constexpr std::size_t kLeast = 200, kMost = 5000;  // requests at one load
constexpr std::size_t kCalibration = 200;          // requests that tell the capacity
constexpr double kNeighbourSamples = 12;           // of the neighbour in a window, at least
constexpr int kStop = 77;                          // tag of the message that ends a window

std::vector<double> loads_of(const Settings& settings) {
  std::vector<double> loads;
  const std::string& text = settings.text("loads");
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string part = text.substr(at, end - at);
    char* rest = nullptr;
    const double load = std::strtod(part.c_str(), &rest);
    check_usage(!part.empty() && *rest == '\0' && std::isfinite(load) && load >= 0 && load <= 4,
                "loads = \"{}\": \"{}\" is no fraction of the capacity, 0 to 4", text, part);
    check_usage(loads.empty() || load > loads.back(), "loads = \"{}\" must ascend", text);
    loads.push_back(load);
    at = end + 1;
  }
  return loads;
}

class Serving {
 public:
  Serving(const PairingJob& job, const Duet& duet, Recorder& recorder)
      : job_(job),
        duet_(duet),
        recorder_(recorder),
        mine_(job.activities.at(static_cast<std::size_t>(duet.side()))),
        activity_(make_activity(mine_, {duet.group(), job.threads, job.seed})) {
    const std::vector<Verdict> verdicts = activity_->prepare();
    right_ = all_pass(verdicts);
    if (duet.leads()) record_verdicts(mine_.text, verdicts, recorder);
    if (duet.side() == 1) batch_ = batch_of(*activity_, duet.group());
  }

  bool right() const { return right_; }

  void measure() {
    capacity_ = duet_.agreed(duet_.side() == 0 ? capacity() : 0);
    if (duet_.world().root()) recorder_.write({{"record", "capacity"}, {"per_second", capacity_}});
    window_ = std::max(job_.seconds, kNeighbourSamples * duet_.world().max(duet_.side() == 1 ? sample_seconds() : 0.0));
    std::uint64_t stream = 0;
    for (const double load : loads_of(job_.settings)) {
      ++stream;
      neighbour(load, false);
      if (load > 0) {
        stream_of(load, stream, false);
        stream_of(load, stream, true);
      } else {
        neighbour(load, true);
      }
    }
  }

  void verify() {
    const std::vector<Verdict> verdicts = activity_->verify();
    if (duet_.leads()) record_verdicts(mine_.text, verdicts, recorder_);
  }

 private:
  double capacity() {
    std::vector<double> seconds;
    for (std::size_t i = 0; i < kCalibration; ++i) {
      const double begin = now_seconds();
      activity_->step();
      seconds.push_back(now_seconds() - begin);
    }
    return 1 / median(seconds);
  }

  double sample_seconds() {
    const Beats beats = beat(
        *activity_, batch_, now_seconds(), [](double) { return false; }, duet_.group());
    return beats.ends.back();
  }

  void write_beats(double load, bool beside, const Beats& beats) {
    if (duet_.leads())
      recorder_.write({{"record", "beats"},
                       {"window", beside ? "beside" : "alone"},
                       {"load", load},
                       {"batch", beats.batch},
                       {"ends", beats.ends}});
  }

  // The neighbour for the time of one window, with no request arriving.
  void neighbour(double load, bool beside) {
    const double begin = duet_.begin_window(), end = begin + window_;
    if (duet_.side() == 0) return wait_until(end);
    write_beats(load, beside,
                beat(
                    *activity_, batch_, begin, [&](double now) { return now < end; }, duet_.group()));
  }

  void stream_of(double load, std::uint64_t stream, bool beside) {
    const double rate = load * capacity_;
    const auto wanted = static_cast<std::size_t>(std::llround(rate * window_));
    const std::size_t count = std::clamp(wanted, kLeast, kMost);
    const double begin = duet_.begin_window();
    if (duet_.side() == 1) return beside ? keep_company(load, begin) : sleep_through();
    const std::vector<double> arrivals = poisson_arrivals(job_.seed, stream, rate, count);
    std::vector<double> done;
    done.reserve(count);
    for (const double arrival : arrivals) {
      wait_until(begin + arrival);
      activity_->step();
      done.push_back(now_seconds() - begin);
    }
    release();
    if (duet_.leads())
      recorder_.write({{"record", "stream"},
                       {"load", load},
                       {"rate", rate},
                       {"beside", beside},
                       {"arrivals", arrivals},
                       {"done", done}});
  }

  // Side 0 tells each rank of side 1 that the last request is answered.
  void release() const {
    if (!duet_.world().root()) return;
    for (int rank = duet_.world().size() / 2; rank < duet_.world().size(); ++rank)
      MPI_Send(nullptr, 0, MPI_BYTE, rank, kStop, duet_.world().comm());
  }
  bool released() const {
    int here = 0;
    MPI_Iprobe(0, kStop, duet_.world().comm(), &here, MPI_STATUS_IGNORE);
    return here != 0;
  }
  void take_release() const { MPI_Recv(nullptr, 0, MPI_BYTE, 0, kStop, duet_.world().comm(), MPI_STATUS_IGNORE); }

  void keep_company(double load, double begin) {
    const Beats beats = beat(
        *activity_, batch_, begin, [&](double) { return !released(); }, duet_.group());
    take_release();
    write_beats(load, true, beats);
  }
  void sleep_through() const {
    while (!released()) wait_until(now_seconds() + 1e-2);
    take_release();
  }

  const PairingJob& job_;
  const Duet& duet_;
  Recorder& recorder_;
  const ActivityChoice& mine_;
  std::unique_ptr<Activity> activity_;
  std::size_t batch_ = 1;  // of the neighbour
  double capacity_ = 0, window_ = 0;
  bool right_ = false;
};

void serve_beside(const PairingJob& job, const Ranks& ranks, Recorder& recorder) {
  recorder.enter("prepare");
  const Duet duet(ranks, job.threads);
  std::optional<Serving> serving;
  std::string reason;
  try {
    serving.emplace(job, duet, recorder);
  } catch (const Unsupported& why) {
    reason = why.what();
  }
  if (reason = duet.reason_of_any(reason); !reason.empty()) throw Unsupported(reason);
  if (ranks.max(serving->right() ? 0 : 1) > 0) return;
  recorder.enter("canary");
  const NoiseReading before = read_noise(ranks, job.threads);
  recorder.enter("sample");
  serving->measure();
  recorder.enter("canary");
  const NoiseReading after = read_noise(ranks, job.threads);
  recorder.enter("verify");
  serving->verify();
  const Verdict apart = duet.apart(recorder);
  if (ranks.root()) recorder.verdict(apart);
  record_noise(before, after, ranks, recorder);
}

}  // namespace

PairingEntry serving_pairing() {
  PairingEntry entry;
  entry.name = "serving";
  entry.summary = "latency of an open stream of requests beside an activity, and what it costs that one";
  entry.parameters = {{"requests", "", "the activity that serves, one step a request: heat/infer/batch=1"},
                      {"beside", "", "the activity on the other cores: heat/simulate"},
                      {"loads", "0,0.1,0.3,0.5,0.7,0.8,0.9,1,1.2", "offered, as fractions of the capacity", false},
                      window_parameter()};
  entry.groups = 2;
  entry.activities = [](const Settings& settings, const std::vector<std::string>&) {
    loads_of(settings);
    return std::vector<std::string>{settings.text("requests"), settings.text("beside")};
  };
  entry.run = serve_beside;
  return entry;
}

}  // namespace tandem
