// What words mean to the extractor's rules: jobs, diets, pastimes, relations, words that end a phrase.
// English. Pure lookups of case-folded words; any thread.
#ifndef SLOWWAVE_CORE_LEXICON_H_
#define SLOWWAVE_CORE_LEXICON_H_

#include "absl/strings/string_view.h"

namespace slowwave::lexicon {

// A word that names what somebody does for a living: by list, or by its ending ('-ist', '-smith', '-er',
// ...).
bool IsOccupation(absl::string_view word);
// By list only: the endings also make 'runner' and 'believer'.
bool IsListedOccupation(absl::string_view word);

// A way of eating: 'vegan', 'low-carb', anything '-free' or '-tarian'.
bool IsDiet(absl::string_view word);
// Two words that make a way of eating: 'gluten' 'free', 'low' 'carb', 'plant' 'based'.
bool IsDietPair(absl::string_view first, absl::string_view second);

// A word that names a pastime: by list, or a gerund that is none of the everyday verbs.
bool IsPastime(absl::string_view word);
bool IsListedPastime(absl::string_view word);
// Two words that name one: 'board games', 'model trains'.
bool IsPastimePair(absl::string_view first, absl::string_view second);
// 'piano': what is played, and keeps its article.
bool IsInstrument(absl::string_view word);
// A gerund: '-ing', and not 'thing', 'evening', 'king'.
bool IsGerund(absl::string_view word);
// A gerund that says nothing of a pastime by itself: 'going', 'having', 'seeing'.
bool IsEverydayGerund(absl::string_view word);
// What comes behind a pastime and is not part of it: 'club', 'lessons', 'gear'.
bool IsPastimeTail(absl::string_view word);

// Family and friends: 'sister', 'husband'. Plural forms are not in it.
bool IsRelation(absl::string_view word);
bool IsPet(absl::string_view word);

// Adverbs that may stand anywhere and change nothing: 'just', 'finally', 'really'.
bool IsFiller(absl::string_view word);
// Articles, possessives, demonstratives, quantifiers.
bool IsDeterminer(absl::string_view word);
// Personal, demonstrative, indefinite pronouns.
bool IsPronoun(absl::string_view word);
// Words at which a noun phrase is over: prepositions, conjunctions, common verbs, adverbs.
bool EndsNounPhrase(absl::string_view word);
// Words too common to say anything: for counting what a sentence holds.
bool IsStopWord(absl::string_view word);
// Nouns so wide that a liking for them says nothing: 'idea', 'things', 'moments'.
bool IsVagueNoun(absl::string_view word);
// Words that a summary puts around what was said ('values', 'supports', 'moments'): weak evidence of a match.
bool IsWeakClaim(absl::string_view word);
// Nationalities and cuisines: 'italian', 'thai'.
bool IsCuisine(absl::string_view word);
// Capitalised, but not a place: months, weekdays, well-known firms, languages.
bool IsNoPlace(absl::string_view word);

}  // namespace slowwave::lexicon

#endif  // SLOWWAVE_CORE_LEXICON_H_
