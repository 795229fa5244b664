option(TANDEM_NATIVE "Compile for the CPU of this machine (-march=native)" ON)
option(TANDEM_WERROR "Treat warnings as errors" OFF)
option(TANDEM_TESTS "Build the tests" ON)
option(TANDEM_UNITY "Compile what is not timed several files at once: half the time from nothing, more after a change" ON)
option(TANDEM_FUZZ "Build the fuzzers of tests/fuzz (clang only)" OFF)
set(TANDEM_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG")

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
if(CMAKE_CXX_COMPILER_LAUNCHER)  # a cache of objects saves more, and precompiled headers hide from it what has changed
  set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)
endif()

# Flags of every target. No -ffast-math: kernels that want reassociation say so with `#pragma omp simd reduction`. A square
# root that sets errno, which nobody reads, is not turned into vector code.
add_library(tandem_flags INTERFACE)
target_include_directories(tandem_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(tandem_flags INTERFACE -fno-math-errno -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  target_compile_options(tandem_flags INTERFACE -Wno-restrict)  # false alarms on std::string (GCC bug 105651)
  if(NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)  # more of them, where GCC no longer knows a precompiled header to be the system's
    target_compile_options(tandem_flags INTERFACE -Wno-array-bounds -Wno-stringop-overread -Wno-stringop-overflow)
  endif()
endif()
if(TANDEM_WERROR)
  target_compile_options(tandem_flags INTERFACE -Werror)
endif()
if(TANDEM_NATIVE)
  target_compile_options(tandem_flags INTERFACE -march=native)
  include(CheckCXXCompilerFlag)
  check_cxx_compiler_flag(-mprefer-vector-width=512 TANDEM_HAS_VECTOR_WIDTH)
  if(TANDEM_HAS_VECTOR_WIDTH)  # else the compiler uses half of the AVX-512 registers
    target_compile_options(tandem_flags INTERFACE -mprefer-vector-width=512)
  endif()
endif()
if(TANDEM_SANITIZE)
  target_compile_options(tandem_flags INTERFACE -fsanitize=${TANDEM_SANITIZE} -fno-omit-frame-pointer -g
    -Wno-maybe-uninitialized)  # false alarms of GCC on std::regex under the sanitizers
  target_link_options(tandem_flags INTERFACE -fsanitize=${TANDEM_SANITIZE})
endif()
if(TANDEM_FUZZ)  # assertions of the libraries too: what they find is a crash that the sanitizers may miss
  target_compile_options(tandem_flags INTERFACE -fsanitize=fuzzer-no-link -O1 -gline-tables-only -UNDEBUG -D_GLIBCXX_ASSERTIONS
    -Wno-unknown-warning-option)
endif()
