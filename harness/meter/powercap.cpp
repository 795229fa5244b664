#include "harness/meter/powercap.hpp"

#include <fmt/format.h>

namespace tandem {
namespace {

std::optional<double> micro(const FileText& file) {
  const std::optional<double> value = counter_value(file);
  return value ? std::optional(1e-6 * *value) : value;
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
    std::string problem =
        counter_problem(counter_, reader_(counter_),
                        "Linux keeps it for root since CVE-2020-8694; until the next boot: sudo chmod a+r "
                        "/sys/class/powercap/intel-rapl*/energy_uj; for good, in /etc/udev/rules.d/70-powercap.rules: "
                        "SUBSYSTEM==\"powercap\", ACTION==\"add\", RUN+=\"/bin/chmod a+r /sys%p/energy_uj\"");
    if (!problem.empty()) return problem;
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

std::string scope_of_domain(const std::string& domain) {
  if (domain.starts_with("package-")) return "package";
  if (domain == "dram") return "dram";
  if (domain == "psys") return "platform";
  return "";
}

}  // namespace

Meters powercap_meters(const std::filesystem::path& root, const FileReader& reader) {
  Meters meters;
  for (const std::string& zone : names_in(root)) {
    if (!zone.starts_with("intel-rapl:")) continue;
    const std::string domain = first_word(reader(root / zone / "name").text);
    const std::string scope = scope_of_domain(domain);
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
    meters.push_back(no_meter(
        "powercap", fmt::format("no RAPL counters in {}: a virtual machine or container hides them, the processor has "
                                "none, or the kernel module is not loaded (sudo modprobe intel_rapl_msr)",
                                root.string())));
  return meters;
}

}  // namespace tandem
