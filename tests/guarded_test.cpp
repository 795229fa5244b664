// The guarded device catches what would go wrong on a GPU: a missing copy, a missing wait, an access beyond the end, a
// barrier that not all threads reach.
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/device/gpu_code.hpp"
#include "harness/device/gpu_graph.hpp"
#include "harness/device/gpu_memory.hpp"
#include "harness/device/gpu_rank.hpp"

namespace tandem::guarded {
namespace {

constexpr std::size_t count = 100;

GPU_KERNEL void add_one(int* values, std::size_t n) {
  const std::size_t i = grid_index();
  if (i < n) values[i] += 1;
}

// The sum of a block's values by halving, the way of a GPU.
GPU_KERNEL void sum_of_blocks(const int* values, int* sums) {
  GPU_SHARED int part[64];
  const unsigned i = thread_index();
  part[i] = values[grid_index()];
  for (unsigned half = block_size() / 2; half > 0; half /= 2) {
    block_barrier();
    if (i < half) part[i] += part[i + half];
  }
  block_barrier();
  if (i == 0) sums[block_index()] = part[0];
}

GPU_KERNEL void leave_early(int* values) {
  if (thread_index() == 0) return;
  block_barrier();
  values[thread_index()] = 1;
}

GPU_KERNEL void reach_beyond(int* values, std::size_t n) { values[n] = 1; }

Buffer<int> rising(std::size_t n) {
  Buffer<int> values(n);
  std::iota(values.begin(), values.end(), 0);
  return values;
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Guarded, copies_compute_and_copy_back) {
  DeviceBuffer<int> device(count);
  device.upload(rising(count));
  launch(add_one, blocks_for(count, 32), 32, device.data(), count);
  finish();
  Buffer<int> back(count);
  device.download(back);
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(back[i], static_cast<int>(i) + 1);
}

TEST(Guarded, threads_of_a_block_meet_at_barriers) {
  constexpr std::size_t blocks = 3, threads = 64;
  DeviceBuffer<int> values(blocks * threads), sums(blocks);
  values.upload(rising(blocks * threads));
  launch(sum_of_blocks, blocks, threads, static_cast<const int*>(values.data()), sums.data());
  finish();
  Buffer<int> back(blocks);
  sums.download(back);
  for (std::size_t b = 0; b < blocks; ++b)
    EXPECT_EQ(back[b], static_cast<int>(threads * (threads * b) + threads * (threads - 1) / 2));
}

TEST(Guarded, a_barrier_that_a_thread_does_not_reach_is_an_error) {
  DeviceBuffer<int> values(count);
  launch(leave_early, 1, 8, values.data());
  EXPECT_NE(error_of([] { finish(); }).find("7 of 8 threads of a block wait at a barrier"), std::string::npos);
  launch(add_one, 1, 8, values.data(), count);  // and the device still works
  EXPECT_EQ(error_of([] { finish(); }), "");
}

TEST(Guarded, nothing_is_done_before_somebody_waits) {
  DeviceBuffer<int> device(count);
  Buffer<int> host = rising(count);
  start_copy_in(device.data(), host.data(), count * sizeof(int));
  Buffer<int> back(count);
  start_copy_out(back.data(), device.data(), count * sizeof(int));
  host[3] = 77;  // too early: the device has not read it yet
  EXPECT_EQ(back[3], 0);
  finish();
  EXPECT_EQ(back[3], 77);
  EXPECT_EQ(back[4], 4);
}

TEST(Guarded, new_memory_is_no_number) {
  DeviceBuffer<double> device(count);
  Buffer<double> back(count);
  device.download(back);
  for (const double value : back) EXPECT_NE(value, value);
}

TEST(Guarded, a_kernel_takes_no_memory_of_the_host) {
  Buffer<int> host(count);
  EXPECT_EQ(error_of([&] { launch(add_one, 1, 8, host.data(), count); }),
            "guarded device: argument 1 of a kernel is no device memory: copy it first");
}

TEST(Guarded, copies_stay_within_what_was_allocated_and_go_where_they_say) {
  DeviceBuffer<int> device(count);
  Buffer<int> host(2 * count);
  EXPECT_NE(error_of([&] { copy_in(device.data(), host.data(), 2 * count * sizeof(int)); }), "");
  EXPECT_NE(error_of([&] { copy_in(host.data(), host.data() + count, sizeof(int)); }), "");
  EXPECT_NE(error_of([&] { copy_out(device.data(), device.data(), sizeof(int)); }), "");
  EXPECT_NE(error_of([&] { start_copy(device.data(), host.data(), sizeof(int)); }), "");
}

TEST(GuardedDeathTest, the_host_that_touches_device_memory_is_told) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const DeviceBuffer<int> device(count);
  EXPECT_DEATH(
      {
        volatile int value = device.data()[1];
        (void)value;
      },
      "the host touched 400 bytes of device memory: copy it first");
}

TEST(GuardedDeathTest, a_kernel_that_reaches_beyond_its_memory_is_told) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  DeviceBuffer<int> device(count);
  EXPECT_DEATH(
      {
        launch(reach_beyond, 1, 1, device.data(), count);
        finish();
      },
      "the device touched what lies behind 400 bytes of device memory");
}

