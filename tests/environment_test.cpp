// What is recorded of the environment, and each warning: present where a variable holds the machine back, absent where
// it does not.
#include "harness/measure/environment.hpp"

#include <array>

#include <gtest/gtest.h>

namespace tandem {
namespace {

const std::vector<std::string> avx512 = {"fma", "avx", "avx2", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16"};
const std::vector<std::string> avx2 = {"sse4_1", "fma", "avx", "avx2"};

RunFacts facts(const std::vector<std::string>& isa = avx512, int threads = 2) {
  return {isa, threads, BlasThreading::openmp, "SkylakeX"};
}

TEST(Environment, KeepsWhatChangesResultsOnly) {
  const std::array lines = {"OPENBLAS_CORETYPE=Haswell", "HOME=/root",
                            "OMP_PLACES=cores=x",        "LD_PRELOAD=",
                            "OMPI_COMM_WORLD_RANK=1",    "OMPI_MCA_orte_hnp_uri=tcp://192.0.2.1",
                            "OMPI_MCA_btl=self,vader",   "NOEQUALS"};
  const Environment expected = {
      {"LD_PRELOAD", ""}, {"OMPI_MCA_btl", "self,vader"}, {"OMP_PLACES", "cores=x"}, {"OPENBLAS_CORETYPE", "Haswell"}};
  EXPECT_EQ(read_environment(lines), expected);
}

TEST(Environment, NothingSetNothingToWarnOf) {
  EXPECT_TRUE(environment_warnings({}, facts(avx2)).empty());
  EXPECT_TRUE(environment_warnings({}, facts(avx512)).empty());
}

struct Case {
  Environment environment;
  RunFacts facts;
  const char* word;  // of the one warning; nullptr: none
};

class EveryWarning : public testing::TestWithParam<Case> {};

TEST_P(EveryWarning, AppearsExactlyWhereItHolds) {
  const auto warnings = environment_warnings(GetParam().environment, GetParam().facts);
  if (GetParam().word == nullptr) {
    EXPECT_TRUE(warnings.empty()) << warnings.front();
    return;
  }
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings.front().find(GetParam().word), std::string::npos) << warnings.front();
}

INSTANTIATE_TEST_SUITE_P(
    Warnings, EveryWarning,
    testing::Values(
        Case{{{"OPENBLAS_CORETYPE", "Haswell"}}, facts(), "halve DGEMM"},
        Case{{{"OPENBLAS_CORETYPE", "haswell"}}, facts(avx2), nullptr},
        Case{{{"OPENBLAS_CORETYPE", "SkylakeX"}}, facts(), nullptr},
        Case{{{"OPENBLAS_CORETYPE", "Nehalem"}}, facts(avx2), "SSE"},
        Case{{}, {avx512, 2, BlasThreading::openmp, "Haswell"}, "picked its Haswell core"},
        Case{{{"OPENBLAS_L2_SIZE", "512"}}, facts(), "blocking"},
        Case{{}, {avx512, 2, BlasThreading::pthreads, ""}, "oversubscribes"},
        Case{{}, {avx512, 1, BlasThreading::pthreads, ""}, nullptr},
        Case{{}, {avx512, 2, BlasThreading::sequential, ""}, "sequential"},
        Case{{{"BLIS_ARCH_TYPE", "generic"}}, facts(), "BLIS"},
        Case{{{"ONEDNN_MAX_CPU_ISA", "AVX2"}}, facts(), "AVX512_CORE_BF16"},
        Case{{{"DNNL_MAX_CPU_ISA", "avx512_core"}}, facts(), "unset it"},
        Case{{{"DNNL_MAX_CPU_ISA", "AVX512_CORE_BF16"}}, facts(), nullptr},
        Case{{{"ONEDNN_MAX_CPU_ISA", "AVX2"}}, facts(avx2), nullptr},
        Case{{{"ONEDNN_MAX_CPU_ISA", "ALL"}}, facts(), nullptr}, Case{{{"DNNL_VERBOSE", "1"}}, facts(), "prints"},
        Case{{{"DNNL_VERBOSE", "0"}}, facts(), nullptr}, Case{{{"OMP_NUM_THREADS", "1"}}, facts(), "uses 2 threads"},
        Case{{{"OMP_NUM_THREADS", "2,1"}}, facts(), nullptr},
        Case{{{"OPENBLAS_NUM_THREADS", "1"}}, facts(), "uses 2 threads"},
        Case{{{"OMP_THREAD_LIMIT", "1"}}, facts(), "below the 2 threads"},
        Case{{{"OMP_PROC_BIND", "FALSE"}}, facts(), "wander"}, Case{{{"OMP_PROC_BIND", "close"}}, facts(), nullptr},
        Case{{{"OMP_WAIT_POLICY", "PASSIVE"}}, facts(), "sleep"}, Case{{{"OMP_DYNAMIC", "true"}}, facts(), "fewer"},
        Case{{{"MALLOC_PERTURB_", "165"}}, facts(), "allocation"},
        Case{{{"LD_PRELOAD", "libx.so"}}, facts(), "replaces functions"}, Case{{{"LD_PRELOAD", ""}}, facts(), nullptr},
        Case{{{"OMPI_MCA_mpi_yield_when_idle", "1"}}, facts(), "waiting"},
        Case{{{"OMPI_MCA_btl", "tcp,self"}}, facts(), "shared memory"},
        Case{{{"OMPI_MCA_btl", "self,vader"}}, facts(), nullptr},
        Case{{{"OMPI_MCA_btl", "^openib"}}, facts(), nullptr}));

}  // namespace
}  // namespace tandem
