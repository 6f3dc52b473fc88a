// What a gist claims that can be checked word by word, and the words it is checked against. Pure functions.
#ifndef SLOWWAVE_CORE_GROUNDING_CLAIMS_H_
#define SLOWWAVE_CORE_GROUNDING_CLAIMS_H_

#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/extraction.h"

namespace slowwave {

struct Claims {
  std::vector<std::string> numbers;  // folded: '3', '1,200', 'three'
  std::vector<std::string> names;    // folded capitalised words, without speakers
  std::vector<std::string>
      content;  // folded words that mean something, each once, without speakers and subject
  std::vector<std::string> value;  // those of the gist's value alone
  std::vector<int> years;
  std::vector<int> months;     // 1..12
  std::vector<int> days;       // of a month, beside one
  std::string subject;         // folded speaker it is told of; empty: nobody of the conversation
  bool names_several = false;  // speakers, in its text
  bool of_itself = false;      // tells of `subject` as if of two: 'Ann thanks Ann'
};

// Folded names of those who talk in a chunk, each once.
std::vector<std::string> SpeakersOf(const Chunk& chunk);

// 'Mel' for Melanie, 'Jonathan' for Jon: three letters at least, and no common word that a name begins with
// ('and', 'the', 'will'). Both folded.
bool IsFormOf(absl::string_view word, absl::string_view name);

// The first five letters: by them words count as one ('paint', 'painting', 'painted').
std::string StemOf(absl::string_view word);

// `speakers`: folded names of those who talk.
Claims ClaimsOf(const Gist& gist, const std::vector<std::string>& speakers);

// The words of some episodes, and the dates that they name or point at.
class WordBag {
 public:
  void Add(const Episode& episode);

  // The word itself, its possessive, one that begins alike, or, of a long one, one that is a slip away from
  // it.
  bool HasName(const std::string& name) const;
  bool HasNumber(const std::string& number) const;
  // A word with the same first five letters.
  bool HasContent(const std::string& word) const;
  bool HasYear(int year) const { return years_.contains(year); }
  bool HasMonth(int month) const { return months_.contains(month); }
  bool HasDay(int day) const { return days_.contains(day); }

 private:
  void AddDates(const Episode& episode, const std::vector<std::string>& words);

  absl::flat_hash_set<std::string> words_, prefixes_;
  std::set<std::string> numbers_;
  std::set<int> years_, months_, days_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_GROUNDING_CLAIMS_H_
