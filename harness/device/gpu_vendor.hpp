// The one place that knows whose GPU runtime a .cu file is compiled for. nvcc: CUDA; hipcc: HIP; a C++ compiler: the
// guarded device, which behaves like a GPU in the memory of the host (guarded.hpp). GPU_VENDOR names the namespace of
// everything that is compiled once for each; gpuMalloc and the like are the runtime's own functions.
#pragma once

#if defined(__HIPCC__) || defined(__HIP__)
#include <hip/hip_runtime.h>
#define GPU_VENDOR hip
#define TANDEM_HIP 1
#define GPU(name) hip##name
#define gpuDeviceProp hipDeviceProp_t
#define gpuHostAlloc hipHostMalloc
#define gpuFreeHost hipHostFree
#elif defined(__CUDACC__)
#include <cuda_runtime.h>
#define GPU_VENDOR cuda
#define TANDEM_CUDA 1
#define GPU(name) cuda##name
#define gpuDeviceProp cudaDeviceProp
#define gpuHostAlloc cudaHostAlloc
#define gpuFreeHost cudaFreeHost
#else
#include "harness/device/guarded.hpp"
#define GPU_VENDOR guarded
#define TANDEM_GUARDED 1
#endif

#ifdef GPU
#define gpuError_t GPU(Error_t)
#define gpuSuccess GPU(Success)
#define gpuErrorMemoryAllocation GPU(ErrorMemoryAllocation)
#define gpuGetErrorString GPU(GetErrorString)
#define gpuGetLastError GPU(GetLastError)
#define gpuMalloc GPU(Malloc)
#define gpuFree GPU(Free)
#define gpuMemcpyAsync GPU(MemcpyAsync)
#define gpuMemsetAsync GPU(MemsetAsync)
#define gpuMemGetInfo GPU(MemGetInfo)
#define gpuMemcpyHostToDevice GPU(MemcpyHostToDevice)
#define gpuMemcpyDeviceToHost GPU(MemcpyDeviceToHost)
#define gpuMemcpyDeviceToDevice GPU(MemcpyDeviceToDevice)
#define gpuLaunchKernel GPU(LaunchKernel)
#define gpuDeviceReset GPU(DeviceReset)
#define gpuDeviceGetPCIBusId GPU(DeviceGetPCIBusId)
#define gpuDeviceSynchronize GPU(DeviceSynchronize)
#define gpuGetDeviceCount GPU(GetDeviceCount)
#define gpuSetDevice GPU(SetDevice)
#define gpuGetDeviceProperties GPU(GetDeviceProperties)
#define gpuDriverGetVersion GPU(DriverGetVersion)
#define gpuRuntimeGetVersion GPU(RuntimeGetVersion)
#define gpuStream_t GPU(Stream_t)
#define gpuStreamCreate GPU(StreamCreate)
#define gpuStreamSynchronize GPU(StreamSynchronize)
#define gpuStreamBeginCapture GPU(StreamBeginCapture)
#define gpuStreamCaptureModeThreadLocal GPU(StreamCaptureModeThreadLocal)
#define gpuStreamEndCapture GPU(StreamEndCapture)
#define gpuGraph_t GPU(Graph_t)
#define gpuGraphExec_t GPU(GraphExec_t)
#define gpuGraphInstantiate GPU(GraphInstantiate)
#define gpuGraphLaunch GPU(GraphLaunch)
#define gpuGraphDestroy GPU(GraphDestroy)
#define gpuGraphExecDestroy GPU(GraphExecDestroy)

namespace tandem::GPU_VENDOR {
// To which all work of this rank goes, that of libraries too: work on the default stream cannot be recorded.
gpuStream_t stream();
}  // namespace tandem::GPU_VENDOR
#endif
