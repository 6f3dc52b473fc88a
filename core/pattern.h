// A small pattern language over the tokens of a sentence, in which the extractor's rules are written.
//
// A pattern is elements parted by spaces:
//   word, a|b|c   one of these words, case folded; `a|b?` may be absent; %, $ and * may be among them
//   @i            a first-person subject: 'I', 'we', 'my wife and I'
//   I             @i and its auxiliaries ('am', 'have been', 'do'), never negated
//   S             I, or its auxiliaries alone, or nothing, where a sentence may leave its subject out
//   @my           'my' or 'our'
//   <kind>        a value (see phrase.h): place job listedjob diet pastime listedpastime thing name action
//   <~kind>       the same, read and dropped
//   <rel>, <pet>  a relation or pet, kept beside the value
//   %             a phrase of time must stand here
//   $             the clause ends here
//   *             up to three words of any sort
// Adverbs that change nothing and phrases of time may stand between any two elements.
// No pattern takes more than a bounded number of steps at a token.
#ifndef SLOWWAVE_CORE_PATTERN_H_
#define SLOWWAVE_CORE_PATTERN_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/phrase.h"
#include "core/sentence.h"

namespace slowwave {

struct Match {
  size_t begin = 0, end = 0;  // tokens
  std::optional<Phrase> value;
  std::optional<Phrase> relation;
  PhraseKind kind = PhraseKind::kThing;  // of the value
};

class Pattern {
 public:
  // Aborts on a malformed pattern: they are part of the program.
  explicit Pattern(absl::string_view text);

  // A match that begins at token `at`. `may_elide`: the subject may be left out here.
  std::optional<Match> MatchAt(const Sentence& sentence, size_t at, bool may_elide) const;

  // A sentence without any of these words cannot match; empty: any sentence may.
  const std::vector<std::string>& triggers() const { return triggers_; }

 private:
  enum class Op { kWords, kSubject, kSubjectAux, kElided, kValue, kRelation, kPet };
  struct Element {
    Op op = Op::kWords;
    bool optional = false;
    bool dropped = false;
    bool or_time = false, or_end = false, or_any = false;  // `%`, `$`, `*` among the words
    PhraseKind kind = PhraseKind::kThing;
    std::vector<std::string> words;
  };
  struct State;

  bool Step(State& state, size_t element, size_t at) const;
  bool StepHere(State& state, size_t element, size_t at) const;

  std::vector<Element> elements_;
  std::vector<std::string> triggers_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_PATTERN_H_
