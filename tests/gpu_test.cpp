// GPU modules: what lies beside the program is loaded or refused with a reason, errors cross the border as values, and
// a plan that asks for a GPU where there is none is skipped. No GPU is needed.
#include <algorithm>
#include <filesystem>
#include <sstream>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/kernel/gpu_kernels.hpp"
#include "harness/kernel/gpu_modules.hpp"
#include "harness/result/files.hpp"
#include "tests/cli/measured.hpp"
#include "tests/cli/workplace.hpp"

namespace tandem {
namespace {

namespace fs = std::filesystem;

const std::string kProgram = TANDEM_TEST_PROGRAM;
const fs::path kFakes = FAKE_MODULES;

GpuModule cuda_in(const fs::path& folder) { return gpu_modules(folder).at(0); }

std::unique_ptr<Kernel> make(const std::string& name) {
  static const GpuModule module = cuda_in(kFakes / "works");
  static const Ranks ranks(1);
  for (const KernelEntry& entry : module.kernels)
    if (entry.name == name) {
      entry.memory(Settings(), {});
      return entry.make(Settings(), KernelContext{ranks});
    }
  throw Error(Exit::failed, "the module has no " + name);
}

std::pair<Exit, std::string> error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  return {Exit::ok, ""};
}

TEST(GpuModules, one_that_is_absent_tells_how_to_build_it) {
  const auto modules = gpu_modules("/no/such/folder");
  ASSERT_EQ(modules.size(), 2u);
  EXPECT_EQ(modules[0].reason, "no libtandem_cuda.so beside the program (build it with the preset cuda)");
  EXPECT_EQ(modules[1].vendor, "hip");
  EXPECT_TRUE(modules[0].kernels.empty());
}

TEST(GpuModules, one_of_another_program_is_refused) {
  const GpuModule module = cuda_in(kFakes / "other_abi");
  EXPECT_EQ(module.reason,
            "libtandem_cuda.so was built for another program than this one; build both from the same "
            "sources");
  EXPECT_TRUE(module.kernels.empty());
}

TEST(GpuModules, a_file_that_is_no_module_is_refused) {
  const Workplace place;
  place.write("libtandem_cuda.so", "no library");
  EXPECT_NE(cuda_in(place.folder()).reason.find("libtandem_cuda.so"), std::string::npos);
  fs::remove(place.folder() / "libtandem_cuda.so");
  fs::create_symlink(fs::path(FAKE_NVML), place.folder() / "libtandem_cuda.so");
  EXPECT_EQ(cuda_in(place.folder()).reason, "libtandem_cuda.so is no module of Tandem: it has no tandem_module");
}

TEST(GpuModules, one_without_a_device_tells_why) {
  EXPECT_EQ(cuda_in(kFakes / "no_device").reason, "no GPU (the driver sees none)");
}

TEST(GpuModules, a_kernel_of_a_module_is_a_kernel) {
  const auto kernel = make("fake/works");
  kernel->prepare(Data::exact);
  kernel->run();
  kernel->finish();
  EXPECT_TRUE(all_pass(kernel->verify()));
  EXPECT_EQ(kernel->facts().bytes, 80);
  const Output output = kernel->output();
  ASSERT_EQ(output.count, 10u);
  EXPECT_EQ(static_cast<double*>(output.data)[4], 4);
  static_cast<double*>(output.data)[9] = 99;
  EXPECT_TRUE(all_pass(kernel->verify())) << "the host's copy is not the device's";
  output.changed();
  EXPECT_FALSE(all_pass(kernel->verify()));
}

TEST(GpuModules, errors_cross_the_border_as_values) {
  EXPECT_EQ(error_of([] { make("fake/lost")->run(); }),
            std::pair(Exit::failed, std::string("the GPU fell off the bus")));
  EXPECT_EQ(error_of([] { make("fake/nonsense"); }), std::pair(Exit::usage, std::string("n = 0 is not a size")));
  EXPECT_THROW(make("fake/unsupported"), Unsupported);
}

struct Made {
  Outcome outcome;
  Json result;
};

// `name = ...` of a configuration, through the program.
Made run(const std::string& cases, const std::string& program = kProgram) {
  const Workplace place;
  place.write("gpu.toml", "class = \"quick\"\nlimits = \"none\"\nthreads = 1\n" + cases);
  Made made{place.run(program + " run gpu.toml --out out"), {}};
  if (fs::exists(place.folder() / "out" / "result.json"))
    made.result = read_json(place.folder() / "out" / "result.json");
  return made;
}

bool has_gpu() {
  for (const GpuModule& module : gpu_modules(fs::path(kProgram).parent_path()))
    if (module.reason.empty()) return true;
  return false;
}

TEST(GpuCases, without_a_gpu_are_skipped_and_nothing_else_is_77) {
  if (has_gpu()) GTEST_SKIP() << "this machine has a GPU";
  const Made made = run("device = \"gpu\"\n[[kernel]]\nname = \"memory/triad\"\nn = [1000, 2000]\n");
  EXPECT_EQ(made.outcome.code, 77) << made.outcome.err;
  const Json& kernel = made.result.at("kernels").at(0);
  EXPECT_EQ(kernel.at("case"), "memory/triad/n=1000/device=gpu");
  EXPECT_EQ(kernel.at("status"), "SKIPPED");
  EXPECT_EQ(kernel.at("device"), "gpu");
  EXPECT_NE(kernel.at("skipped").get<std::string>().find("no GPU can be used: cuda: no "), std::string::npos);
}

TEST(GpuCases, run_on_the_guarded_device_and_beside_the_cpu) {
  const Made made = run("[[kernel]]\nname = \"memory/triad\"\nn = \"1k\"\ndevice = [\"cpu\", \"guarded\"]\n");
  EXPECT_EQ(made.outcome.code, 0) << made.outcome.err << made.outcome.out;
  EXPECT_TRUE(made.outcome.says("kernel.memory.triad.n=1k.stores=auto.device=cpu.rate"));
  EXPECT_TRUE(made.outcome.says("kernel.memory.triad.n=1k.device=guarded.rate"));
  const Json& kernel = made.result.at("kernels").at(1);
  EXPECT_EQ(kernel.at("facts").at("notes").at("device"), "guarded device");
  const std::string reasons = kernel.at("reasons").dump();
  EXPECT_NE(reasons.find("behaves like a GPU's"), std::string::npos) << reasons;
}

TEST(GpuCases, on_a_part_of_a_gpu_are_unofficial) {
  const Measured made(
      "class = \"quick\"\nlimits = \"none\"\nthreads = 1\n[[kernel]]\nname = \"memory/triad\"\nn = \"1k\"\n"
      "device = \"guarded\"\n");
  const auto reasons_on = [&](const std::string& name) {
    Records records = made.records;
    records.plan["cases"][0]["device"] = "gpu";
    for (LaunchRecord& launch : records.launches)
      for (Json& record : launch.line.at("records"))
        if (record.at("record") == "facts") record["notes"]["device"] = name;
    const Json kernel = derive(records).at("kernels").at(0);
    return kernel.at("reasons").dump();
  };
  EXPECT_EQ(reasons_on("NVIDIA H200").find("part of a GPU"), std::string::npos);
  EXPECT_NE(reasons_on("NVIDIA H200 MIG 3g.71gb").find("NVIDIA H200 MIG 3g.71gb is a part of a GPU"),
            std::string::npos);
}

TEST(GpuCases, what_a_plan_may_not_ask_is_told) {
  EXPECT_TRUE(run("device = \"tpu\"\n[[kernel]]\nname = \"memory/triad\"\n").outcome.says("tpu"));
  const Made pipeline = run("device = \"gpu\"\n[[pipeline]]\nname = \"toy\"\n");
  EXPECT_EQ(pipeline.outcome.code, 2);
  EXPECT_TRUE(pipeline.outcome.says("device = \"gpu\" is for kernels"));
  const Made kernel = run("device = \"gpu\"\n[[kernel]]\nname = \"memory/file_io\"\n");
  EXPECT_EQ(kernel.outcome.code, 2);
  EXPECT_TRUE(kernel.outcome.says("memory/triad"));
}

// The module of a fake GPU beside a copy of the program.
TEST(GpuCases, that_fail_fail_with_the_reason_of_the_module) {
  const Workplace place;
  fs::copy_file(kProgram, place.folder() / "tandem-test");
  fs::create_symlink(kFakes / "works" / "libtandem_cuda.so", place.folder() / "libtandem_cuda.so");
  const std::string program = (place.folder() / "tandem-test").string();
  const Outcome devices = place.run(program + " list --devices");
  EXPECT_EQ(devices.code, 0);
  EXPECT_TRUE(devices.says("gpu Fake GPU, fake_1, 7 units, 8.0 of 16.0 GiB free (cuda: Fake 1.0)")) << devices.out;
  EXPECT_TRUE(devices.says("none by hip: no libtandem_hip.so beside the program")) << devices.out;
  const Made absent = run("device = \"gpu\"\n[[kernel]]\nname = \"memory/triad\"\nn = 8\n", program);
  EXPECT_EQ(absent.outcome.code, 77) << absent.outcome.out << absent.outcome.err;
  EXPECT_TRUE(absent.outcome.says("the module has no memory/triad")) << absent.outcome.out;
  EXPECT_EQ(absent.result.dump().find("other process"), std::string::npos);
  // NVML beside it tells of three processes on the second GPU.
  fs::create_symlink(fs::path(FAKE_NVML), place.folder() / "libnvidia-ml.so.1");
  const Made shared = run("device = \"gpu\"\n[[kernel]]\nname = \"memory/triad\"\nn = 8\n",
                          "env LD_LIBRARY_PATH=" + place.folder().string() + " " + program);
  const std::string reasons = shared.result.at("kernels").at(0).at("reasons").dump();
  EXPECT_NE(reasons.find("3 other processes computed on GPU 1 of this host"), std::string::npos) << reasons;
  EXPECT_EQ(reasons.find("GPU 0"), std::string::npos) << reasons;
  const Made on_cpu = run("[[kernel]]\nname = \"memory/triad\"\nn = 8\n",
                          "env LD_LIBRARY_PATH=" + place.folder().string() + " " + program);
  EXPECT_EQ(on_cpu.result.dump().find("other process"), std::string::npos);
}

// Where this build has the module for NVIDIA GPUs: it loads, exports one name, and knows the kernels of the guarded
// device.
TEST(CudaModule, loads_with_or_without_a_gpu) {
  const fs::path folder = fs::path(kProgram).parent_path();
  if (!fs::exists(folder / "libtandem_cuda.so")) GTEST_SKIP() << "this build has no libtandem_cuda.so";
  const Workplace place;
  const Outcome names = place.run("nm -D --defined-only " + (folder / "libtandem_cuda.so").string());
  EXPECT_EQ(names.out.find("tandem_module"), names.out.size() - std::string("tandem_module\n").size()) << names.out;
  EXPECT_EQ(std::count(names.out.begin(), names.out.end(), '\n'), 1) << names.out;
  const GpuModule module = cuda_in(folder);
  ASSERT_EQ(module.kernels.size(), guarded_registry().size()) << module.reason;
  for (std::size_t i = 0; i < module.kernels.size(); ++i) EXPECT_EQ(module.kernels[i].name, guarded_registry()[i].name);
  ASSERT_EQ(module.routines.size(), guarded_routines().size());
  for (std::size_t i = 0; i < module.routines.size(); ++i)
    EXPECT_EQ(module.routines[i].name, guarded_routines()[i].name);
  EXPECT_EQ(module.reason.empty(), !module.survey.devices.empty()) << module.reason;
  EXPECT_NE(module.survey.runtime.find("CUDA"), std::string::npos);
}

TEST(Support, stands_in_the_documentation_as_the_registry_has_it) {
  const Workplace place;
  const Outcome table = place.run(kProgram + " list --support");
  EXPECT_EQ(table.code, 0);
  EXPECT_TRUE(table.says("| memory/transfer | unsupported | tested | compiled, not run | compiled, not run |"));
  EXPECT_TRUE(table.says("| network/halo | tested | unsupported | unsupported | unsupported |"));
  const std::string page = read_file(GPU_PAGE);
  std::istringstream lines(table.out);
  for (std::string line; std::getline(lines, line);) {
    const bool on_a_device = line.find("compiled") != std::string::npos;
    EXPECT_TRUE(!on_a_device || page.find(line + "\n") != std::string::npos) << "docs/gpu.md: add the row\n" << line;
  }
}

TEST(Program, needs_no_library_of_a_gpu) {
  const Workplace place;
  const Outcome libraries = place.run("ldd " + kProgram);
  EXPECT_EQ(libraries.code, 0);
  EXPECT_TRUE(libraries.says("libmpi"));
  for (const char* name : {"libcuda", "libcublas", "libnccl", "libnvidia", "libamdhip", "librocblas", "librccl"})
    EXPECT_FALSE(libraries.says(name)) << name;
}

}  // namespace
}  // namespace tandem
