#include "harness/decide/delivered_revalidation.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/check.hpp"
#include "harness/base/digest.hpp"
#include "harness/base/holdout_seed.hpp"
#include "harness/result/derive_parts.hpp"
#include "harness/result/format.hpp"
#include "harness/result/revalidation.hpp"

namespace tandem {
namespace {

[[noreturn]] void broken(const std::string& what) {
  throw Error(Exit::invalid, "the revalidation's record does not hold: " + what);
}

std::string weights_of(const LaunchRecord& launch, const Json& item) {
  const auto weights = launch.of("weights");
  return weights.empty() ? coarse_digest(item.at("problem").at("version")) : weights[0].at("sha256").get<std::string>();
}

void check_launch(const Json& record, const LaunchRecord& launch, const Json& item, const std::string& configuration) {
  const Json& all = record.at("launches");
  const std::string fom = fom_name("pipeline", item) + "." + launch.line.at("arm").get<std::string>();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Json& one) {
    return one.at("case") == item.at("case") && one.at("fom") == fom && one.at("launch") == launch.line.at("launch");
  });
  const std::string name = fmt::format("{} launch {}", fom, launch.line.at("launch").dump());
  if (found == all.end()) broken(name + " is missing");
  const std::string weights = weights_of(launch, item);
  if (found->at("weights") != weights) broken(name + " is judged by other weights than the directory's");
  const std::uint64_t seed = revalidation_seed(weights, configuration, record.at("nonce"));
  if (found->at("seed") != fmt::format("{:016x}", seed)) broken(name + ": its seed does not follow from the nonce");
  if (record.at("problems").at(item.at("case").get<std::string>()) != item.at("problem"))
    broken(name + " is judged by another Problem than the directory's");
}

}  // namespace

Json delivered_revalidation(const Json& record, const Records& records, const std::string& root,
                            const std::string& nonce) {
  const Json& result = record.at("result");
  check_usage(result.at("root") == root, "the revalidation is of another directory: its root is {}, this one's {}",
              text_or_empty(result, "root").substr(0, 12), root.substr(0, 12));
  check_usage(record.at("nonce") == nonce, "the revalidation was made with the nonce \"{}\", not with yours, \"{}\"",
              text_or_empty(record, "nonce"), nonce);
  const std::vector<std::string> problems = check_revalidation(record);
  if (!problems.empty()) broken(problems.front());
  const std::string configuration = sha256(records.plan.dump());
  std::size_t expected = 0;
  for (const LaunchRecord& launch : records.launches) {
    if (launch.line.at("kind") != "arm") continue;
    const Json& item = records.plan.at("cases").at(launch.line.at("item").get<std::size_t>());
    if (!why_not_revalidated(launch, item).empty()) continue;
    check_launch(record, launch, item, configuration);
    ++expected;
  }
  if (record.at("launches").size() != expected)
    broken(fmt::format("it holds {} launches, {} are to be judged", record.at("launches").size(), expected));
  return {{"nonce", nonce},
          {"seal", record.at("seal")},
          {"started", record.at("started")},
          {"status", record.at("run").at("status")},
          {"reasons", record.at("reasons")}};
}

}  // namespace tandem
