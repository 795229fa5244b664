// What a sealed result offers to a decision: every figure of merit that has a cost of its own in each launch, with what
// must agree before it may be compared, and the facts of a case that no noise can touch (docs/method.md, section 6).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/json.hpp"
#include "harness/measure/statistics.hpp"

namespace tandem {

enum class Kind { kernel, pipeline };
enum class Better { higher, lower };

// {"case": "dense/gemm", "n": "2048", ...}: the case with its settings, ranks, arm, problem, work, energy scope.
using Identity = std::map<std::string, std::string>;

struct Evidence {
  std::string name;       // as in the TANDEM-FOM line
  std::string title;      // in words: "dense/gemm n=1024 fp64, rate"
  std::string case_path;  // as in the plan; with `arm` ("" of a kernel) what was launched
  std::string arm;
  std::string figure;  // "rate", "time", "ttis", "energy_to_solution"
  Kind kind = Kind::kernel;
  std::string unit;  // of `value`
  Better better = Better::lower;
  std::optional<double> value;
  std::optional<Interval> ci;  // 95 %, of the value
  // Seconds, or of an energy joules, one a launch: a kernel's is the median of its samples, a pipeline's its one time.
  // Less is better. Empty where there is no figure.
  std::vector<double> costs;
  std::map<std::string, double> canaries;  // seconds of each canary, median over the launches; older results have none
  std::string status;                      // of the case or arm; "SKIPPED" too
  std::string reason;                      // why there are no costs, "" where there are
  std::string caveat;                      // why no verdict may rest on them, "": one may
  Identity identity;
};

// Kernels, then pipelines arm by arm, in the document's order. Modelled energies are never among them.
std::vector<Evidence> evidence_of(const Json& document);

// An arm of a document as plans and names write it: "integrated.coupling=in_memory".
std::string arm_text(const Json& arm);

// A number that must be the same each time the same program does the same work.
struct Fact {
  std::string name;  // "kernel.dense.gemm.n=2048....flops", "pipeline.heat.size=S....separated.bytes.file_read"
  double value = 0;
};
// Of kernels: flops, bytes, messages, iterations. Of pipelines: operations by the specification, queries, and of each
// arm whose course does not depend on timing or on the seed the bytes by channel and the useful ones.
std::vector<Fact> deterministic_facts(const Json& document);

}  // namespace tandem
