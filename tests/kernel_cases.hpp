// The small cases of each kernel that every_kernel_test walks. The sizes that are timed come from the quick
// configuration.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace tandem {

using Cases = std::map<std::string, std::vector<std::string>>;

inline std::string matrix(const std::string& file) { return "matrix=" TEST_MATRICES "/" + file; }

// Small cases of each kernel, "key=value/..."; a kernel without a line is tested with its defaults.
inline const Cases& small_cases() {
  static const Cases table = {
      {"memory/triad", {"n=1", "n=1000", "n=100003/stores=plain", "n=4096/stores=streaming"}},
      {"memory/copy", {"n=1", "n=1000", "n=100003/stores=plain", "n=4096/stores=streaming"}},
      {"memory/file_io",
       {"bytes=8", "bytes=1M", "bytes=1M/direction=warm_read", "bytes=100000/direction=cold_read/directory=."}},
      {"dense/gemm", {"n=1", "n=7", "n=64", "n=250"}},
      {"dense/mixed_gemm",
       {"n=64/precision=fp32", "n=100/precision=bf16", "n=64/precision=int8", "n=64/precision=bf16/layout=plain",
        "n=50/precision=fp64/layout=plain", "n=30/precision=fp64", "n=64/precision=fp16", "n=64/precision=fp8",
        "n=8x300x70/precision=bf16", "n=1x64x512/precision=fp32", "n=300x5x9/precision=int8",
        "n=3x64x40/precision=fp64/layout=plain", "n=200x40x8/precision=bf16/layout=plain"}},
      {"dense/lu", {"n=1", "n=7/nb=3", "n=64/nb=8", "n=250", "n=300/nb=100"}},
      {"dense/lu_mixed",
       {"n=1/precision=fp32", "n=33/precision=fp32", "n=250", "n=300/precision=bf16", "n=200/precision=fp16",
        "n=150/precision=bf16/matrix=test", "n=300/nb=100"}},
      {"sparse/spmv",
       {"matrix=stencil27:1", "matrix=stencil27:5", "matrix=stencil27:12/format=csr",
        "matrix=stencil27:33/format=strips", matrix("irregular.mtx"), matrix("symmetric.mtx/format=csr"),
        matrix("band.mtx/format=strips")}},
      {"sparse/cg", {"n=16"}},
      {"sparse/hpcg",
       {"local=16", "local=24x16x32/format=csr/order=colours", "local=24/format=packed/order=levels",
        "local=16x24x16/format=sell/order=levels"}},
      {"sparse/hpg_mixed",
       {"local=16", "local=24x16x32/format=csr/order=colours", "local=24/format=packed/order=levels",
        "local=16x24x16/format=sell/order=levels"}},
      {"learning/adam", {"n=1", "n=1000", "n=10007/copy=bf16"}},
      {"learning/attention",
       {"tokens=1/heads=2/width=8", "tokens=65/heads=3/width=16/sequences=2",
        "tokens=64/heads=2/width=32/precision=bf16", "tokens=300/heads=3/width=16", "tokens=1100/heads=1/width=16",
        "tokens=260/heads=2/width=24/precision=bf16", "tokens=100/heads=3/width=20/phase=decode",
        "tokens=257/width=64/phase=decode/precision=bf16"}},
      {"learning/conv",
       {"image=1x1/channels=1-1/filter=1/batch=1", "image=9x7/channels=3-20-5/batch=3",
        "image=8x12/channels=16-32/batch=2/stride=2", "image=11x10/channels=2-16-16-3/filter=4/stride=3/batch=2",
        "image=16x16/channels=4-8-4/filter=5/pass=inference", "image=16x16/channels=1-16-16-1/precision=bf16",
        "image=8x8/channels=32-16/batch=4/precision=bf16"}},
      {"learning/linear",
       {"batch=1/in=1/out=1", "batch=9/in=100/out=70", "batch=70/in=9/out=100/pass=backward",
        "batch=32/in=64/out=96/precision=bf16", "batch=32/in=64/out=96/pass=backward/precision=bf16"}},
      {"learning/spectral",
       {"grid=2x2/modes=1x1/channels=1/batch=1", "grid=8x12/modes=4x3/channels=5/batch=3",
        "grid=9x7/modes=3x2/channels=16/batch=2/pass=inference", "grid=24x48/modes=8x12/channels=20/batch=2"}},
      {"stencil/shallow_water",
       {"nx=4/ny=4/members=1/steps=1", "nx=20/ny=12/members=3/steps=5", "nx=64/ny=48/members=2/steps=3"}},
      {"lattice/boltzmann",
       {"nx=4/ny=4/members=1/steps=1", "nx=20/ny=12/members=3/steps=5", "nx=96/ny=48/members=2/steps=3"}},
      {"learning/train_step", {"layers=3-16-5/batch=8", "layers=8-32-32-16/batch=16/precision=bf16"}},
      {"montecarlo/draws", {"paths=16", "paths=64"}},
      {"montecarlo/paths", {"markets=2/paths=16", "markets=1/paths=64/derivatives=no"}},
      {"particle/pair_forces",
       {"poses=1/replicas=16/sites=1/fixed=1", "poses=3/replicas=48/sites=7/fixed=31",
        "poses=2/replicas=40/sites=10/fixed=131/precision=fp64", "poses=8"}},
      {"network/allreduce",
       {"bytes=8", "bytes=4k/precision=int32", "bytes=4k/precision=fp64", "bytes=4k/precision=bf16",
        "bytes=4k/algorithm=shared_window", "bytes=4k/precision=bf16/algorithm=hierarchical",
        "bytes=4k/algorithm=direct"}},
  };
  return table;
}

