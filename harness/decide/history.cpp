#include "harness/decide/history.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <regex>

#include <unistd.h>

#include "harness/base/check.hpp"
#include "harness/result/files.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

constexpr const char* kNight = "tandem-night/1";
constexpr const char* kAccepted = "tandem-accepted/1";

[[noreturn]] void damaged(const std::string& source, const std::string& why) {
  throw Error(Exit::invalid,
              fmt::format("{} is damaged ({}): bring it back from a copy, or move it out of the history, "
                          "where that night then is missing",
                          source, why));
}

// The document of a sealed file; `use` may throw what JSON throws where a field is missing or of another type.
template <typename Use>
auto sealed(const std::string& text, const std::string& source, const char* schema, const Use& use) {
  try {
    check(json_nesting(text) <= kDeepestJson, "it nests more than {} deep", kDeepestJson);
    const Json document = Json::parse(text);
    if (!document.is_object() || document.value("schema", "") != schema) damaged(source, fmt::format("no {}", schema));
    if (document.value("seal", "") != seal_of(document)) damaged(source, "its seal does not hold: it was changed");
    return use(document);
  } catch (const Json::exception& error) {
    damaged(source, error.what());
  } catch (const Error& error) {
    if (error.code() == Exit::invalid) throw;
    damaged(source, error.what());
  }
}

Json to_json(const NightFigure& figure) {
  Json counts = Json::object();
  for (const auto& [name, value] : figure.counts) counts[name] = value;
  return {{"fom", figure.fom},
          {"case", figure.path},
          {"kind", figure.kind},
          {"unit", figure.unit},
          {"identity", figure.identity},
          {"status", figure.status},
          {"reason", figure.reason},
          {"n", figure.costs.size()},
          {"ln_median", figure.ln_median ? Json(*figure.ln_median) : Json(nullptr)},
          {"costs", figure.costs},
          {"counts", counts}};
}

NightFigure figure_of(const Json& json) {
  NightFigure figure;
  figure.fom = json.at("fom");
  figure.path = json.at("case");
  figure.kind = json.at("kind");
  figure.unit = json.at("unit");
  figure.identity = json.at("identity");
  figure.status = json.at("status");
  figure.reason = json.at("reason");
  figure.costs = json.at("costs").get<std::vector<double>>();
  if (!json.at("ln_median").is_null()) figure.ln_median = json.at("ln_median").get<double>();
  const bool sound = std::all_of(figure.costs.begin(), figure.costs.end(), [](double cost) { return cost > 0; }) &&
                     std::abs(figure.ln_median.value_or(0)) < 200;
  check(sound, "{} has a cost that is none", figure.fom);
  figure.counts = json.at("counts").get<std::map<std::string, double>>();
  return figure;
}

// What is kept as it is, and taken for granted where it is used; throws what JSON throws.
void check_kept(const Night& night) {
  for (const char* text : {"version", "commit"}) (void)night.program.value(text, std::string());
  (void)night.program.value("dirty", false);
  check(night.machine.is_object(), "its machine is no object");
}

// Whole or not at all, and never over another file: written beside and linked to its name.
void write_new(const fs::path& path, const std::string& text) {
  const fs::path draft = path.parent_path() / ("." + path.filename().string() + fmt::format(".{}", ::getpid()));
  write_file(draft, text);
  sync_file(draft);
  const int failure = ::link(draft.c_str(), path.c_str()) == 0 ? 0 : errno;
  std::error_code ignored;
  fs::remove(draft, ignored);
  check_usage(failure != EEXIST, "{} exists already: a history is added to and never changed", path.string());
  check(failure == 0, "cannot write {}: {}", path.string(), std::strerror(failure));
}

