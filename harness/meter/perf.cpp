#include "harness/meter/perf.hpp"

#include <cerrno>
#include <charconv>
#include <system_error>

#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tandem {
namespace {

struct Event {
  std::string file, domain, scope;
  bool every_package;
};
const std::vector<Event>& events() {
  static const std::vector<Event> known = {{"energy-pkg", "package", "package", true},
                                           {"energy-ram", "dram", "dram", true},
                                           {"energy-psys", "psys", "platform", false}};
  return known;
}

// "event=0x02", in the lowest byte of config as the format file of this driver says.
std::optional<std::uint64_t> config_of(const std::string& text) {
  constexpr std::string_view key = "event=0x";
  const std::string word = first_word(text);
  if (!word.starts_with(key)) return std::nullopt;
  std::uint64_t config = 0;
  const char* last = word.data() + word.size();
  const auto [end, error] = std::from_chars(word.data() + key.size(), last, config, 16);
  return error == std::errc() && end == last ? std::optional(config) : std::nullopt;
}

// "0-1,36" as 0, 1, 36.
std::vector<int> cpus_of(const std::string& text) {
  std::vector<int> cpus;
  const char* at = text.data();
  const char* last = at + text.size();
  while (at < last) {
    int first = 0;
    const auto [end, error] = std::from_chars(at, last, first);
    if (error != std::errc()) break;
    int to = first;
    at = end;
    if (at < last && *at == '-') at = std::from_chars(at + 1, last, to).ptr;
    for (int cpu = first; cpu <= to; ++cpu) cpus.push_back(cpu);
    if (at >= last || *at != ',') break;
    ++at;
  }
  return cpus;
}

class Perf final : public Meter {
 public:
  Perf(std::string name, std::string scope, double scale, std::string problem, int descriptor, PerfCalls calls)
      : name_(std::move(name)),
        scope_(std::move(scope)),
        problem_(std::move(problem)),
        scale_(scale),
        descriptor_(descriptor),
        calls_(std::move(calls)) {}
  ~Perf() override {
    if (descriptor_ >= 0) calls_.close(descriptor_);
  }
  Perf(const Perf&) = delete;
  Perf& operator=(const Perf&) = delete;

  std::string name() const override { return name_; }
  std::string scope() const override { return scope_; }
  double range() const override { return std::numeric_limits<double>::infinity(); }
  double resolution() const override { return 1e-3; }
  std::string unavailable() const override {
    if (!problem_.empty()) return problem_;
    return calls_.count(descriptor_) ? "" : "the event can no longer be read";
  }
  std::optional<double> read() override {
    if (!problem_.empty()) return std::nullopt;
    const auto count = calls_.count(descriptor_);
    return count ? std::optional(scale_ * static_cast<double>(*count)) : std::nullopt;
  }

 private:
  std::string name_, scope_, problem_;
  double scale_;
  int descriptor_;
  PerfCalls calls_;
};

std::string open_problem(int error) {
  if (error == EACCES || error == EPERM)
    return "no permission for perf energy events of the whole processor; until the next boot: sudo sysctl "
           "kernel.perf_event_paranoid=0";
  return fmt::format("perf_event_open: {}", std::generic_category().message(error));
}

class Finder {
 public:
  Finder(std::filesystem::path root, FileReader reader, PerfCalls calls)
      : root_(std::move(root)), reader_(std::move(reader)), calls_(std::move(calls)) {}

  std::unique_ptr<Meter> open(const Event& event, int cpu, std::size_t package) const {
    const std::filesystem::path file = root_ / "events" / event.file;
    const auto type = counter_value(reader_(root_ / "type"));
    const auto config = config_of(reader_(file).text);
    const auto scale = counter_value(reader_(file.string() + ".scale"));
    const std::string unit = first_word(reader_(file.string() + ".unit").text);
    std::string problem;
    int descriptor = -1;
    if (!type || !config || !scale || !(*scale > 0))
      problem = fmt::format("{}: its type, code or scale cannot be read", file.string());
    else if (unit != "Joules")
      problem = fmt::format("{}: its unit is \"{}\", not Joules", file.string(), unit);
    else if (descriptor = calls_.open(static_cast<std::uint32_t>(*type), *config, cpu); descriptor < 0)
      problem = open_problem(-descriptor);
    const std::string name = event.every_package ? fmt::format("{}-{}", event.domain, package) : event.domain;
    return std::make_unique<Perf>("perf/" + name, event.scope, scale.value_or(0), problem, descriptor, calls_);
  }

 private:
  std::filesystem::path root_;
  FileReader reader_;
  PerfCalls calls_;
};

}  // namespace

PerfCalls kernel_perf() {
  PerfCalls calls;
  calls.open = [](std::uint32_t type, std::uint64_t config, int cpu) {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = type;
    attributes.config = config;
    const long descriptor = syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    return descriptor < 0 ? -errno : static_cast<int>(descriptor);
  };
  calls.count = [](int descriptor) {
    std::uint64_t count = 0;
    return ::read(descriptor, &count, sizeof count) == sizeof count ? std::optional(count) : std::nullopt;
  };
  calls.close = [](int descriptor) { ::close(descriptor); };
  return calls;
}

Meters perf_meters(const std::filesystem::path& root, const FileReader& reader, const PerfCalls& calls) {
  Meters meters;
  const Finder finder(root, reader, calls);
  const std::vector<int> cpus = cpus_of(reader(root / "cpumask").text);
  for (const Event& event : events()) {
    if (reader(root / "events" / event.file).error != 0) continue;
    for (std::size_t package = 0; package < (event.every_package ? cpus.size() : std::size_t{1}); ++package)
      if (package < cpus.size()) meters.push_back(finder.open(event, cpus[package], package));
  }
  if (meters.empty()) meters.push_back(no_meter("perf", fmt::format("no energy events in {}", root.string())));
  return meters;
}

}  // namespace tandem
