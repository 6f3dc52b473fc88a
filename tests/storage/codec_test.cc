#include "storage/codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"

namespace slowwave {
namespace {

TEST(NewUuid, BeginsWithTheMillisecondAndIsOfVersion7) {
  const int64_t before = absl::ToUnixMillis(absl::Now());
  const std::string id = codec::NewUuid();
  const int64_t after = absl::ToUnixMillis(absl::Now());
  ASSERT_EQ(id.size(), 36u);
  for (const size_t dash : {8, 13, 18, 23}) EXPECT_EQ(id[dash], '-');
  EXPECT_EQ(id[14], '7');
  EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
  int64_t millis = 0;
  ASSERT_TRUE(absl::SimpleHexAtoi(id.substr(0, 8) + id.substr(9, 4), &millis));
  EXPECT_GE(millis, before);
  EXPECT_LE(millis, after);
}

TEST(NewUuid, IsGreaterThanAllBeforeIt) {
  std::vector<std::vector<std::string>> made(4);
  std::vector<std::thread> threads;
  for (std::vector<std::string>& own : made) {
    threads.emplace_back([&own] {
      for (int i = 0; i < 5000; ++i) own.push_back(codec::NewUuid());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::string> starts;  // all but what is random
  for (const std::vector<std::string>& own : made) {
    EXPECT_TRUE(std::is_sorted(own.begin(), own.end()));
    for (const std::string& id : own) starts.push_back(id.substr(0, 18));
  }
  std::sort(starts.begin(), starts.end());
  EXPECT_EQ(std::adjacent_find(starts.begin(), starts.end()), starts.end());
}

}  // namespace
}  // namespace slowwave
