# One function for each kind of target.

# tandem_headers(kind <a> <b> ... LINK ...): headers that are compiled once, for all targets of a kind.
function(tandem_headers kind)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  add_library(tandem_${kind}_headers STATIC ${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp)
  target_link_libraries(tandem_${kind}_headers PRIVATE tandem_flags fmt::fmt OpenMP::OpenMP_CXX ${arg_LINK})
  target_precompile_headers(tandem_${kind}_headers PRIVATE ${arg_UNPARSED_ARGUMENTS})
endfunction()
tandem_headers(timed <fmt/format.h> <algorithm> <cmath> <functional> <map> <memory> <span> <string> <vector>)
set_target_properties(tandem_timed_headers PROPERTIES POSITION_INDEPENDENT_CODE ${TANDEM_MODULES})
tandem_headers(document <nlohmann/json.hpp> <fmt/format.h> <CLI/CLI.hpp> <filesystem> <functional> <map> <string> <vector>
  LINK nlohmann_json::nlohmann_json CLI11::CLI11)

# What only handles documents and processes, nothing that is timed: compiled quickly rather than to run fast.
set(TANDEM_QUICKLY $<$<CONFIG:Release,RelWithDebInfo>:-O1>)
target_compile_options(tandem_document_headers PRIVATE ${TANDEM_QUICKLY})
function(tandem_untimed target)
  target_compile_options(${target} PRIVATE ${TANDEM_QUICKLY})
  target_precompile_headers(${target} REUSE_FROM tandem_document_headers)
endfunction()

# Several files of a target are compiled as one: where the most that most of them cost is the headers.
function(tandem_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${TANDEM_UNITY} UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# tandem_library(name [UNTIMED] [UNITY] SOURCES ... LINK ...): tandem_unity for all that is UNTIMED too.
function(tandem_library name)
  cmake_parse_arguments(arg "UNTIMED;UNITY" "" "SOURCES;LINK" ${ARGN})
  add_library(tandem_${name} STATIC ${arg_SOURCES})
  target_link_libraries(tandem_${name} PUBLIC tandem_flags fmt::fmt OpenMP::OpenMP_CXX ${arg_LINK})
  if(arg_UNTIMED)
    tandem_untimed(tandem_${name})
  else()
    target_precompile_headers(tandem_${name} REUSE_FROM tandem_timed_headers)
    set_target_properties(tandem_${name} PROPERTIES POSITION_INDEPENDENT_CODE ${TANDEM_MODULES})
  endif()
  if(arg_UNTIMED OR arg_UNITY)
    tandem_unity(tandem_${name})
  endif()
endfunction()

# tandem_tool(name SOURCES ... LINK ...): a program with a command line, beside the others.
function(tandem_tool name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE tandem_flags fmt::fmt OpenMP::OpenMP_CXX CLI11::CLI11 ${arg_LINK})
  tandem_untimed(${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

# What tests are made of is compiled quickly, with headers of its own (tests/CMakeLists.txt).
function(tandem_test_code target)
  target_link_libraries(${target} PRIVATE GTest::gtest)
  target_compile_options(${target} PRIVATE ${TANDEM_QUICKLY})
  target_precompile_headers(${target} REUSE_FROM tandem_test_headers)
endfunction()

# Of tests/<name>_test.cpp, or of tests/<file>_test.cpp for each of FILES.
function(tandem_test_program name)
  cmake_parse_arguments(arg "" "" "FILES;LINK" ${ARGN})
  set(files ${arg_FILES})
  if(NOT files)
    string(REGEX REPLACE "_test$" "" files ${name})
  endif()
  list(TRANSFORM files APPEND _test.cpp)
  add_executable(${name} ${files})
  target_link_libraries(${name} PRIVATE tandem_flags fmt::fmt OpenMP::OpenMP_CXX ${arg_LINK})
  tandem_test_code(${name})
  # Half as many as elsewhere: the last things to be compiled are not to be the longest.
  tandem_unity(${name})
  set_target_properties(${name} PROPERTIES UNITY_BUILD_BATCH_SIZE 4)
endfunction()

# tandem_kernels(dense gemm mixed_gemm LINK ...): each file <name>.cpp defines KernelEntry <family>_<name>().
function(tandem_kernels family)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  list(TRANSFORM arg_UNPARSED_ARGUMENTS APPEND .cpp OUTPUT_VARIABLE cases)
  tandem_library(kernels_${family} SOURCES ${cases} ${arg_SOURCES} LINK tandem_ranks ${arg_LINK})
  foreach(kernel IN LISTS arg_UNPARSED_ARGUMENTS)
    set_property(GLOBAL APPEND PROPERTY TANDEM_KERNELS ${family}_${kernel})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY TANDEM_KERNEL_LIBRARIES tandem_kernels_${family})
endfunction()

# tandem_pipeline(heat SOURCES ... LINK ...): one of the files defines PipelineEntry <name>().
function(tandem_pipeline name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  tandem_library(pipeline_${name} SOURCES ${arg_SOURCES} LINK tandem_ranks ${arg_LINK})
  set_property(GLOBAL APPEND PROPERTY TANDEM_PIPELINES ${name})
  set_property(GLOBAL APPEND PROPERTY TANDEM_PIPELINE_LIBRARIES tandem_pipeline_${name})
endfunction()

# Writes the registry of a kind: an explicit list of calls, so that no static initialiser can be lost by the linker.
function(tandem_registry kind entry names libraries)
  set(declarations "")
  set(calls "")
  foreach(name IN LISTS names)
    string(APPEND declarations "${entry}Entry ${name}();\n")
    string(APPEND calls "      ${kind}s::${name}(),\n")
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${kind}_registry.cpp CONTENT
"#include \"harness/${kind}/${kind}.hpp\"
namespace tandem {
namespace ${kind}s {
${declarations}}
const std::vector<${entry}Entry>& ${kind}_registry() {
  static const std::vector<${entry}Entry> entries = {
${calls}  };
  return entries;
}
}  // namespace tandem
" @ONLY)
  # Objects, not an archive: libraries that stand behind it among a linker's arguments ask for it.
  add_library(tandem_${kind}_registry OBJECT ${CMAKE_CURRENT_BINARY_DIR}/${kind}_registry.cpp)
  target_link_libraries(tandem_${kind}_registry PUBLIC tandem_flags tandem_ranks ${libraries})
endfunction()

# What a test may take at most, in seconds: programs with sanitizers are several times slower.
function(tandem_timeout variable seconds)
  if(TANDEM_SANITIZE)
    math(EXPR seconds "8 * ${seconds}")
  endif()
  set(${variable} ${seconds} PARENT_SCOPE)
endfunction()

# tandem_test(name [SERIAL] [FILES ...] LINK ...): tests/<name>_test.cpp with GoogleTest, or a program of several files.
# SERIAL: it judges a time, so it runs alone.
function(tandem_test name)
  cmake_parse_arguments(arg "SERIAL" "TIMEOUT" "FILES;LINK;LABELS" ${ARGN})
  tandem_test_program(${name}_test FILES ${arg_FILES} LINK ${arg_LINK} GTest::gtest_main)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  tandem_timeout(timeout ${arg_TIMEOUT})
  set(properties TIMEOUT ${timeout} RUN_SERIAL ${arg_SERIAL})
  if(arg_LABELS)
    list(APPEND properties LABELS ${arg_LABELS})
  endif()
  gtest_discover_tests(${name}_test DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
endfunction()
