#include "harness/result/derive_precision.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/precision.hpp"
#include "harness/result/format.hpp"
#include "harness/result/precision_balance.hpp"

namespace tandem {
namespace {

struct Cell {
  const Json* item = nullptr;  // of the plan
  const Json* arm = nullptr;   // of the document
  ArmId id;
  PrecisionCell figures;
};

// The arm's cells in the plan's order.
struct Balance {
  Json base;  // the plan's case without its precisions
  ArmId id;   // the arm in a hand-over of full precision
  std::vector<Cell> cells;
};

Json without_precision(const Json& item) {
  Json base = {{"name", item.at("name")},
               {"settings", Json::object()},
               {"ranks", item.at("ranks")},
               {"threads", item.at("threads")}};
  for (const auto& [key, value] : item.at("settings").items())
    if (!is_precision(key)) base["settings"][key] = value;
  return base;
}

ArmId without_precision(ArmId id) {
  id.handover = "fp32";
  return id;
}

bool is_full(const Json& item, const ArmId& id) {
  return id.handover == "fp32" && item.at("settings") == without_precision(item).at("settings");
}

bool passes(const Json& arm) {
  const std::string status = arm.at("status");
  return status != "SKIPPED" && severity(status) < severity("INVALID") && arm.at("ttis").at("value").is_number();
}

// The median over the launches of their median hold-out errors.
std::optional<double> error_of(const Json& arm) {
  std::vector<double> errors;
  for (const Json& error : arm.at("launch_errors"))
    if (error.is_number()) errors.push_back(error);
  return errors.empty() ? std::nullopt : std::optional(median(errors));
}

PrecisionCell figures_of(const Json& arm) {
  PrecisionCell cell{passes(arm), 0, std::nullopt, error_of(arm)};
  if (!cell.pass) return cell;
  cell.seconds = arm.at("ttis").at("value");
  if (const Json& joules = arm.at("energy_to_solution").at("value"); joules.is_number())
    cell.joules = joules.get<double>();
  return cell;
}

const Json* arm_of(const Json& pipelines, const Json& path, std::size_t index) {
  for (const Json& pipeline : pipelines)
    if (pipeline.at("case") == path) return &pipeline.at("arms").at(index);
  return nullptr;
}

std::vector<Balance> balances_of(const Json& cases, const Json& pipelines) {
  std::vector<Balance> balances;
  for (const Json& item : cases) {
    if (item.at("kind") != "pipeline") continue;
    for (std::size_t i = 0; i < item.at("arms").size(); ++i) {
      const ArmId id = ArmId::of(item.at("arms")[i]), own = without_precision(id);
      const Json* arm = arm_of(pipelines, item.at("case"), i);
      if (!id.trains() || id.grows() || arm == nullptr) continue;
      const Json base = without_precision(item);
      auto found = std::find_if(balances.begin(), balances.end(),
                                [&](const Balance& balance) { return balance.base == base && balance.id == own; });
      if (found == balances.end()) found = balances.insert(balances.end(), {base, own, {}});
      found->cells.push_back({&item, arm, id, figures_of(*arm)});
    }
  }
  std::erase_if(balances, [](const Balance& balance) { return balance.cells.size() < 2; });
  return balances;
}

Json formats_of(const Cell& cell) {
  const Json known = cell.item->value("precision", Json::object());
  Json formats = Json::object();
  for (const char* phase : {"simulate", "hand_over", "train", "infer"}) {
    if (std::string(phase) == "hand_over") formats[phase] = cell.id.handover;
    if (known.contains(phase)) formats[phase] = known.at(phase);
  }
  return formats;
}

std::string words_of(const Cell& cell) {
  std::string words;
  const Json formats = formats_of(cell);
  for (const auto& [phase, format] : formats.items()) {
    const std::string name = phase == "hand_over" ? "hand over" : phase;
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", name, format.get<std::string>());
  }
  return words;
}

Status status_of(const Derivation& derivation, const Json& arm) {
  Status status = derivation.common;
  for (const Json& reason : arm.at("reasons")) status.add(reason.at("status"), reason.at("reason"));
  return status;
}

// Why a cell has no figure: what this machine does not support, or what failed.
Json reason_of(const Json& arm) {
  if (arm.at("skipped").is_string()) return "unsupported: " + arm.at("skipped").get<std::string>();
  std::string text;
  for (const Json& reason : arm.at("reasons"))
    if (severity(reason.at("status")) >= severity("INVALID"))
      text += (text.empty() ? "" : "; ") + reason.at("reason").get<std::string>();
  return text.empty() ? Json(nullptr) : Json(text);
}

Json cell_json(const Cell& cell, bool front) {
  const Json& arm = *cell.arm;
  const Json holdout = arm.value("holdout", Json(nullptr));
  Json ttis = arm.at("ttis"), energy = arm.at("energy_to_solution");
  const Json reason = reason_of(arm);
  if (!cell.figures.pass)  // of some launches that passed there may be a time: it is none of the cell's
    for (Json* figure : {&ttis, &energy}) {
      (*figure)["value"] = (*figure)["ci95"] = nullptr;
      if (!reason.is_null()) (*figure)["reason"] = reason;
    }
  return {{"case", cell.item->at("case")},
          {"arm", cell.id.text()},
          {"precision", formats_of(cell)},
          {"full", is_full(*cell.item, cell.id)},
          {"status", arm.at("status")},
          {"pass", cell.figures.pass},
          {"front", front},
          {"launches", arm.at("launches")},
          {"ttis", ttis},
          {"energy_to_solution", energy},
          {"error", number_or_null(cell.figures.error)},
          {"largest_error", holdout.is_null() ? Json(nullptr) : holdout.at("max")},
          {"reason", reason}};
}

// Time (or energy) at full precision over that of the cell, block by block: all launches of both pass.
std::optional<Ratio> gain(const Cell& full, const Cell& cell, const char* key) {
  if (!(*full.arm)[key].is_array() || !(*cell.arm)[key].is_array()) return std::nullopt;
  auto a = (*full.arm)[key].get<std::vector<double>>(), b = (*cell.arm)[key].get<std::vector<double>>();
  const std::size_t blocks = std::min(a.size(), b.size());
  a.resize(blocks);
  b.resize(blocks);
  return blocks == 0 ? std::nullopt : std::optional(hl_ratio_paired(a, b));
}

class Writer {
 public:
  Writer(Derivation& derivation, const Balance& balance) : derivation_(derivation), balance_(balance) {
    const auto& cells = balance.cells;
    const auto full = std::find_if(cells.begin(), cells.end(), [](const Cell& c) { return is_full(*c.item, c.id); });
    full_ = full == cells.end() ? nullptr : &*full;
    name_ = fmt::format("{}.{}.precision_balance", fom_name("pipeline", balance.base), balance.id.text());
    for (const Cell& cell : cells) figures_.push_back(cell.figures);
  }

