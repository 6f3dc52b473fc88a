// Where a value begins and ends in a sentence: places, jobs, diets, pastimes, names, other nouns and verb
// phrases. Pure functions over values; each returns nothing where no value of its kind begins.
#ifndef SLOWWAVE_CORE_PHRASE_H_
#define SLOWWAVE_CORE_PHRASE_H_

#include <optional>

#include "core/sentence.h"

namespace slowwave {

// Tokens [begin, end) are the value; what is before `begin` was an article or the like. Reading goes on at
// `next`.
struct Phrase {
  size_t begin = 0, end = 0, next = 0;
};

enum class PhraseKind {
  kPlace,
  kJob,
  kListedJob,
  kDiet,
  kPastime,
  kListedPastime,
  kThing,
  kName,
  kRelation,
  kPet,
  kAction,
  kHabit,
  kCount,
  kMarital,
  kAllergen,
  kCondition,
  kLanguage,
  kVice,
  kCuisine,
  kKin,
  kKinMany,
  kPets,
  kOnePet,
  kVenture
};

// kPlace: a capitalised name (any word where the sentence has no capitals). kJob: a noun phrase after an
// article, cut behind its last occupation word. kListedJob: it must have one. kPastime: any bare noun phrase,
// less 'club', 'lessons'. kListedPastime: one that names a pastime by itself. kThing: a bare noun phrase of
// up to four words. kName: a capitalised name. kAction: a verb phrase to the end of the clause, up to twelve
// words.
std::optional<Phrase> ReadPhrase(PhraseKind kind, const Sentence& sentence, size_t at);

// A comma, stop, dash, conjunction or the end.
bool IsClauseEnd(const Sentence& sentence, size_t at);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_PHRASE_H_