// Names of the directory's nights and acceptances, sorted; other names are refused, so that none is passed over.
struct Names {
  std::vector<std::string> nights, accepted;
};
Names names_of(const fs::path& folder) {
  static const std::regex night(R"(\d{4}-\d\d-\d\dT\d{6}Z-[0-9a-f]{12}\.json)");
  static const std::regex acceptance(R"(\d{4}-\d\d-\d\dT\d{6}Z-[0-9a-f]{12}\.accepted-\d+\.json)");
  Names names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".json") || name.starts_with(".")) continue;
    if (std::regex_match(name, night))
      names.nights.push_back(name.substr(0, name.size() - 5));
    else if (std::regex_match(name, acceptance))
      names.accepted.push_back(name);
    else
      damaged((folder / name).string(), "its name is not that of a night");
  }
  std::sort(names.nights.begin(), names.nights.end());
  std::sort(names.accepted.begin(), names.accepted.end());
  return names;
}

Accepted read_accepted(const fs::path& file) {
  return sealed(read_file(file), file.string(), kAccepted, [](const Json& json) {
    return Accepted{json.at("night"), json.at("reason"), json.at("since").get<std::map<std::string, std::string>>()};
  });
}

}  // namespace

std::string night_name(const std::string& started, const std::string& root) {
  static const std::regex time(R"((\d{4}-\d\d-\d\dT)(\d\d):(\d\d):(\d\d)Z)");
  std::smatch parts;
  check(std::regex_match(started, parts, time) && root.size() == 64, "a night that began at \"{}\" has no name",
        started);
  return parts[1].str() + parts[2].str() + parts[3].str() + parts[4].str() + "Z-" + root.substr(0, 12);
}

Json to_json(const Night& night) {
  Json figures = Json::array();
  for (const NightFigure& figure : night.figures) figures.push_back(to_json(figure));
  Json json = {{"schema", kNight},         {"root", night.root},
               {"started", night.started}, {"class", night.run_class},
               {"config", night.config},   {"status", night.status},
               {"program", night.program}, {"fingerprint", night.fingerprint},
               {"machine", night.machine}, {"figures", figures}};
  json["seal"] = seal_of(json);
  return json;
}

Night parse_night(const std::string& text, const std::string& source) {
  return sealed(text, source, kNight, [](const Json& json) {
    Night night;
    night.root = json.at("root");
    night.started = json.at("started");
    night.run_class = json.at("class");
    night.config = json.at("config");
    night.status = json.at("status");
    night.program = json.at("program");
    night.fingerprint = json.at("fingerprint");
    night.machine = json.at("machine");
    check_kept(night);
    for (const Json& figure : json.at("figures")) night.figures.push_back(figure_of(figure));
    night.name = night_name(night.started, night.root);
    return night;
  });
}

History read_history(const fs::path& folder, std::size_t most) {
  check_usage(fs::is_directory(folder), "{} is no directory; begin a history with --add RESULT_DIR", folder.string());
  const Names names = names_of(folder);
  History history;
  history.nights = names.nights.size();
  const std::size_t from = names.nights.size() - std::min(most, names.nights.size());
  for (std::size_t i = from; i < names.nights.size(); ++i) {
    const fs::path file = folder / (names.nights[i] + ".json");
    history.newest.push_back(parse_night(read_file(file), file.string()));
    if (history.newest.back().name != names.nights[i]) damaged(file.string(), "it is the night of another name");
  }
  for (const std::string& name : names.accepted) history.accepted.push_back(read_accepted(folder / name));
  return history;
}

fs::path add_night(const fs::path& folder, const Night& night) {
  std::error_code error;
  fs::create_directories(folder, error);
  check_usage(fs::is_directory(folder), "cannot make {}: {}", folder.string(), error.message());
  fs::path file = folder / (night_name(night.started, night.root) + ".json");
  for (const std::string& name : names_of(folder).nights)
    check_usage(!name.ends_with(night.root.substr(0, 12)), "{} has this result already, as {}.json: nothing was added",
                folder.string(), name);
  write_new(file, to_json(night).dump() + "\n");
  return file;
}

fs::path add_accepted(const fs::path& folder, const Accepted& accepted) {
  Json json = {
      {"schema", kAccepted}, {"night", accepted.night}, {"reason", accepted.reason}, {"since", accepted.since}};
  json["seal"] = seal_of(json);
  int count = 1;
  const auto file = [&] { return folder / fmt::format("{}.accepted-{}.json", accepted.night, count); };
  while (fs::exists(file())) ++count;
  write_new(file(), json.dump(1) + "\n");
  return file();
}

}  // namespace tandem
