// What the run ran on: processor, memory, system, libraries, environment. The "machine" of result.json.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/device/host.hpp"
#include "harness/measure/environment.hpp"

namespace tandem {

// `threads` of a rank, for the warnings. The host's name is hashed (SHA-256) unless `names_in_clear`.
nlohmann::ordered_json describe_machine(int threads = physical_cores(), bool names_in_clear = false);

std::string host_digest();   // SHA-256 of this host's name
std::string topology_xml();  // hwloc's export of this host, without host names and serial numbers

// The parts, each from a tree like / so that a test can give its own.
std::string cpu_name(const std::filesystem::path& root = "/");
std::vector<std::string> cpu_features(const std::filesystem::path& root = "/");  // those that change arithmetic
bool virtual_machine(const std::filesystem::path& root = "/");

// The BLAS that this program was loaded with, as far as it tells.
struct Blas {
  std::string name;     // "OpenBLAS", "MKL", "BLIS"; the library's file name where it does not tell
  std::string version;  // with its build configuration
  std::string core;     // kernels picked for this CPU
  BlasThreading threading = BlasThreading::unknown;
};
Blas loaded_blas();

nlohmann::ordered_json describe_libraries();  // {"blas":{..},"onednn":{..},"mpi":{..},"hdf5":..,"hwloc":..,..}

}  // namespace tandem
