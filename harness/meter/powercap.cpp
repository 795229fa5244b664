#include "harness/meter/powercap.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <limits>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace tandem {

FileText read_text(const std::filesystem::path& path) {
  FileText file;
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return {"", errno};
  std::array<char, 256> block{};
  const ssize_t count = ::read(descriptor, block.data(), block.size());
  if (count < 0)
    file.error = errno;
  else
    file.text.assign(block.data(), static_cast<std::size_t>(count));
  close(descriptor);
  return file;
}

namespace {

std::string first_word(const std::string& text) { return text.substr(0, text.find_first_of(" \t\n")); }

std::optional<double> micro(const FileText& file) {  // a whole number of millionths
  std::uint64_t value = 0;
  const std::string word = first_word(file.text);
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (file.error != 0 || error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return 1e-6 * static_cast<double>(value);
}

class Powercap final : public Meter {
 public:
  Powercap(const std::filesystem::path& folder, const std::string& name, std::string scope, FileReader reader)
      : counter_(folder / "energy_uj"),
        name_("powercap/" + name),
        scope_(std::move(scope)),
        reader_(std::move(reader)) {
    range_ = micro(reader_(folder / "max_energy_range_uj")).value_or(0);
  }

  std::string name() const override { return name_; }
  std::string scope() const override { return scope_; }
  double range() const override { return range_; }
  double resolution() const override { return 1e-3; }  // RAPL updates about every millisecond (Intel SDM 3B, 15.10)
  std::optional<double> read() override { return micro(reader_(counter_)); }

  std::string unavailable() const override {
    const FileText counter = reader_(counter_);
    if (counter.error == EACCES || counter.error == EPERM)
      return fmt::format(
          "no permission to read {} (Linux keeps it for root since CVE-2020-8694); until the next boot: sudo chmod a+r "
          "/sys/class/powercap/intel-rapl*/energy_uj; for good, in /etc/udev/rules.d/70-powercap.rules: "
          "SUBSYSTEM==\"powercap\", ACTION==\"add\", RUN+=\"/bin/chmod a+r /sys%p/energy_uj\"",
          counter_.string());
    if (counter.error != 0)
      return fmt::format("{}: {}", counter_.string(), std::generic_category().message(counter.error));
    if (!micro(counter)) return fmt::format("{} holds no number", counter_.string());
    if (!(range_ > 0)) return fmt::format("{}: max_energy_range_uj is missing or 0", counter_.parent_path().string());
    return "";
  }

 private:
  std::filesystem::path counter_;
  std::string name_;
  std::string scope_;
  FileReader reader_;
  double range_ = 0;
};

// The tree is not there at all.
class NoPowercap final : public Meter {
 public:
  explicit NoPowercap(std::string reason) : reason_(std::move(reason)) {}
  std::string name() const override { return "powercap"; }
  std::string scope() const override { return "package"; }
  std::string unavailable() const override { return reason_; }
  std::optional<double> read() override { return std::nullopt; }
  double range() const override { return std::numeric_limits<double>::infinity(); }
  double resolution() const override { return 1e-3; }

 private:
  std::string reason_;
};

std::string scope_of(const std::string& domain) {
  if (domain.starts_with("package-")) return "package";
  if (domain == "dram") return "dram";
  if (domain == "psys") return "platform";
  return "";
}

}  // namespace

std::vector<std::unique_ptr<Meter>> powercap_meters(const std::filesystem::path& root, const FileReader& reader) {
  std::vector<std::unique_ptr<Meter>> meters;
  std::error_code absent;
  std::vector<std::string> zones;
  for (const auto& entry : std::filesystem::directory_iterator(root, absent))
    if (const std::string zone = entry.path().filename(); zone.starts_with("intel-rapl:")) zones.push_back(zone);
  std::sort(zones.begin(), zones.end());
  for (const std::string& zone : zones) {
    const std::string domain = first_word(reader(root / zone / "name").text);
    const std::string scope = scope_of(domain);
    if (scope.empty()) continue;
    // The dram of a package is the zone intel-rapl:<i>:<j> below its zone intel-rapl:<i>. Its number is in that one's
    // name: where a psys lies between the packages (Sapphire Rapids), package-1 is zone 2.
    std::string number;
    if (const std::string above = first_word(reader(root / zone.substr(0, zone.find(':', 11)) / "name").text);
        scope == "dram" && above.starts_with("package"))
      number = above.substr(7);
    meters.push_back(std::make_unique<Powercap>(root / zone, domain + number, scope, reader));
  }
  if (meters.empty())
    meters.push_back(std::make_unique<NoPowercap>(fmt::format(
        "no RAPL counters in {}: a virtual machine or container hides them, the processor has none, or the kernel "
        "module is not loaded (sudo modprobe intel_rapl_msr)",
        root.string())));
  return meters;
}

}  // namespace tandem
