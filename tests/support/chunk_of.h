// Chunks for tests of what an extractor is shown and what it answers.
#ifndef SLOWWAVE_TESTS_SUPPORT_CHUNK_OF_H_
#define SLOWWAVE_TESTS_SUPPORT_CHUNK_OF_H_

#include <deque>
#include <initializer_list>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/extraction.h"

namespace slowwave {

struct Said {
  std::string speaker, text;
  int cluster = -1;
};

// A chunk and the episodes that it points into: 'e1', 'e2', ... in one session, a minute apart, on
// 2024-03-05.
struct OwnedChunk {
  std::deque<Episode> episodes;
  Chunk chunk;  // points into `episodes`

  OwnedChunk(const OwnedChunk&) = delete;
  OwnedChunk& operator=(const OwnedChunk&) = delete;
  OwnedChunk(std::initializer_list<Said> said) {
    for (const Said& one : said) Add(one);
  }

  void Add(const Said& one) {
    const size_t i = episodes.size();
    Episode e;
    e.id = absl::StrCat("e", i + 1);
    e.speaker = one.speaker;
    e.text = one.text;
    e.session_id = "s1";
    e.turn = static_cast<int32_t>(i);
    e.occurred_at =
        absl::FromCivil(absl::CivilMinute(2024, 3, 5, 8, static_cast<int>(i)), absl::UTCTimeZone());
    episodes.push_back(std::move(e));
    chunk.memories.push_back({&episodes.back(), one.cluster, 0});
  }
};

}  // namespace slowwave

#endif  // SLOWWAVE_TESTS_SUPPORT_CHUNK_OF_H_
