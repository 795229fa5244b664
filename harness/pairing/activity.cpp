#include "harness/pairing/activity.hpp"

#include <algorithm>

#include <fmt/ranges.h>

#include "harness/base/check.hpp"
#include "harness/device/host.hpp"
#include "harness/kernel/time_kernel.hpp"

namespace tandem {
namespace {

class KernelActivity final : public Activity {
 public:
  KernelActivity(const ActivityChoice& choice, const ActivityContext& context)
      : kernel_(choice.kernel->make(choice.settings, KernelContext{context.ranks, context.threads, context.seed})),
        restores_(choice.kernel->destroys_input) {}

  std::vector<Verdict> prepare() override {
    std::vector<Verdict> verdicts;
    for (const Data data : {Data::exact, Data::random}) {
      kernel_->prepare(data);
      poison(kernel_->output());
      step();
      for (Verdict& verdict : kernel_->verify()) verdicts.push_back(std::move(verdict));
    }
    return verdicts;
  }
  void step() override {
    if (restores_) kernel_->restore();
    kernel_->run();
    kernel_->finish();
  }
  std::vector<Verdict> verify() override {
    go_on_to_be_judged(*kernel_);
    return kernel_->verify();
  }

 private:
  std::unique_ptr<Kernel> kernel_;
  bool restores_;
};

// The entry whose name begins the path, and what follows it.
template <typename Entry>
const Entry* starting(const std::vector<Entry>& registry, const std::string& text, std::string& rest) {
  for (const Entry& entry : registry)
    if (text == entry.name || text.starts_with(entry.name + "/")) {
      rest = text.substr(std::min(text.size(), entry.name.size() + 1));
      return &entry;
    }
  return nullptr;
}

// "n=512/precision=fp64"; a part without "=" belongs to the value before it, as in directory=/tmp.
void read_settings(const std::string& text, const std::vector<Parameter>& known, Settings& settings,
                   const std::string& activity) {
  std::vector<std::pair<std::string, std::string>> found;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('/', at), text.size());
    const std::string part = text.substr(at, end - at);
    const std::size_t equals = part.find('=');
    check_usage(equals != std::string::npos || !found.empty(), "activity \"{}\": \"{}\" is no setting; write key=value",
                activity, part);
    if (equals == std::string::npos)
      found.back().second += "/" + part;
    else
      found.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    at = end + 1;
  }
  std::vector<std::string> keys;
  keys.reserve(known.size());
  for (const Parameter& parameter : known) keys.push_back(parameter.key);
  for (const auto& [key, value] : found) {
    check_usage(std::find(keys.begin(), keys.end(), key) != keys.end(),
                "activity \"{}\": unknown setting \"{}\"; known: {}", activity, key, fmt::join(keys, ", "));
    settings.set(key, value);
  }
}

ActivityChoice phase_of(const PipelineEntry& entry, const std::string& text, const std::string& rest) {
  ActivityChoice choice{text, nullptr, &entry, rest.substr(0, rest.find('/')), Settings()};
  check_usage(choice.phase == "simulate" || choice.phase == "train" || choice.phase == "infer",
              "activity \"{}\": name a phase: {}/simulate, {}/train or {}/infer", text, entry.name, entry.name,
              entry.name);
  std::vector<Parameter> parameters = entry.parameters;
  if (choice.phase == "infer") parameters.push_back({"batch", "64", "cases of one prediction"});
  choice.settings = Settings(parameters);
  const std::size_t more = rest.find('/');
  if (more != std::string::npos) read_settings(rest.substr(more + 1), parameters, choice.settings, text);
  if (choice.phase == "infer")
    check_usage(choice.settings.integer("batch") >= 1, "activity \"{}\": batch must be at least 1", text);
  entry.memory(choice.settings);  // refuses values that make no sense
  return choice;
}

}  // namespace

ActivityChoice activity_of(const std::string& text) {
  std::string rest;
  if (const auto* entry = starting(pipeline_registry(), text, rest)) return phase_of(*entry, text, rest);
  const auto* entry = starting(kernel_registry(), text, rest);
  check_usage(entry != nullptr,
              "activity \"{}\" is neither a kernel nor a phase of a pipeline; tandem list shows both, and a phase is "
              "written as in heat/simulate",
              text);
  ActivityChoice choice{text, entry, nullptr, "", Settings(entry->parameters)};
  read_settings(rest, entry->parameters, choice.settings, text);
  try {
    entry->memory(choice.settings, {1, 1});
  } catch (const Unsupported&) {  // told when it is made, as a reason
  }
  return choice;
}

std::unique_ptr<Activity> make_activity(const ActivityChoice& choice, const ActivityContext& context) {
  const int here = ranks_on_host(context.ranks);
  const double needed = choice.kernel != nullptr ? choice.kernel->memory(choice.settings, {context.ranks.size(), here})
                                                 : choice.pipeline->memory(choice.settings);
  const double available = available_memory_bytes() / here;
  check_usage(needed <= available, "{}: needs {:.3g} GiB a rank, {:.3g} GiB is available; choose a smaller size",
              choice.text, needed / 0x1p30, available / 0x1p30);
  if (choice.kernel != nullptr) return std::make_unique<KernelActivity>(choice, context);
  return make_phase(choice, context);
}

}  // namespace tandem
