// Samples come out of a handover as they went in, bit for bit, and what was moved is booked.
#include "harness/pipeline/handover.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "harness/base/bfloat16.hpp"
#include "harness/base/hdf5_handle.hpp"
#include "harness/pipeline/mailbox.hpp"
#include "tests/cli/workplace.hpp"

namespace tandem {
namespace {

std::vector<Sample> samples() {
  std::vector<Sample> all;
  for (std::size_t i = 0; i < 5; ++i) {
    Sample sample;
    sample.index = 1 + 2 * i;  // the odd share of two ranks
    sample.pairs = 3;
    Array inputs{{3, 8}, {}}, scalar{{1}, {static_cast<float>(i)}}, jacobian{{3, 2, 4}, {}};
    for (std::size_t v = 0; v < 24; ++v) {
      inputs.values.push_back(std::sin(static_cast<float>(24 * i + v)));
      jacobian.values.push_back(std::exp(static_cast<float>(v)) * 1e-30f);
    }
    inputs.values[0] = std::numeric_limits<float>::denorm_min();
    inputs.values[1] = -0.0f;
    inputs.values[2] = std::numeric_limits<float>::infinity();
    inputs.values[3] = std::nanf("");
    sample.arrays = {{"inputs", inputs}, {"scalar", scalar}, {"jacobian", jacobian}};
    all.push_back(sample);
  }
  return all;
}

std::vector<Sample> one(const Sample& sample) { return {sample}; }

void expect_same(const std::vector<Sample>& found, const std::vector<Sample>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(found[i].index, expected[i].index);
    EXPECT_EQ(found[i].pairs, expected[i].pairs);
    ASSERT_EQ(found[i].arrays.size(), expected[i].arrays.size());
    for (const auto& [name, array] : expected[i].arrays) {
      const Array& other = found[i].arrays.at(name);
      EXPECT_EQ(other.shape, array.shape) << name;
      ASSERT_EQ(other.values.size(), array.values.size()) << name;
      EXPECT_EQ(std::memcmp(other.values.data(), array.values.data(), array.values.size() * sizeof(float)), 0) << name;
    }
  }
}

std::string message(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class HandoverTest : public ::testing::Test {
 protected:
  std::unique_ptr<Handover> files(const std::filesystem::path& folder) {
    return file_handover(folder, 1, false,
                         [this](const std::string& channel, std::size_t bytes) { booked[channel] += bytes; });
  }
  Workplace place;
  std::map<std::string, std::size_t> booked;
};

TEST_F(HandoverTest, AFileIsReadInBlocksOfAnySize) {
  const auto out = files(place.folder());
  out->put(samples());
  out->close();
  for (const std::size_t block : {1, 2, 5, 7}) {
    booked.clear();
    const auto in = file_handover(
        place.folder(), 1, false, [this](const std::string& channel, std::size_t bytes) { booked[channel] += bytes; },
        block);
    std::vector<Sample> all;
    std::size_t takes = 0;
    for (; in->pending(); ++takes) {
      std::vector<Sample> some = in->take();
      EXPECT_LE(some.size(), block);
      std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    EXPECT_EQ(takes, (5 + block - 1) / block);
    expect_same(all, samples());
    EXPECT_EQ(booked["file_read"], 5 * samples()[0].bytes());
  }
}

TEST_F(HandoverTest, MemoryGivesBackWhatItTook) {
  const auto handover = memory_handover();
  handover->put(samples());
  handover->close();
  expect_same(handover->take(), samples());
}

TEST_F(HandoverTest, FilesGiveBackEveryBit) {
  const auto writer = files(place.folder());
  writer->put(samples());
  writer->close();
  expect_same(files(place.folder())->take(), samples());
  const std::size_t payload = 5 * (24 + 1 + 24) * sizeof(float);
  EXPECT_EQ(booked, (std::map<std::string, std::size_t>{{"file_write", payload}, {"file_read", payload}}));
}

// Golden values of bf16: ties go to even, numbers beyond the largest become infinite, NaN stays NaN.
TEST(Bfloat16, RoundsToNearestEven) {
  const auto rounded = [](std::uint32_t bits) { return to_bfloat16(std::bit_cast<float>(bits)); };
  EXPECT_EQ(rounded(0x3f800000), 0x3f80);  // 1
  EXPECT_EQ(rounded(0x3f808000), 0x3f80);  // a tie above an even one
  EXPECT_EQ(rounded(0x3f818000), 0x3f82);  // a tie above an odd one
  EXPECT_EQ(rounded(0x3f808001), 0x3f81);
  EXPECT_EQ(rounded(0x3f807fff), 0x3f80);
  EXPECT_EQ(rounded(0xc0490fdb), 0xc049);  // -pi
  EXPECT_EQ(rounded(0x7f7f7fff), 0x7f7f);  // the largest that stays finite
  EXPECT_EQ(rounded(0x7f7f8000), 0x7f80);  // and the least that does not
  EXPECT_EQ(rounded(0x7f800000), 0x7f80);
  EXPECT_EQ(rounded(0xff800000), 0xff80);
  EXPECT_EQ(rounded(0x80000000), 0x8000);  // -0
  EXPECT_EQ(rounded(0x00000001), 0x0000);  // the least denormal
  EXPECT_EQ(rounded(0x00008001), 0x0001);  // one that rounds to bf16's least
  EXPECT_EQ(rounded(0x00018000), 0x0002);
  for (const std::uint32_t nan : {0x7fc00000u, 0x7f800001u, 0xff80ffffu, 0x7fffffffu})
    EXPECT_TRUE(std::isnan(from_bfloat16(rounded(nan)))) << nan;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = from_bfloat16(static_cast<std::uint16_t>(bits));
    if (std::isnan(value)) continue;
    ASSERT_EQ(to_bfloat16(value), bits);
  }
}

// What bf16 makes of the samples, by another way than the hand-over's.
std::vector<Sample> rounded_samples() {
  std::vector<Sample> all = samples();
  for (Sample& sample : all)
    for (auto& [name, array] : sample.arrays)
      for (float& value : array.values) value = from_bfloat16(to_bfloat16(value));
  return all;
}

TEST_F(HandoverTest, InBf16EveryHandOverCarriesTwoBytesAValue) {
  const auto book = [this](const std::string& channel, std::size_t bytes) { booked[channel] += bytes; };
  const std::size_t values = 5 * (24 + 1 + 24);
  const auto memory = rounded(memory_handover(), book);
  memory->put(samples());
  memory->close();
  expect_same(memory->take(), rounded_samples());
  EXPECT_EQ(booked, (std::map<std::string, std::size_t>{{"convert", (2 + 4) * values}}));
  booked.clear();
  const auto writer = rounded(files(place.folder()), book);
  writer->put(samples());
  writer->close();
  expect_same(rounded(files(place.folder()), book)->take(), rounded_samples());
  EXPECT_EQ(booked, (std::map<std::string, std::size_t>{
                        {"convert", (2 + 4) * values}, {"file_write", 2 * values}, {"file_read", 2 * values}}));
  EXPECT_NE(samples()[1].arrays["inputs"].values[5], rounded_samples()[1].arrays["inputs"].values[5]);
}

// A file whose words were changed on the way gives other samples: what comes out is what the file holds.
TEST_F(HandoverTest, ABf16FileThatWasChangedShows) {
  const auto book = [](const std::string&, std::size_t) {};
  const auto writer = rounded(files(place.folder()), book);
  writer->put(samples());
  writer->close();
  {
    const Hdf5Handle file(H5Fopen((place.folder() / "samples.1.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose,
                          place.folder(), "open");
    const Hdf5Handle set(H5Dopen2(file, "scalar", H5P_DEFAULT), H5Dclose, place.folder(), "read");
    std::vector<std::uint16_t> words(5);
    ASSERT_GE(H5Dread(set, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, words.data()), 0);
    words[2] ^= 0x8000;  // the sign of sample 2
    ASSERT_GE(H5Dwrite(set, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, words.data()), 0);
  }
  const std::vector<Sample> found = rounded(files(place.folder()), book)->take();
  EXPECT_EQ(found[2].arrays.at("scalar").values[0], -2.0f);
  EXPECT_EQ(found[3].arrays.at("scalar").values[0], 3.0f);
}

TEST_F(HandoverTest, ARankWithoutAShareHandsOverNothing) {
  files(place.folder())->close();
  EXPECT_TRUE(files(place.folder())->take().empty());
  EXPECT_TRUE(booked.empty());
}

TEST_F(HandoverTest, AFolderThatCannotBeWrittenIsNamed) {
  const auto handover = files(place.folder() / "nowhere");
  const std::string text = message([&] { handover->put(one(samples()[0])); });
  EXPECT_NE(text.find("HDF5 cannot create"), std::string::npos) << text;
  EXPECT_NE(text.find("nowhere/samples.1.h5"), std::string::npos) << text;
}

TEST_F(HandoverTest, ADamagedFileIsNamed) {
  place.write("samples.1.h5", "this is no HDF5 file");
  EXPECT_NE(message([&] { files(place.folder())->take(); }).find("HDF5 cannot open"), std::string::npos);
}

TEST_F(HandoverTest, SamplesOfDifferentShapesAreRefused) {
  auto all = samples();
  all[1].arrays["inputs"].shape = {2, 8};
  all[1].arrays["inputs"].values.resize(16);
  auto first = files(place.folder());
  first->put(one(all[0]));
  EXPECT_NE(message([&] { first->put(one(all[1])); }).find("inputs"), std::string::npos);
  first.reset();  // HDF5 locks a file that is open
  auto other = samples();
  other[1].arrays["new"] = {{1}, {0.0f}};
  const auto second = files(place.folder());
  second->put(one(other[0]));
  EXPECT_NE(message([&] { second->put(one(other[1])); }).find("new"), std::string::npos);
}

// The kernel's count of a file's bytes and ours, from the least payload of a rank on that is judged: what HDF5 adds is
// little, however small the samples are and however many are put at a time.
struct Sizes {
  const char* name;
  std::vector<std::size_t> values;  // of each array of a sample
  std::size_t block;                // samples of a put and of a take
};

class CountedFile : public HandoverTest, public ::testing::WithParamInterface<Sizes> {};

TEST_P(CountedFile, TheSystemCountsTheSameBytes) {
  const auto book = [this](const std::string& channel, std::size_t bytes) { booked[channel] += bytes; };
  constexpr std::size_t payload = 1 << 20;
  Sample like;
  for (const std::size_t count : GetParam().values)
    like.arrays[std::string(1, static_cast<char>('a' + like.arrays.size()))] = {{count},
                                                                                std::vector<float>(count, 1.5f)};
  const std::size_t samples = std::max<std::size_t>(2, (payload + like.bytes() - 1) / like.bytes());
  KernelIo io;
  const auto writer = counted(files(place.folder()), io);
  for (std::size_t i = 0; i < samples; i += GetParam().block) {
    std::vector<Sample> some(std::min(GetParam().block, samples - i), like);
    for (std::size_t s = 0; s < some.size(); ++s) some[s].index = 2 * (i + s) + 1;
    writer->put(std::move(some));
  }
  writer->close();
  EXPECT_NEAR(io.written / static_cast<double>(booked.at("file_write")), 1, 0.01);
  EXPECT_LT(io.read, 0.01 * payload) << "looks at the counters are none of the file's";
  io = {};
  const auto reader = counted(file_handover(place.folder(), 1, false, book, GetParam().block), io);
  std::size_t next = 0;
  while (reader->pending())
    for (const Sample& sample : reader->take()) EXPECT_EQ(sample.index, 2 * next++ + 1);
  EXPECT_EQ(next, samples);
  ASSERT_TRUE(io.known);
  EXPECT_EQ(booked.at("file_read"), samples * like.bytes());
  EXPECT_NEAR(io.read / static_cast<double>(booked.at("file_read")), 1, 0.01);
}

INSTANTIATE_TEST_SUITE_P(Samples, CountedFile,
                         ::testing::Values(Sizes{"OfOneValue", {1}, 64}, Sizes{"OfAMolecule", {11, 1}, 8},
                                           Sizes{"OfABook", {14, 32, 32 * 14}, 64}, Sizes{"OneByOne", {462}, 1},
                                           Sizes{"OfAField", {1 << 16}, 8}, Sizes{"LargerThanAChunk", {3 << 17, 5}, 2}),
                         [](const auto& sizes) { return sizes.param.name; });

// Any order comes back, whatever runs it makes.
TEST_F(HandoverTest, FilesKeepTheOrderOfTheSamples) {
  std::vector<Sample> all;
  for (const std::size_t index : {7, 5, 3, 4, 11, 11, 12, 0}) {
    all.push_back(samples()[0]);
    all.back().index = index;
    all.back().pairs = index == 4 ? 2 : 8;
  }
  const auto writer = files(place.folder());
  writer->put(std::vector<Sample>(all));
  writer->close();
  expect_same(files(place.folder())->take(), all);
}

TEST_F(HandoverTest, AColdFileHasLeftThePageCacheAndIsReadAllTheSame) {
  const auto book = [](const std::string&, std::size_t) {};
  const auto handover = file_handover(place.folder(), 1, true, book);
  handover->put(samples());
  std::string text = message([&] { handover->close(); });
  if (text.find("stays in the page cache") != std::string::npos) GTEST_SKIP() << text;
  EXPECT_EQ(text, "");
  expect_same(file_handover(place.folder(), 1, true, book)->take(), samples());
}

// A ring of 100 bytes carries samples that are larger, in pieces, and holds its writer up when it is full.
TEST(Ring, CarriesSamplesOfAnySizeAndWaitsWhenItIsFull) {
  alignas(64) static std::array<std::byte, 256> memory;
  memory.fill(std::byte{0});
  ASSERT_GE(memory.size(), Ring::footprint(100));
  std::map<std::string, std::size_t> in, out;
  int waited = 0;
  const auto inbox = ring_inbox({memory.data(), 100}, [&](const std::string& c, std::size_t b) { out[c] += b; });
  EXPECT_FALSE(inbox->ready());
  std::thread writer([&] {
    const auto outbox = ring_outbox(
        {memory.data(), 100}, [&](const std::string& c, std::size_t b) { in[c] += b; },
        [&](bool begins) { waited += begins ? 1 : 0; });
    std::vector<Sample> all = samples();
    for (Sample& sample : all) outbox->send(std::move(sample));
    outbox->finish();
  });
  std::vector<Sample> found;
  for (std::size_t i = 0; i < 5; ++i) found.push_back(inbox->receive());
  writer.join();
  expect_same(found, samples());
  EXPECT_FALSE(inbox->ready());
  EXPECT_GT(waited, 0);
  const std::size_t payload = 5 * (24 + 1 + 24) * sizeof(float);
  EXPECT_EQ(in, (std::map<std::string, std::size_t>{{"shm", payload}}));
  EXPECT_EQ(out, (std::map<std::string, std::size_t>{{"host_copy", payload}}));
}

}  // namespace
}  // namespace tandem
