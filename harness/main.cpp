// The command line of tandem. The only place that catches errors: one clear line, and the exit code of docs/method.md.
#include <cstdio>

#include <CLI/CLI.hpp>

#include "harness/launch/worker.hpp"
#include "harness/result/build.hpp"
#include "harness/verbs/verbs.hpp"

namespace {

using tandem::Exit;

std::string footer() {
  return "examples:\n"
         "  tandem list                                  what can be measured\n"
         "  tandem run                                   everything once, under 90 s on a laptop\n"
         "  tandem run configs/standard.toml --out mine  three launches of each case\n"
         "  tandem run --filter 'dense/*'                only the dense kernels\n"
         "  tandem run --filter 'heat*' --ranks 2        the pipeline under MPI\n"
         "  tandem aa configs/quick.toml                 how much this machine differs from itself\n"
         "  tandem verify results/2026-01-31-quick       hashes and figures, once more from the samples\n"
         "  tandem revalidate DIR --nonce 4f1c09ab77d2   a buyer's own hold-out for the weights of a result\n"
         "exit codes: 0 ok, 1 failed, 2 usage or configuration, 3 INVALID, 5 verify: by another version, 77 skipped, "
         "130 and 143 interrupted";
}

struct Commands {
  CLI::App app{"Tandem measures a machine's HPC, its AI and the road between, in one validated run."};
  tandem::RunOptions options;
  std::string folder, filter, out, job, node;
  tandem::RevalidateOptions revalidation;
  tandem::AaOptions aa_options;
  CLI::App *list, *run, *aa, *verify, *revalidate, *report, *worker, *meter;

  Commands() {
    app.footer(footer());
    app.require_subcommand(1);
    app.set_version_flag("--version", tandem::build_text());
    list = app.add_subcommand("list", "Shows kernels, pipelines and meters, with every setting and its default");
    list->add_option("NAME", filter, "Only names that match this glob, e.g. 'dense/*'");
    list->footer("example: tandem list 'sparse/*'");
    run = app.add_subcommand("run", "Measures what a configuration names and seals a result directory");
    run->add_option("CONFIG", options.config,
                    "A TOML file (see configs/README.md); without it the quick configuration");
    run->add_option("--filter", options.filter, "Only cases whose path matches this glob, e.g. 'dense/*' or 'heat*'");
    run->add_option("--out", options.out, "The result directory, new or empty; default results/<date>-<class>");
    run->add_option("--launches", options.launches, "Fresh launches of every case, at least those of the class")
        ->check(CLI::PositiveNumber);
    run->add_option("--ranks", options.ranks, "MPI ranks of every case that names none itself")
        ->check(CLI::PositiveNumber);
    run->add_flag("--dry-run", options.dry_run, "Shows the plan and runs nothing");
    run->add_option("--resume", options.resume, "Goes on with the interrupted run in this directory")
        ->excludes("CONFIG", "--out", "--filter", "--launches", "--ranks", "--dry-run");
    run->footer(
        "examples:\n  tandem run configs/quick.toml --filter 'sparse/*' --dry-run\n  tandem run --resume "
        "results/2026-01-31-standard");
    aa = app.add_subcommand("aa",
                            "Measures how much this machine differs from itself: below that no comparison decides");
    aa->add_option("CONFIG", aa_options.run.config, "A TOML file as for run; without it the quick configuration");
    aa->add_option("--filter", aa_options.run.filter, "Only cases whose path matches this glob, e.g. 'dense/*'");
    aa->add_option("--launches", aa_options.pairs,
                   "Fresh launches of every case on each side; from 6 on with intervals")
        ->check(CLI::Range(1, 50))
        ->capture_default_str();
    aa->add_option("--out", aa_options.run.out,
                   "The threshold's file, *.json; the run goes into a directory of that name without .json; default "
                   "results/<date>-aa.json");
    aa->add_option("--of", aa_options.of, "The directory of a run that tandem aa measured before, e.g. after --resume")
        ->excludes("CONFIG", "--filter", "--launches");
    aa->footer(
        "The time is that of a run of the configuration, without its limits, times two times the launches.\n"
        "examples:\n  tandem aa --filter 'dense/*' --out results/aa.json\n  tandem aa configs/standard.toml --launches "
        "10\n  tandem aa --of results/2026-01-31-aa");
    verify = app.add_subcommand(
        "verify",
        "Checks a result directory: hashes, chain, and every figure derived again; or a revalidation's record");
    verify->add_option("DIR", folder, "A result directory")->required();
    verify->footer("example: tandem verify results/2026-01-31-quick");
    revalidate = app.add_subcommand("revalidate", "Sets a result's frozen weights a hold-out that a nonce decides on");
    revalidate->add_option("DIR", folder, "A result directory")->required();
    revalidate
        ->add_option("--nonce", revalidation.nonce,
                     "Any text; the buyer picks it after having received DIR, so that nobody could know the hold-out")
        ->required();
    revalidate->add_option("--out", revalidation.out, "The record's file; default DIR.revalidation-<digits>.json");
    revalidate->footer(
        "The record stands beside DIR, which stays as it is; tandem verify checks it too.\n"
        "example: tandem revalidate results/2026-01-31-official --nonce $(od -An -N8 -tx8 /dev/urandom | tr -d ' ')\n"
        "exit codes: 0 every launch passes, 2 weights or this program's problem do not fit, 3 INVALID");
    report = app.add_subcommand("report", "Prints a result's summary; writes its page elsewhere with --out");
    report->add_option("DIR", folder, "A result directory")->required();
    report->add_option("--out", out, "Where to write the page; default: it is in the directory already");
    report->footer("example: tandem report results/2026-01-31-quick --out /tmp/page.html");
    worker = app.add_subcommand("worker", "")->group("");  // started by run, not by people
    worker->add_option("JOB", job)->required();
    meter = app.add_subcommand("meter", "")->group("");  // started by meter_launcher
    meter->add_option("--node", node);                   // its name, where the host's is not to be used
  }

  Exit perform() const {
    if (*list) return tandem::list_cases(filter);
    if (*run) return tandem::run(options);
    if (*aa) return tandem::aa(aa_options);
    if (*verify) return tandem::verify(folder);
    if (*revalidate) return tandem::revalidate(folder, revalidation);
    if (*report) return tandem::report(folder, out);
    if (*meter) return tandem::meter_node(node);
    return tandem::run_worker(job);
  }
};

int fail(Exit code, const std::string& message) {
  std::fflush(stdout);
  std::fputs(("tandem: " + message + "\n").c_str(), stderr);
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Commands commands;
    try {
      commands.app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return commands.app.exit(error);
      return fail(Exit::usage, std::string(error.what()) + "; tandem --help shows what there is");
    }
    return static_cast<int>(commands.perform());
  } catch (const tandem::Error& error) {
    return fail(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return fail(Exit::failed, "out of memory; choose a smaller size");
  } catch (const std::exception& error) {
    return fail(Exit::failed, error.what());
  }
}