  Json write() {
    Json cells = Json::array();
    const std::vector<bool> front = pareto_front(figures_);
    for (std::size_t i = 0; i < front.size(); ++i) cells.push_back(cell_json(balance_.cells[i], front[i]));
    const auto by_time = fastest(figures_), by_energy = thriftiest(figures_);
    Json json = balance_.base;
    json["arm"] = balance_.id.text();
    json["cells"] = cells;
    json["cheapest"] = by_time ? Json(*by_time) : Json(nullptr);
    json["cheapest_by_energy"] = by_energy ? Json(*by_energy) : Json(nullptr);
    json["ttis"] = figure("ttis", "ttis", "s", by_time);
    json["gain"] = gain_json("gain", "launch_seconds", by_time);
    json["energy_to_solution"] = figure("energy_to_solution", "energy_to_solution", "J", by_energy);
    json["gain_in_energy"] = gain_json("gain_in_energy", "launch_joules", by_energy);
    json["text"] = text(json, by_time);
    return json;
  }

 private:
  std::string none(const std::string& of) const {
    const bool any = std::any_of(figures_.begin(), figures_.end(), [](const PrecisionCell& cell) { return cell.pass; });
    return any ? of : "no cell passes its gate";
  }
  std::size_t launches(const Cell& cell) const { return cell.arm->at("launches"); }

