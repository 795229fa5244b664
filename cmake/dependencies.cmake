# Distribution packages only; ci/packages.sh knows their names.
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(MPI REQUIRED COMPONENTS C)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
# Not find_package(dnnl): Debian 12's file wants OpenCL development files that a CPU program does not need.
find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.hpp REQUIRED)
find_library(DNNL_LIBRARY dnnl REQUIRED)
add_library(onednn INTERFACE)
target_include_directories(onednn SYSTEM INTERFACE ${DNNL_INCLUDE_DIR})
target_link_libraries(onednn INTERFACE ${DNNL_LIBRARY})
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(Boost CONFIG REQUIRED)  # headers: Math distributions, Random's Sobol sequence
find_package(benchmark REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(HWLOC REQUIRED IMPORTED_TARGET hwloc)

# Any CBLAS: -DBLA_VENDOR=..., or the distribution's choice.
find_package(BLAS REQUIRED)
find_path(CBLAS_INCLUDE_DIR cblas.h REQUIRED
  PATH_SUFFIXES openblas openblas-openmp x86_64-linux-gnu/openblas-openmp aarch64-linux-gnu/openblas-openmp)

find_file(CHART_JS NAMES chart.min.js Chart.min.js chart.umd.js
  PATHS /usr/share/javascript/chart.js /usr/share/nodejs/chart.js/dist REQUIRED)
add_library(cblas INTERFACE)
target_include_directories(cblas SYSTEM INTERFACE ${CBLAS_INCLUDE_DIR})
target_link_libraries(cblas INTERFACE BLAS::BLAS)
