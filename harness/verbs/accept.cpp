// tandem accept: is a delivered result what a buyer asked for? And once more, whether a verdict is what was signed.
#include <cctype>
#include <ctime>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/chrono.h>
#include <unistd.h>

#include "harness/base/digest.hpp"
#include "harness/decide/acceptance.hpp"
#include "harness/decide/acceptance_view.hpp"
#include "harness/decide/delivered_revalidation.hpp"
#include "harness/decide/signature.hpp"
#include "harness/result/files.hpp"
#include "harness/result/format.hpp"
#include "harness/result/page.hpp"
#include "harness/result/revalidation.hpp"
#include "harness/verbs/program.hpp"
#include "harness/verbs/verbs.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

struct AcceptOptions {
  std::string folder, spec, spec_sha256, revalidation, nonce;
  std::string record, page, junit;  // files to write; "" = none
  std::string key, allowed_signers;
};

// Nothing may be written into the sealed directory, and no verdict over another.
void check_output(const AcceptOptions& options, const std::string& file, const char* option, bool replaces) {
  if (file.empty()) return;
  const fs::path path = fs::weakly_canonical(fs::absolute(file)), folder = fs::canonical(options.folder);
  const fs::path inside = path.lexically_relative(folder);
  check_usage(inside.empty() || *inside.begin() == "..", "{} {} lies in the result directory, which is sealed", option,
              file);
  check_usage(fs::is_directory(path.parent_path()) && ::access(path.parent_path().c_str(), W_OK) == 0,
              "{} {}: cannot write into {}", option, file, path.parent_path().string());
  check_usage(replaces || !fs::exists(path), "{} {} exists already", option, file);
}

void check_options(const AcceptOptions& options) {
  check_usage(!options.folder.empty(), "which result? tandem accept DIR --spec FILE");
  check_usage(fs::is_directory(options.folder), "{} is not a directory", options.folder);
  check_usage(!options.spec.empty(), "--spec is required: what was agreed, e.g. configs/acceptance/example.toml");
  check_usage(options.revalidation.empty() == options.nonce.empty(),
              "--revalidation and --nonce belong together: the record of tandem revalidate, and the nonce that you "
              "picked yourself");
  check_usage(options.key.empty() || !options.record.empty(), "--sign needs --record: the file that is signed");
  check_output(options, options.record, "--record", false);
  if (!options.record.empty())
    check_output(options, signature_of(options.record).string(), "--sign", options.key.empty());
  check_output(options, options.page, "--out", true);
  check_output(options, options.junit, "--junit", true);
}

AcceptanceSpec agreed(const AcceptOptions& options) {
  AcceptanceSpec spec = read_acceptance(options.spec);
  std::string expected = options.spec_sha256;
  for (char& c : expected) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  check_usage(expected.empty() || expected == spec.digest,
              "{} is not what was agreed: its SHA-256 is {}, --spec-sha256 says {}", options.spec, spec.digest,
              options.spec_sha256);
  return spec;
}

Json revalidation_of(const AcceptOptions& options, const Records& records, const std::string& root) {
  if (options.revalidation.empty()) return nullptr;
  check_usage(is_revalidation(options.revalidation), "{} is no record of tandem revalidate", options.revalidation);
  try {
    return delivered_revalidation(read_json(options.revalidation), records, root, options.nonce);
  } catch (const Json::exception& error) {
    throw Error(Exit::invalid, fmt::format("{} does not hold what it should: {}", options.revalidation, error.what()));
  }
}

Delivery delivery_of(const AcceptOptions& options) {
  const fs::path folder = options.folder;
  std::vector<std::string> problems;
  const Records records = read_records(folder, problems);
  Delivery delivery;
  delivery.folder = fs::canonical(folder).filename().string();
  delivery.root = sha256_file(folder / "manifest-sha256.txt");
  delivery.configuration = sha256(records.plan.dump());
  delivery.document = read_json(folder / "result.json");
  delivery.revalidation = revalidation_of(options, records, delivery.root);
  return delivery;
}

// A directory that does not hold has no verdict; a machine that waits for one is told.
void tell_unverified(const AcceptOptions& options, const AcceptanceSpec& spec, Exit code) {
  if (options.junit.empty()) return;
  const std::string why = code == Exit::invalid ? "INVALID: the directory is not what was measured"
                                                : "UNDECIDED: another version of tandem wrote the directory";
  const auto outcome = code == Exit::invalid ? JunitCase::Outcome::failed : JunitCase::Outcome::error;
  write_file(options.junit,
             junit_xml({"tandem accept: " + spec.lot, {}, {{"verify", options.folder, outcome, why, ""}}}));
}

void write_outputs(const AcceptOptions& options, const Json& record) {
  if (!options.record.empty()) {
    write_file(options.record, record.dump(1) + "\n");
    fmt::print("record: {}\n", options.record);
  }
  if (!options.key.empty()) {
    sign_file(options.record, options.key);
    fmt::print("signature: {}\n", signature_of(options.record).string());
  }
  if (!options.junit.empty()) write_file(options.junit, junit_xml(acceptance_junit(record)));
  if (!options.page.empty()) {
    write_file(options.page, acceptance_page(record, records_beside(options.folder, options.page)));
    fmt::print("page: {}\n", options.page);
  }
}

