#include <map>

#include "harness/base/digest.hpp"
#include "harness/result/derive.hpp"
#include "harness/result/differences.hpp"
#include "harness/result/files.hpp"
#include "harness/result/records.hpp"
#include "tests/fuzz/readers.hpp"
#include "tests/fuzz/scratch.hpp"

namespace tandem::fuzz {
namespace {

const std::vector<std::string> kLines = {"samples.jsonl", "holdout.jsonl", "answers.jsonl", "pictures.jsonl"};

Json part(const Json& document, const std::string& name, Json otherwise) {
  return document.is_object() ? document.value(name, std::move(otherwise)) : otherwise;
}

// The lines of a file as text, and their digests by launch.
std::string lines_of(const Json& lines, std::map<std::string, std::string>& digests) {
  std::string all;
  std::map<std::string, std::string> text;
  for (const Json& line : lines) {
    all += line.dump() + "\n";
    if (line.is_object() && line.contains("launch") && line["launch"].is_string())
      text[line["launch"]] += line.dump() + "\n";
  }
  for (const auto& [id, of_launch] : text) digests[id] = sha256(of_launch);
  return all;
}

// The ledger with all digests made good.
void write_ledger(const Scratch& scratch, const Json& document,
                  const std::map<std::string, std::map<std::string, std::string>>& digests) {
  std::filesystem::remove(scratch.folder() / "ledger.jsonl");
  std::string head, text;
  for (Json line : part(document, "ledger", Json::array())) {
    if (!line.is_object()) continue;
    if (line.value("record", Json()) == "plan") line["sha256"] = sha256(part(document, "plan", nullptr).dump());
    if (line.contains("id") && line["id"].is_string() && line.value("files", Json()).is_object())
      for (const auto& [file, of] : digests) {
        line["files"].erase(file);
        if (of.contains(line["id"])) line["files"][file] = of.at(line["id"]);
      }
    line.erase("chain");
    head = sha256(head + line.dump());
    line["chain"] = head;
    text += line.dump() + "\n";
  }
  scratch.file("ledger.jsonl", text);
}

}  // namespace

// `text`: {"plan", "machine", "ledger": [lines], "samples.jsonl": [lines], ..., "power.csv": text, "result"}. As tandem
// verify does; "taken" where the records are whole.
bool run_records(const std::string& text) {
  static const Scratch scratch;
  std::vector<std::string> problems;
  const bool read = taken([&] {
    const Json document = parse_json(text, "fuzz.json");
    std::map<std::string, std::map<std::string, std::string>> digests;
    for (const std::string& name : kLines)
      scratch.file(name, lines_of(part(document, name, Json::array()), digests[name]));
    write_ledger(scratch, document, digests);
    scratch.file("plan.json", part(document, "plan", nullptr).dump());
    scratch.file("machine.json", part(document, "machine", nullptr).dump());
    const Json power = part(document, "power.csv", "");
    scratch.file("power.csv", power.is_string() ? power.get<std::string>() : "");
    try {
      const Json derived = derive(read_records(scratch.folder(), problems));
      differences(part(document, "result", nullptr), derived);
      chrome_trace(derived);
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {  // as in check_result: a file does not hold what it should
      problems.emplace_back(error.what());
    }
  });
  return read && problems.empty();
}

}  // namespace tandem::fuzz
