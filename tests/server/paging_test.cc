// How a page is filled: what is asked of the store, and what is answered.
#include "server/paging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "slowwave/v1/memory.pb.h"

namespace slowwave {
namespace {

using testing::Each;
using testing::Le;
using testing::SizeIs;

class PagingTest : public testing::Test {
 protected:
  // A list of items with texts of these sizes.
  v1::ListEpisodesResponse Page(const std::vector<size_t>& sizes, int page_size,
                                const std::string& token = "", int largest = kLargestStep) {
    v1::ListEpisodesRequest request;
    request.set_page_size(page_size);
    request.set_page_token(token);
    const auto fetch = [&](const std::string& after, int limit, v1::ListEpisodesResponse& response) {
      size_t next = 0;
      EXPECT_TRUE(after.empty() || absl::SimpleAtoi(after, &next));
      limits_.push_back(limit);
      for (; next < sizes.size() && response.episodes_size() < limit; ++next) {
        response.add_episodes()->mutable_episode()->set_text(std::string(sizes[next], 'x'));
        fetched_ += sizes[next];
      }
      if (next < sizes.size()) response.set_next_page_token(absl::StrCat(next));
      return absl::OkStatus();
    };
    const auto page = FillPage<v1::ListEpisodesResponse>(request, "list", fetch, largest);
    EXPECT_TRUE(page.ok()) << page.status();
    return *page;
  }

  std::vector<int> limits_;
  size_t fetched_ = 0;
};

TEST_F(PagingTest, ManyLargeItemsAreNotFetchedForOnePage) {
  const v1::ListEpisodesResponse page = Page(std::vector<size_t>(1001, 176'000), 1000);
  EXPECT_LE(page.ByteSizeLong(), kMaxAnswerBytes);
  EXPECT_GE(page.episodes_size(), 16);
  EXPECT_FALSE(page.next_page_token().empty());
  EXPECT_LT(fetched_, 2 * kMaxAnswerBytes);
}

TEST_F(PagingTest, ManySmallItemsTakeFewFetches) {
  const v1::ListEpisodesResponse page = Page(std::vector<size_t>(2000, 100), 1000);
  EXPECT_THAT(page.episodes(), SizeIs(1000));
  EXPECT_LT(limits_.size(), 10u);
  EXPECT_EQ(std::accumulate(limits_.begin(), limits_.end(), 0), 1000);
}

TEST_F(PagingTest, WhereTheStoreReadsMuchItIsAskedForLittle) {
  Page(std::vector<size_t>(200, 10), 200, "", 16);
  EXPECT_THAT(limits_, Each(Le(16)));
}

TEST_F(PagingTest, AllIsSeenOnceWhateverItsSizes) {
  std::vector<size_t> sizes;
  for (size_t i = 0; i < 300; ++i) sizes.push_back(i % 50 == 7 ? 3'000'000 : i % 7 * 1000);
  sizes[100] = 5'000'000;  // more than an answer is to have: by itself
  int seen = 0, pages = 0;
  std::string token;
  do {
    const v1::ListEpisodesResponse page = Page(sizes, 100, token);
    for (const v1::StoredEpisode& episode : page.episodes()) {
      EXPECT_EQ(episode.episode().text().size(), sizes[static_cast<size_t>(seen++)]);
    }
    EXPECT_TRUE(page.ByteSizeLong() <= kMaxAnswerBytes || page.episodes_size() == 1);
    EXPECT_GE(page.episodes_size(), 1);
    token = page.next_page_token();
    ++pages;
  } while (!token.empty());
  EXPECT_EQ(seen, 300);
  EXPECT_LT(pages, 30);
}

}  // namespace
}  // namespace slowwave