Exit judge(const AcceptOptions& options) {
  check_options(options);
  const AcceptanceSpec spec = agreed(options);
  if (const Exit code = verify(options.folder, false); code != Exit::ok) {
    tell_unverified(options, spec, code);
    return code;
  }
  const Delivery delivery = delivery_of(options);
  const std::string made = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  const Json record = acceptance_record(spec, delivery, judge_acceptance(spec, delivery), this_program_json(), made);
  fmt::print("\n{}\n", acceptance_text(record, ::isatty(STDOUT_FILENO) == 1, 100));
  write_outputs(options, record);
  fmt::print("\n{}", acceptance_lines(record));
  return exit_of_verdict(record.at("verdict"));
}

// The same verdict once more from the directory and the specification that the record holds.
void check_again(const AcceptOptions& options, const Json& record) {
  AcceptOptions unrevalidated;
  unrevalidated.folder = options.folder;
  Delivery delivery = delivery_of(unrevalidated);
  const Json& result = record.at("result");
  check_usage(result.at("root") == delivery.root,
              "{} is the verdict on another directory: its root is {}, that of {} {}", options.record,
              text_or_empty(result, "root").substr(0, 12), options.folder, delivery.root.substr(0, 12));
  delivery.revalidation = record.at("revalidation");
  const Json& specification = record.at("specification");
  const Json again = judge_acceptance(parse_acceptance(specification.at("text"), specification.at("file")), delivery);
  for (const auto& [key, value] : again.items())
    if (record.at(key) != value)
      throw Error(Exit::invalid, fmt::format("{}: its \"{}\" does not follow from {} and the specification in it",
                                             options.record, key, options.folder));
}

Exit check_signed(const AcceptOptions& options) {
  check_usage(!options.record.empty(), "--check-signature needs --record: the verdict that was signed");
  const std::string signer = check_signature(options.record, options.allowed_signers);
  const Json record = read_json(options.record);
  if (!seal_holds(record))
    throw Error(Exit::invalid, fmt::format("{} is no whole record of tandem accept", options.record));
  const std::string digest = record.at("specification").at("sha256");
  if (!options.spec.empty())
    check_usage(agreed(options).digest == digest, "{} is a verdict by another specification than {}", options.record,
                options.spec);
  fmt::print("{}: signed by {}, and whole\n", options.record, signer);
  if (!options.folder.empty()) {
    if (const Exit code = verify(options.folder, false); code != Exit::ok) return code;
    check_again(options, record);
    fmt::print("the verdict follows from {} and the specification in the record\n", options.folder);
  }
  fmt::print("\n{}\n{}", acceptance_text(record, ::isatty(STDOUT_FILENO) == 1, 100), acceptance_lines(record));
  return exit_of_verdict(record.at("verdict"));
}

}  // namespace

void add_accept(CLI::App& app, Perform& perform) {
  const auto options = std::make_shared<AcceptOptions>();
  CLI::App* verb =
      app.add_subcommand("accept", "Decides by a buyer's specification whether a delivered result is accepted");
  verb->add_option("DIR", options->folder, "The result directory that was delivered");
  verb->add_option("--spec", options->spec, "What was agreed: a TOML file (configs/acceptance/README.md)");
  verb->add_option("--spec-sha256", options->spec_sha256,
                   "SHA-256 of the specification, as noted when it was agreed: another file is refused");
  verb->add_option("--revalidation", options->revalidation, "The record of tandem revalidate, made by the buyer");
  verb->add_option("--nonce", options->nonce, "The nonce that the buyer picked for it after the delivery");
  verb->add_option("--out", options->page, "Writes the verdict as an HTML page to print and sign");
  verb->add_option("--junit", options->junit, "Writes the verdict as JUnit XML, for continuous integration");
  verb->add_option("--record", options->record, "Writes the verdict as JSON, with root and specification");
  verb->add_option("--sign", options->key, "Signs the record with an SSH key, into RECORD.sig");
  verb->add_option(
          "--check-signature", options->allowed_signers,
          "Checks RECORD.sig by a list of allowed signers (ssh-keygen(1)), and judges again where DIR is given")
      ->excludes("--sign", "--out", "--junit", "--revalidation", "--nonce");
  verb->footer(
      "DIR is verified first, and nothing is written into it.\n"
      "examples:\n"
      "  sha256sum lot.toml                                       note it when the specification is agreed\n"
      "  tandem accept DIR --spec lot.toml --spec-sha256 HEX\n"
      "  tandem revalidate DIR --nonce N --out r.json             a nonce of your own, after the delivery\n"
      "  tandem accept DIR --spec lot.toml --revalidation r.json --nonce N --out verdict.html --junit verdict.xml\n"
      "  tandem accept DIR --spec lot.toml --record verdict.json --sign ~/.ssh/id_ed25519\n"
      "  tandem accept DIR --record verdict.json --check-signature allowed_signers\n"
      "exit codes: 0 ACCEPTED, 2 specification or usage, 3 INVALID, 4 NOT ACCEPTED, 5 UNDECIDED");
  verb->callback([options, &perform] {
    perform = [options] { return options->allowed_signers.empty() ? judge(*options) : check_signed(*options); };
  });
}

}  // namespace tandem