// The same for what runs on devices: tested on the guarded one.
inline const Cases& small_device_cases() {
  static const Cases table = {
      {"memory/triad", {"n=1", "n=2", "n=1000", "n=10007"}},
      {"memory/copy", {"n=1", "n=2", "n=1000", "n=10007"}},
      {"memory/transfer",
       {"bytes=8", "bytes=1M/direction=to_host", "bytes=1k/memory=pageable",
        "bytes=1k/direction=to_host/memory=pageable"}},
      {"learning/adam", {"n=1", "n=1000", "n=1007/copy=bf16"}},
      {"learning/attention",
       {"tokens=1/heads=2/width=8", "tokens=65/heads=3/width=16/sequences=2",
        "tokens=300/heads=2/width=24/precision=bf16", "tokens=520/heads=1/width=5",
        "tokens=100/heads=3/width=20/phase=decode", "tokens=600/heads=2/width=144/phase=decode",
        "tokens=257/heads=2/width=64/phase=decode/precision=bf16", "tokens=4100/heads=2/width=3/phase=decode"}},
      {"learning/conv",
       {"image=1x1/channels=1-1/filter=1/batch=1", "image=9x7/channels=3-20-5/batch=3",
        "image=8x12/channels=16-37/batch=2/stride=2", "image=11x10/channels=2-16-16-3/filter=4/stride=3/batch=2",
        "image=6x7/channels=4-8-4/filter=5/batch=2/pass=inference", "image=40x30/channels=2-5/batch=1",
        "image=8x8/channels=1-16-16-1/batch=2/precision=bf16", "image=4x3/channels=34-66/batch=2/precision=bf16"}},
      {"learning/spectral",
       {"grid=2x2/modes=1x1/channels=1/batch=1", "grid=8x12/modes=4x3/channels=5/batch=3",
        "grid=9x7/modes=3x2/channels=16/batch=2/pass=inference", "grid=12x20/modes=5x6/channels=20/batch=2"}},
      {"lattice/boltzmann",
       {"nx=4/ny=4/members=1/steps=1", "nx=20/ny=12/members=3/steps=5", "nx=33/ny=19/members=2/steps=4"}},
      {"sparse/hpcg", {"local=16x24x16"}},
      {"sparse/hpg_mixed", {"local=16x24x16"}},
      {"learning/linear",
       {"batch=1/in=1/out=1", "batch=9/in=100/out=70", "batch=70/in=9/out=100/pass=backward",
        "batch=32/in=64/out=96/precision=bf16", "batch=130/in=16/out=24/pass=backward/precision=bf16"}},
      {"learning/train_step",
       {"layers=3-16-5/batch=8", "layers=4-7/batch=70", "layers=8-32-32-16/batch=16/precision=bf16",
        "layers=8-32-32-16/batch=16/graph=off", "layers=4-7/batch=70/precision=bf16/graph=off"}},
      {"network/allreduce",
       {"bytes=8", "bytes=4k/precision=int32", "bytes=4k/precision=fp64", "bytes=4k/precision=bf16",
        "bytes=4k/algorithm=staged", "bytes=4k/precision=bf16/algorithm=staged", "bytes=4k/algorithm=gpu_aware"}},
      {"dense/gemm", {"n=1", "n=7", "n=64"}},
      {"dense/lu", {"n=1", "n=7/nb=3", "n=100/nb=48", "n=130/nb=128"}},
      {"dense/lu_mixed",
       {"n=1/precision=fp32", "n=33/precision=bf16", "n=100", "n=128/precision=fp16", "n=300/precision=bf16",
        "n=201/precision=fp16/matrix=test", "n=290/precision=fp32"}},
      {"dense/mixed_gemm",
       {"n=40/precision=fp64", "n=64/precision=fp32", "n=64/precision=tf32", "n=8x100x33/precision=bf16",
        "n=64/precision=fp16", "n=48x32x64/precision=fp8", "n=12x40x64/precision=int8"}},
      {"sparse/spmv",
       {"matrix=stencil27:1", "matrix=stencil27:33/format=strips", "matrix=stencil27:9",
        "matrix=stencil27:7/format=csr", matrix("irregular.mtx"), matrix("symmetric.mtx/format=csr"),
        matrix("band.mtx")}},
  };
  return table;
}

}  // namespace tandem