TEST(Graph, replays_what_was_recorded_when_somebody_waits) {
  DeviceBuffer<int> values(count);
  values.upload(rising(count));
  launch(add_one, blocks_for(count, 32), 32, values.data(), count);  // before it and no part of it
  DeviceGraph graph([&] {
    for (int times = 0; times < 2; ++times) launch(add_one, blocks_for(count, 32), 32, values.data(), count);
  });
  Buffer<int> back(count);
  values.download(back);
  EXPECT_EQ(back[5], 6) << "recorded work is not done";
  graph.replay();
  start_copy_out(back.data(), values.data(), count * sizeof(int));
  graph.replay();
  EXPECT_EQ(back[5], 6);
  finish();
  EXPECT_EQ(back[5], 8);
  values.download(back);
  EXPECT_EQ(back[5], 10);
}

TEST(Graph, keeps_arguments_as_they_were) {
  DeviceBuffer<int> values(count);
  values.upload(rising(count));
  std::size_t n = 10;
  DeviceGraph graph([&] { launch(add_one, blocks_for(count, 32), 32, values.data(), n); });
  n = count;
  graph.replay();
  Buffer<int> back(count);
  values.download(back);
  EXPECT_EQ(back[9], 10);
  EXPECT_EQ(back[10], 10);
}

TEST(Graph, refuses_work_that_waits_or_allocates) {
  DeviceBuffer<int> values(count);
  Buffer<int> host = rising(count);
  EXPECT_EQ(error_of([&] { DeviceGraph([] { finish(); }); }), "guarded device: work that is recorded waits");
  EXPECT_EQ(error_of([&] { DeviceGraph([&] { values.upload(host); }); }),
            "guarded device: work that is recorded waits");
  EXPECT_EQ(error_of([&] { DeviceGraph([] { DeviceBuffer<int> more(count); }); }),
            "guarded device: work that is recorded allocates");
  values.upload(host);  // and the device still works
  values.download(host);
  EXPECT_EQ(host[7], 7);
}

TEST(DeviceOfRank, is_the_number_among_the_ranks_of_the_host) {
  const std::vector<SeenDevices> two = {{1, 2, 7}, {2, 2, 7}, {1, 2, 7}, {2, 2, 7}};
  EXPECT_EQ(device_of_rank(two, 2).index, 1);
  EXPECT_EQ(device_of_rank(two, 3).index, 1);
  EXPECT_EQ(device_of_rank(two, 1).index, 0);
  const std::vector<SeenDevices> three = {{1, 2, 7}, {1, 2, 7}, {1, 2, 7}, {2, 0, 0}};
  EXPECT_EQ(device_of_rank(three, 0).reason, "3 ranks on a host with 2 GPUs: start at most one rank for each");
  EXPECT_EQ(device_of_rank(three, 3).reason, "1 ranks on a host with 0 GPUs: start at most one rank for each");
  EXPECT_EQ(device_of_rank(two, 0).reason, "");
}

TEST(DeviceOfRank, is_the_only_one_that_it_sees_where_each_sees_another) {
  const std::vector<SeenDevices> each = {{1, 1, 7}, {1, 1, 8}, {2, 1, 7}};
  for (int rank = 0; rank < 3; ++rank) EXPECT_EQ(device_of_rank(each, rank).reason, "");
  EXPECT_EQ(device_of_rank(each, 1).index, 0);
  const std::vector<SeenDevices> same = {{1, 1, 7}, {1, 1, 7}};
  EXPECT_EQ(device_of_rank(same, 1).reason, "2 ranks on a host with 1 GPU: start at most one rank for each");
}

TEST(DeviceOfRank, without_one_tells_the_reason) {
  EXPECT_EQ(device_of_rank(Ranks(1), "", 2, "0000:01:00.0"), 0);
  EXPECT_EQ(error_of([] { device_of_rank(Ranks(1), "no GPU", 0, ""); }), "no GPU");
  EXPECT_EQ(error_of([] { device_of_rank(Ranks(1), "", 0, ""); }),
            "1 ranks on a host with 0 GPUs: start at most one rank for each");
}

}  // namespace
}  // namespace tandem::guarded
