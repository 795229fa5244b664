// Parts of the terminal summary that stand in files of their own.
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "harness/base/json.hpp"
#include "harness/result/text_table.hpp"

namespace tandem {

struct Screen {
  std::size_t width = 100;
  bool colour = false;
};

// The case in words: "dense/gemm n=4096 fp64, 2 ranks". Numbers keep their key; device=cpu and what is left to choose
// go without saying, and the settings `without` where there is no room.
std::string case_title(const Json& entry, const std::set<std::string>& without = {});

Style status_style(std::string_view status);
bool has_no_figure(const Json& entry);  // INVALID or FAILED: nothing to print

std::string kernels_summary(const Json& kernels, const Screen& screen);
// Parts of a pipeline's summary that summary_energy.cpp writes; "-" or "" where there is nothing to say.
std::string energy_label(const Json& arms);                          // with scope and level
std::string phase_joules(const Json& arm, const std::string& name);  // where the phase was alone
std::string modelled_text(const Json& arm);                          // of a declared model
std::string saving_line(const Json& kpis);                           // less time and less power
std::string idle_line(const Json& run);                              // idle power and the meters' cost
std::string pipeline_summary(const Json& pipeline, const Screen& screen);
std::string arm_words(const std::string& arm);  // "integrated.coupling=concurrent.split=1+1": integrated concurrent 1+1
std::string precision_summary(const Json& balance, const Screen& screen);
bool is_reduced(const Json& document, const Json& pipeline);  // in less than full precision: a row of a balance
std::string pairing_summary(const Json& pairing, const Screen& screen);
std::string regime_summary(const Json& map, const Screen& screen);

}  // namespace tandem
