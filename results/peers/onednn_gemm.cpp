// The product of two n x n matrices by oneDNN alone, B in the format that it likes best: onednn_gemm f32|bf16 n. Prints
// the median flop/s of 21 blocks of calls.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unordered_map>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

using dnnl::memory;

static memory filled(memory::dim n, const memory::desc& format, const dnnl::engine& engine, dnnl::stream& stream) {
  const memory::desc plain({n, n}, memory::data_type::f32, memory::format_tag::ab);
  memory from(plain, engine), to(format, engine);
  auto* values = static_cast<float*>(from.get_data_handle());
  for (std::size_t i = 0; i < plain.get_size() / 4; ++i)
    values[i] = static_cast<float>(i * 2654435761U % 1024) / 512 - 1;
  dnnl::reorder(from, to).execute(stream, from, to);
  stream.wait();
  return to;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto type = std::string(argv[1]) == "bf16" ? memory::data_type::bf16 : memory::data_type::f32;
  const memory::dim n = std::atol(argv[2]);
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const memory::desc a({n, n}, type, memory::format_tag::ab), b({n, n}, type, memory::format_tag::any);
  const memory::desc c({n, n}, memory::data_type::f32, memory::format_tag::ab);
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::matmul::primitive_desc plan(engine, a, b, c);
#else
  const dnnl::matmul::primitive_desc plan(dnnl::matmul::desc(a, b, c), engine);
#endif
  const dnnl::matmul product(plan);
  const std::unordered_map<int, memory> arguments = {{DNNL_ARG_SRC, filled(n, a, engine, stream)},
                                                     {DNNL_ARG_WEIGHTS, filled(n, plan.weights_desc(), engine, stream)},
                                                     {DNNL_ARG_DST, memory(c, engine)}};
  const auto block = [&](int calls) {
    const auto start = std::chrono::steady_clock::now();
    for (int call = 0; call < calls; ++call) product.execute(stream, arguments);
    stream.wait();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / calls;
  };
  block(3);
  const int calls = std::max(1, static_cast<int>(0.1 / block(3)));
  std::vector<double> seconds;
  for (int i = 0; i < 21; ++i) seconds.push_back(block(calls));
  std::nth_element(seconds.begin(), seconds.begin() + 10, seconds.end());
  const double size = static_cast<double>(n);
  std::printf("%.6e %s\n", 2 * size * size * size / seconds[10], plan.impl_info_str());
}
