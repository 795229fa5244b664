#include "harness/launch/node_meters.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "harness/base/check.hpp"
#include "harness/base/json.hpp"
#include "harness/launch/process.hpp"
#include "harness/measure/clock.hpp"
#include "harness/meter/power_log.hpp"

namespace tandem {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

Json finite_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

double number_or_never(const Json& value) { return value.is_null() ? kNever : value.get<double>(); }

// A line is written at once, so that those of several nodes do not mix; false: nobody reads.
bool write_line(int file, const Json& line) {
  const std::string text = line.dump() + "\n";
  return ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

double process_seconds() {
  timespec cpu{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  return static_cast<double>(cpu.tv_sec) + 1e-9 * static_cast<double>(cpu.tv_nsec);
}

}  // namespace

bool tell_meters(Meters& meters, const std::string& unmetered, const std::string& node, int nodes, double period,
                 int file, const std::function<bool()>& stop) {
  std::signal(SIGPIPE, SIG_IGN);
  const LogClocks clocks = host_clocks();
  const double to_time_of_day = clocks.since_1970() - now_seconds(), start = now_seconds();
  Json all = Json::array();
  for (const auto& meter : meters)
    all.push_back({{"name", meter->name()},
                   {"scope", meter->scope()},
                   {"range", finite_or_null(meter->range())},
                   {"resolution", meter->resolution()},
                   {"longest_gap", finite_or_null(meter->longest_gap())}});
  bool read = write_line(
      file, {{"meters_of", node}, {"nodes", nodes}, {"period", period}, {"unmetered", unmetered}, {"meters", all}});
  for (double next = start; read && !stop(); next = std::max(next + period, now_seconds())) {
    std::this_thread::sleep_for(std::chrono::duration<double>(std::max(0.0, next - now_seconds())));
    Json rows = Json::array();
    for (const auto& meter : meters) {
      const auto row = meter->row();
      rows.push_back(row ? Json{row->seconds + to_time_of_day, row->joules} : Json(nullptr));
    }
    const double elapsed = now_seconds() - start;
    read = write_line(
        file, {{"readings_of", node}, {"rows", rows}, {"cpu_share", elapsed > 0.2 ? process_seconds() / elapsed : 0}});
  }
  return read;
}

int launched_processes() {
  for (const char* name : {"SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"})
    if (const char* text = std::getenv(name); text != nullptr && std::atoi(text) > 0) return std::atoi(text);
  return 1;
}

double telling_period(int nodes) { return 0.05 * std::max(1.0, nodes / 16.0); }

// Written by the thread that listens, read by the one that records.
struct NodeMeters::Board {
  struct Told {
    std::string name, scope;
    double range = 0, resolution = 0, longest_gap = kNever;
    std::optional<EnergyRow> newest;  // on this host's clock
  };
  struct Node {
    std::string unmetered;
    double period = 0, heard = 0, cpu_share = 0;
    std::vector<Told> meters;
  };

  mutable std::mutex mutex;
  std::map<std::string, Node> nodes;
  std::size_t expected = 1;
  std::string problem;  // two processes on one node
  std::string noise;    // the last line that was none of ours
  bool ended = false, stop = false;
  double offset = 0;  // since 1970 - steady
  std::unique_ptr<Listener> listener;
  std::thread thread;

  void listen();
  void take(const Json& line);  // under the lock
  std::string silence(const Node& node) const;
  bool complete(std::string& why) const;  // or why it never will be
};

namespace {

class NodeMeter final : public Meter {
 public:
  NodeMeter(std::shared_ptr<NodeMeters::Board> board, std::string node, std::size_t index)
      : board_(std::move(board)), node_(std::move(node)), index_(index), told_(of()) {}
  std::string name() const override { return told_.name + "@" + node_.substr(0, 12); }
  std::string scope() const override { return told_.scope; }
  std::string unavailable() const override {
    const std::lock_guard lock(board_->mutex);
    return board_->silence(board_->nodes.at(node_));
  }
  std::optional<double> read() override {
    const auto newest = row();
    return newest ? std::optional(newest->joules) : std::nullopt;
  }
  std::optional<EnergyRow> row() override { return of().newest; }
  double range() const override { return told_.range; }
  double resolution() const override { return told_.resolution; }
  double longest_gap() const override { return told_.longest_gap; }

 private:
  NodeMeters::Board::Told of() const {
    const std::lock_guard lock(board_->mutex);
    return board_->nodes.at(node_).meters.at(index_);
  }
  std::shared_ptr<NodeMeters::Board> board_;
  std::string node_;
  std::size_t index_;
  NodeMeters::Board::Told told_;
};

}  // namespace

std::string NodeMeters::Board::silence(const Node& node) const {
  if (ended) return "the processes of meter_launcher ended";
  const double silent = now_seconds() - node.heard;
  return silent > std::max(2.0, 5 * node.period) ? fmt::format("its node told nothing for {:.0f} s", silent) : "";
}

void NodeMeters::Board::take(const Json& line) {
  if (line.contains("meters_of")) {
    const std::string name = line.at("meters_of");
    if (nodes.contains(name)) problem = "it started two processes on one node; one a node is wanted";
    Node& node = nodes[name];
    expected = line.at("nodes");
    node.period = line.at("period");
    node.unmetered = line.at("unmetered");
    for (const Json& meter : line.at("meters"))
      node.meters.push_back({meter.at("name"), meter.at("scope"), number_or_never(meter.at("range")),
                             std::max(meter.at("resolution").get<double>(), node.period),
                             number_or_never(meter.at("longest_gap")), std::nullopt});
  } else if (const auto found = nodes.find(line.at("readings_of").get<std::string>()); found != nodes.end()) {
    Node& node = found->second;
    node.heard = now_seconds();
    node.cpu_share = line.at("cpu_share");
    const Json& rows = line.at("rows");
    for (std::size_t i = 0; i < rows.size() && i < node.meters.size(); ++i)
      if (!rows[i].is_null()) node.meters[i].newest = EnergyRow{rows[i][0].get<double>() - offset, rows[i][1]};
  }
}

bool NodeMeters::Board::complete(std::string& why) const {
  const std::lock_guard lock(mutex);
  why = problem;
  if (why.empty() && ended) why = "it ended" + (noise.empty() ? "" : ": " + noise);
  const auto heard = std::count_if(nodes.begin(), nodes.end(), [](const auto& node) { return node.second.heard > 0; });
  return why.empty() && static_cast<std::size_t>(heard) >= expected;
}

void NodeMeters::Board::listen() {
  for (bool go_on = true; go_on;) {
    const std::optional<std::string> text = listener->line(0.2);
    const Json line = text ? Json::parse(*text, nullptr, false) : Json();
    const bool told = line.is_object() && (line.contains("meters_of") || line.contains("readings_of"));
    const std::lock_guard lock(mutex);
    try {
      if (told) take(line);
    } catch (const Json::exception&) {
      problem = "it told what this program does not understand: is another version installed on a node?";
    }
    if (text && !told) noise = *text;
    ended = listener->ended();
    go_on = !ended && !stop;
  }
}

NodeMeters::NodeMeters(const std::string& launcher, double patience) : board_(std::make_shared<Board>()) {
  std::istringstream words(launcher);
  std::vector<std::string> command;
  for (std::string word; words >> word;) command.push_back(word);
  command.push_back(this_program().string());
  command.emplace_back("meter");
  const LogClocks clocks = host_clocks();
  board_->offset = clocks.since_1970() - now_seconds();
  board_->listener = std::make_unique<Listener>(command);
  board_->thread = std::thread([board = board_] { board->listen(); });
  const double until = now_seconds() + patience;
  std::string why;
  while (why.empty() && !board_->complete(why)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (why.empty() && now_seconds() > until)
      why = fmt::format("not all nodes told their meters within {:.0f} s", patience);
  }
  if (why.empty()) return;
  end();
  throw Error(Exit::failed, fmt::format("meter_launcher = \"{}\": {}", launcher, why));
}

NodeMeters::~NodeMeters() { end(); }

void NodeMeters::end() {
  {
    const std::lock_guard lock(board_->mutex);
    board_->stop = true;
  }
  board_->thread.join();
  board_->listener.reset();
}

Meters NodeMeters::meters() const {
  Meters meters;
  bool system = false;
  for (const auto& [name, node] : board_->nodes)
    for (std::size_t i = 0; i < node.meters.size(); ++i) {
      if (node.meters[i].scope == "system" && std::exchange(system, true)) continue;  // the same for all nodes
      meters.push_back(std::make_unique<NodeMeter>(board_, name, i));
    }
  return meters;
}

std::set<std::string> NodeMeters::nodes() const {
  const std::lock_guard lock(board_->mutex);
  std::set<std::string> names;
  for (const auto& [name, node] : board_->nodes) names.insert(name);
  return names;
}

std::string NodeMeters::unmetered() const {
  const std::lock_guard lock(board_->mutex);
  std::string text;
  for (const auto& [name, node] : board_->nodes)
    if (node.meters.empty())
      text += fmt::format("{}node {}: {}", text.empty() ? "" : "; ", name.substr(0, 12), node.unmetered);
  return text;
}

double NodeMeters::cpu_share() const {
  const std::lock_guard lock(board_->mutex);
  double most = 0;
  for (const auto& [name, node] : board_->nodes) most = std::max(most, node.cpu_share);
  return most;
}

}  // namespace tandem
