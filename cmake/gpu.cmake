# Kernels in .cu files, compiled once for each vendor: as C++ for the guarded device, which is part of the program; by nvcc
# into libtandem_cuda.so and by hipcc into libtandem_hip.so, modules that the program loads when a case asks for a GPU.
# The compilers are called by name: CMake's own HIP language does not find Debian's hipcc, and both are to stand side by side.
option(TANDEM_CUDA "Build the module for NVIDIA GPUs (nvcc)" OFF)
option(TANDEM_HIP "Build the module for AMD GPUs (hipcc)" OFF)
set(TANDEM_CUDA_ARCHITECTURES "80;90;100" CACHE STRING "Compute capabilities that the module has code for; PTX of the last one nvcc knows is added")
set(TANDEM_HIP_ARCHITECTURES "gfx90a;gfx942" CACHE STRING "AMD architectures that the module has code for")
# What modules take from the program's libraries becomes part of a shared library.
set(TANDEM_MODULES OFF)
if(TANDEM_CUDA OR TANDEM_HIP)
  set(TANDEM_MODULES ON)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(tandem_flags INTERFACE -fno-semantic-interposition)
  endif()
endif()

# tandem_gpu_kernels(memory triad copy SOURCES stream.cu): each name is a function KernelEntry <family>_<name>().
function(tandem_gpu_kernels family)
  cmake_parse_arguments(arg "" "" "SOURCES;GUARDED;CUDA;HIP" ${ARGN})
  foreach(kernel IN LISTS arg_UNPARSED_ARGUMENTS)
    set_property(GLOBAL APPEND PROPERTY TANDEM_GPU_KERNELS ${family}_${kernel})
  endforeach()
  foreach(vendor GUARDED CUDA HIP)
    list(TRANSFORM arg_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE sources)
    list(TRANSFORM arg_${vendor} PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE own)
    set_property(GLOBAL APPEND PROPERTY TANDEM_GPU_SOURCES_${vendor} ${sources} ${own})
  endforeach()
endfunction()

# tandem_gpu_routine(learning training HEADER device_training.hpp SOURCES training.cu): what pipelines use on a device; a
# function Routine <family>_<name>_routine(). The header is what crosses the border to a module.
function(tandem_gpu_routine family name)
  cmake_parse_arguments(arg "" "HEADER" "SOURCES" ${ARGN})
  set_property(GLOBAL APPEND PROPERTY TANDEM_GPU_ROUTINES ${family}_${name}_routine)
  set_property(GLOBAL APPEND PROPERTY TANDEM_MODULE_HEADERS ${CMAKE_CURRENT_SOURCE_DIR}/${arg_HEADER})
  tandem_gpu_kernels(${family} SOURCES ${arg_SOURCES})
endfunction()