  // The figure of the cheapest cell, with its precisions as the reason.
  Json figure(const std::string& name, const char* key, const std::string& unit, std::optional<std::size_t> at) {
    if (!at) return add(name, nullptr, nullptr, unit, 0, derivation_.common, none("not all cells are metered"));
    const Cell& cell = balance_.cells[*at];
    const Json& found = cell.arm->at(key);
    return add(name, found.at("value"), found.at("ci95"), unit, launches(cell), status_of(derivation_, *cell.arm),
               words_of(cell));
  }

  Json gain_json(const std::string& name, const char* key, std::optional<std::size_t> at) {
    const auto nothing = [&](const std::string& why) {
      return add(name, nullptr, nullptr, "1", 0, derivation_.common, why);
    };
    if (!at) return nothing(none("not all cells are metered"));
    const Cell& cell = balance_.cells[*at];
    if (full_ == nullptr) return nothing("the plan has no cell of full precision");
    if (!full_->figures.pass) return nothing("the cell of full precision does not pass");
    Status status = status_of(derivation_, *full_->arm);
    status.add(status_of(derivation_, *cell.arm));
    const std::size_t count = std::min(launches(*full_), launches(cell));
    if (&cell == full_) return add(name, 1.0, nullptr, "1", count, status, "full precision is the cheapest");
    const auto found = gain(*full_, cell, key);
    if (!found) return nothing("not all launches are metered");
    return add(name, found->value, ci_json(found->ci), "1", count, status,
               fmt::format("the best of {} cells, for whose choice the interval is not corrected", figures_.size()));
  }

  Json add(const std::string& name, const Json& value, const Json& ci, const std::string& unit, std::size_t count,
           const Status& status, const std::string& reason) {
    derivation_.fom(name_ + "." + name, value, unit, ci, count, count, status, reason);
    return {{"value", value}, {"ci95", ci}, {"unit", unit}, {"reason", reason.empty() ? Json(nullptr) : Json(reason)}};
  }

  std::string text(const Json& json, std::optional<std::size_t> at) const {
    if (!at) return "no cell passes its gate";
    const Cell& cell = balance_.cells[*at];
    std::string words =
        fmt::format("cheapest passing cell: {}: {}", words_of(cell), format_quantity(json.at("ttis").at("value"), "s"));
    if (cell.figures.error) words += fmt::format(", hold-out error {}", format_percent(*cell.figures.error, 3));
    const Json& found = json.at("gain");
    if (&cell == full_ || found.at("value").is_null()) return words + "; " + found.at("reason").get<std::string>();
    words += fmt::format("; {:.3g} x as fast as full precision", found.at("value").get<double>());
    if (const Json& ci = found.at("ci95"); ci.is_array())
      return words + fmt::format(", CI95 [{:.3g}, {:.3g}]", ci.at(0).get<double>(), ci.at(1).get<double>());
    const std::size_t count = std::min(launches(*full_), launches(cell));
    const bool unstable = full_->arm->at("status") == "UNSTABLE" || cell.arm->at("status") == "UNSTABLE";
    return words +
           fmt::format(", inconclusive ({} launch{}{})", count, count == 1 ? "" : "es", unstable ? ", UNSTABLE" : "");
  }

  Derivation& derivation_;
  const Balance& balance_;
  const Cell* full_ = nullptr;
  std::string name_;
  std::vector<PrecisionCell> figures_;
};

}  // namespace

bool is_required(const Json& cases, const Json& item, const ArmId& arm) {
  if (!arm.trains() || is_full(item, arm)) return true;
  const std::string full = without_precision(arm).text();
  return std::none_of(cases.begin(), cases.end(), [&](const Json& other) {
    if (other.at("kind") != "pipeline" || without_precision(other) != without_precision(item)) return false;
    const Json& arms = other.at("arms");
    return is_full(other, without_precision(arm)) && std::find(arms.begin(), arms.end(), Json(full)) != arms.end();
  });
}

Json precision_balance_json(Derivation& derivation, const Json& pipelines) {
  Json list = Json::array();
  for (const Balance& balance : balances_of(derivation.records.plan.at("cases"), pipelines))
    list.push_back(Writer(derivation, balance).write());
  return list;
}

}  // namespace tandem
