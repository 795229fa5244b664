// Samples come out of a handover as they went in, bit for bit, and what was moved is booked.
#include "harness/pipeline/handover.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include <gtest/gtest.h>

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
    return file_handover(folder, 1,
                         [this](const std::string& channel, std::size_t bytes) { booked[channel] += bytes; });
  }
  Workplace place;
  std::map<std::string, std::size_t> booked;
};

TEST_F(HandoverTest, MemoryGivesBackWhatItTook) {
  const auto handover = memory_handover();
  for (Sample& sample : samples()) handover->put(std::move(sample));
  handover->close();
  expect_same(handover->take(), samples());
}

TEST_F(HandoverTest, FilesGiveBackEveryBit) {
  const auto writer = files(place.folder());
  for (Sample& sample : samples()) writer->put(std::move(sample));
  writer->close();
  expect_same(files(place.folder())->take(), samples());
  const std::size_t payload = 5 * (24 + 1 + 24) * sizeof(float);
  EXPECT_EQ(booked, (std::map<std::string, std::size_t>{{"file_write", payload}, {"file_read", payload}}));
}

TEST_F(HandoverTest, ARankWithoutAShareHandsOverNothing) {
  files(place.folder())->close();
  EXPECT_TRUE(files(place.folder())->take().empty());
  EXPECT_TRUE(booked.empty());
}

TEST_F(HandoverTest, AFolderThatCannotBeWrittenIsNamed) {
  const auto handover = files(place.folder() / "nowhere");
  const std::string text = message([&] { handover->put(std::move(samples()[0])); });
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
  first->put(std::move(all[0]));
  EXPECT_NE(message([&] { first->put(std::move(all[1])); }).find("inputs"), std::string::npos);
  first.reset();  // HDF5 locks a file that is open
  auto other = samples();
  other[1].arrays["new"] = {{1}, {0.0f}};
  const auto second = files(place.folder());
  second->put(std::move(other[0]));
  EXPECT_NE(message([&] { second->put(std::move(other[1])); }).find("new"), std::string::npos);
}

}  // namespace
}  // namespace tandem