# The list of all of them, a file that is compiled for each vendor.
function(tandem_gpu_list output)
  get_property(kernels GLOBAL PROPERTY TANDEM_GPU_KERNELS)
  get_property(routines GLOBAL PROPERTY TANDEM_GPU_ROUTINES)
  set(declarations "")
  set(calls "")
  set(routine_calls "")
  foreach(kernel IN LISTS kernels)
    string(APPEND declarations "KernelEntry ${kernel}();\n")
    string(APPEND calls "${kernel}(), ")
  endforeach()
  foreach(routine IN LISTS routines)
    string(APPEND declarations "Routine ${routine}();\n")
    string(APPEND routine_calls "${routine}(), ")
  endforeach()
  set(file ${CMAKE_CURRENT_BINARY_DIR}/gpu_list.cu)
  file(CONFIGURE OUTPUT ${file} CONTENT
"#include \"harness/kernel/gpu_entries.hpp\"
namespace tandem::GPU_VENDOR {
${declarations}
std::vector<KernelEntry> kernels() {
  std::vector<KernelEntry> all = {${calls}};
  for (KernelEntry& entry : all) entry.free_memory = [](const Ranks& ranks) { return free_bytes(ranks); };
  return all;
}
std::vector<Routine> routines() { return {${routine_calls}}; }
}  // namespace tandem::GPU_VENDOR
#if defined(TANDEM_GUARDED)
#include \"harness/kernel/gpu_kernels.hpp\"
#include \"harness/kernel/gpu_modules.hpp\"
namespace tandem {
const std::vector<KernelEntry>& guarded_registry() {
  static const std::vector<KernelEntry> entries = guarded::kernels();
  return entries;
}
const std::vector<Routine>& guarded_routines() {
  static const std::vector<Routine> entries = guarded::routines();
  return entries;
}
}  // namespace tandem
#endif
" @ONLY)
  set(${output} ${file} PARENT_SCOPE)
endfunction()

# tandem_gpu_module(cuda COMMAND nvcc ... SOURCES ... LINK ...): a library with one export, beside the program.
function(tandem_gpu_module vendor)
  cmake_parse_arguments(arg "" "" "COMMAND;SOURCES;LINK" ${ARGN})
  list(TRANSFORM MPI_C_INCLUDE_DIRS PREPEND -I OUTPUT_VARIABLE includes)
  set(objects "")
  foreach(source IN LISTS arg_SOURCES)
    string(SHA256 digest ${source})
    string(SUBSTRING ${digest} 0 8 digest)
    get_filename_component(name ${source} NAME_WE)
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${vendor}/${name}-${digest}.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${CMAKE_CXX_COMPILER_LAUNCHER} ${arg_COMMAND} -I${CMAKE_SOURCE_DIR}
              ${includes}
              -DOMPI_SKIP_MPICXX -DMPICH_SKIP_MPICXX -c ${source} -o ${object} -MD -MF ${object}.d
      DEPENDS ${source} DEPFILE ${object}.d COMMAND_EXPAND_LISTS VERBATIM COMMENT "Compiling ${name} for ${vendor}")
    list(APPEND objects ${object})
  endforeach()
  add_library(module_${vendor} MODULE ${objects})
  set_target_properties(module_${vendor} PROPERTIES OUTPUT_NAME tandem_${vendor} LINKER_LANGUAGE CXX
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  target_link_libraries(module_${vendor} PRIVATE ${arg_LINK})
  target_link_options(module_${vendor} PRIVATE -Wl,--as-needed -Wl,--gc-sections -Wl,-z,defs
    -Wl,--version-script=${CMAKE_SOURCE_DIR}/cmake/gpu_module.map)
endfunction()

# NCCL, RCCL: the header is built with, the library is loaded by the module when it is first asked for. In `output`: flags.
function(tandem_gpu_collective name header root output)
  string(TOUPPER ${name} upper)
  find_path(${upper}_INCLUDE ${header} HINTS ENV ${upper}_HOME ${root} PATH_SUFFIXES include)
  find_library(${upper}_LIBRARY NAMES ${name} lib${name}.so.2 lib${name}.so.1 HINTS ENV ${upper}_HOME ${root}
    PATH_SUFFIXES lib lib64)
  set(flags "")
  if(${upper}_INCLUDE)
    set(flags -DTANDEM_COLLECTIVE -I${${upper}_INCLUDE})
  else()
    message(STATUS "no ${header}: no sums by ${upper} in the module")
  endif()
  set(${output} ${flags} PARENT_SCOPE)
endfunction()

# Where the library was found is where the module looks after the paths of the system.
function(tandem_gpu_look_in vendor library)
  if(library)
    get_filename_component(folder ${library} DIRECTORY)
    set_property(TARGET module_${vendor} APPEND PROPERTY BUILD_RPATH ${folder})
  endif()
endfunction()

function(tandem_cuda_module sources libraries)
  find_program(NVCC nvcc HINTS ENV CUDA_HOME PATHS /usr/local/cuda/bin REQUIRED)
  get_filename_component(root ${NVCC} DIRECTORY)
  get_filename_component(root ${root} DIRECTORY)
  find_library(CUDART_STATIC cudart_static HINTS ${root}/lib64 ${root}/targets/x86_64-linux/lib REQUIRED)
  find_library(CUBLASLT cublasLt HINTS ${root}/lib64 REQUIRED)
  execute_process(COMMAND ${NVCC} --list-gpu-arch OUTPUT_VARIABLE known)
  set(code "")
  foreach(architecture IN LISTS TANDEM_CUDA_ARCHITECTURES)
    if(known MATCHES "compute_${architecture}\n")
      if(newest)
        list(APPEND code -gencode arch=compute_${newest},code=sm_${newest})
      endif()
      set(newest ${architecture})
    else()
      message(STATUS "nvcc does not know sm_${architecture}: left out")
    endif()
  endforeach()
  list(APPEND code -gencode arch=compute_${newest},code=[sm_${newest},compute_${newest}])
  tandem_gpu_collective(nccl nccl.h ${root} collective)
  # fmt 9 believes that nvcc knows no constexpr.
  tandem_gpu_module(cuda SOURCES ${sources}
    COMMAND ${NVCC} -ccbin ${CMAKE_CXX_COMPILER} -std=c++20 -O3 ${code} -Xcompiler=-fPIC,-fvisibility=hidden,-fopenmp
            -DFMT_USE_CONSTEXPR=1 --expt-relaxed-constexpr -Wno-deprecated-gpu-targets ${collective}
    LINK ${libraries} ${CUBLASLT} ${CUDART_STATIC} rt Threads::Threads ${CMAKE_DL_LIBS})
  tandem_gpu_look_in(cuda ${NCCL_LIBRARY})
endfunction()

function(tandem_hip_module sources libraries)
  find_program(HIPCC hipcc HINTS ENV ROCM_PATH PATHS /opt/rocm/bin REQUIRED)
  find_library(AMDHIP amdhip64 HINTS /opt/rocm/lib REQUIRED)
  set(code "")
  foreach(architecture IN LISTS TANDEM_HIP_ARCHITECTURES)
    execute_process(COMMAND ${HIPCC} -x hip --offload-arch=${architecture} -E /dev/null
      RESULT_VARIABLE unknown OUTPUT_QUIET ERROR_QUIET)
    if(unknown)
      message(STATUS "hipcc does not know ${architecture}: left out")
    else()
      list(APPEND code --offload-arch=${architecture})
    endif()
  endforeach()
  find_library(ROCBLAS rocblas HINTS /opt/rocm/lib)
  set(blas "")
  if(ROCBLAS)
    set(blas ${ROCBLAS})
  else()
    message(STATUS "no rocBLAS: products are unsupported in the HIP module")
  endif()
  tandem_gpu_collective(rccl rccl/rccl.h /opt/rocm collective)
  # No -fopenmp: clang's OpenMP would be a second runtime beside the program's.
  tandem_gpu_module(hip SOURCES ${sources}
    COMMAND ${HIPCC} -x hip -std=c++20 -O3 ${code} -fPIC -fvisibility=hidden ${collective}
    LINK ${libraries} ${blas} ${AMDHIP} Threads::Threads ${CMAKE_DL_LIBS})
  tandem_gpu_look_in(hip ${RCCL_LIBRARY})
endfunction()
