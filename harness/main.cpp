// The command line of tandem. The only place that catches errors: one clear line, and the exit code of docs/method.md.
#include <array>
#include <cstdio>

#include <CLI/CLI.hpp>

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
         "  tandem accept DIR --spec lot.toml            is it what a buyer asked for?\n"
         "  tandem compare results/old results/new       ratios with intervals, and a verdict on each headline figure\n"
         "  tandem regress --history nights --add DIR    night after night: has something become dearer?\n"
         "  tandem reproduce 'frontier*'                 figures that others published, and how to measure them here\n"
         "  tandem export DIR --format junit             a result for the tools that you have\n"
         "exit codes: 0 ok, 1 failed, 2 usage or configuration, 3 INVALID, 4 accept: a hard criterion failed, "
         "5 undecided, 6 regress: something became dearer, 77 skipped, 130 and 143 interrupted";
}

// In the order of --help.
constexpr std::array verbs = {tandem::add_list,       tandem::add_run,       tandem::add_aa,     tandem::add_verify,
                              tandem::add_revalidate, tandem::add_report,    tandem::add_accept, tandem::add_compare,
                              tandem::add_regress,    tandem::add_reproduce, tandem::add_cite,   tandem::add_export,
                              tandem::add_worker,     tandem::add_meter};

int fail(Exit code, const std::string& message) {
  std::fflush(stdout);
  std::fputs(("tandem: " + message + "\n").c_str(), stderr);
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    CLI::App app{"Tandem measures a machine's HPC, its AI and the road between, in one validated run."};
    app.footer(footer());
    app.require_subcommand(1);
    app.set_version_flag("--version", tandem::build_text());
    tandem::Perform perform;
    for (const auto add : verbs) add(app, perform);
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return app.exit(error);
      return fail(Exit::usage, std::string(error.what()) + "; tandem --help shows what there is");
    }
    return static_cast<int>(perform());
  } catch (const tandem::Error& error) {
    return fail(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return fail(Exit::failed, "out of memory; choose a smaller size");
  } catch (const std::exception& error) {
    return fail(Exit::failed, error.what());
  }
}
