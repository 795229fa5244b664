// What a buyer asks of a result: the TOML file that both sides agree on before anything is measured
// (configs/acceptance/README.md). Its SHA-256 goes into the verdict.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace tandem {

inline const std::vector<std::string> kClasses = {"quick", "standard", "official", "procurement"};  // rising

struct Criterion {
  std::string fom;         // name of a figure of merit, as in the TANDEM-FOM lines
  bool at_least = true;    // else at most
  double target = 0;       // in `unit`
  double tolerance = 0;    // fraction of the target by which the limit gives way, 0 <= tolerance < 1
  std::string unit;        // SI, without prefix: "flop/s", "s", "1"
  bool hard = true;        // a soft one is told and rejects nothing
  bool proof_pass = true;  // it has to be shown that the limit is met; else, to reject, that it is missed
  std::string where;       // "lot.toml:31"

  double limit() const { return target * (at_least ? 1 - tolerance : 1 + tolerance); }
  const char* direction() const { return at_least ? "at least" : "at most"; }
};

struct AcceptanceSpec {
  std::string lot, buyer, vendor;  // one line of text each; the last two may be ""
  std::string status;              // the worst that is allowed: VALID-CLOSED, VALID-OPEN or UNOFFICIAL
  std::string run_class;           // the least: quick < standard < official < procurement
  std::size_t launches = 0;        // the least of every criterion's figure
  std::string energy_scope;        // of every arm's energy; "" = not asked for
  std::string configuration;       // leading digits of the plan's digest; "" = any plan
  bool revalidation = true;        // the frozen weights must have faced the buyer's nonce
  std::vector<Criterion> criteria;
  std::string source, text, digest;  // the file's name, its bytes and their SHA-256
};

// Errors (exit code 2) name file, line and the nearest word: unknown keys, missing ones, no (hard) criterion, one that
// stands there twice, two that contradict each other, a figure that is modelled, projected or a limit.
AcceptanceSpec parse_acceptance(const std::string& text, const std::string& source);
AcceptanceSpec read_acceptance(const std::filesystem::path& path);

// Joules and what is made of them: figures that hold for one scope only.
bool is_energy(const Criterion& criterion);

}  // namespace tandem
