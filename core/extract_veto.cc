#include "core/extract_veto.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_split.h"
#include "core/lexicon.h"

namespace slowwave {
namespace {

using WordSet = absl::flat_hash_set<absl::string_view>;

WordSet FromList(absl::string_view words) { return WordSet(absl::StrSplit(words, ' ', absl::SkipEmpty())); }

// 'We love climbing, sliding and swinging': an afternoon with children.
const WordSet& Playground() {
  static const auto* kWords = new WordSet(FromList("sliding swinging splashing"));
  return *kWords;
}

bool AnyOf(const Sentence& s, size_t begin, size_t end, const WordSet& words) {
  for (size_t i = begin; i < end && i < s.tokens.size(); ++i) {
    if (!s.tokens[i].punct && words.contains(s.tokens[i].word)) return true;
  }
  return false;
}

// The stretch between commas, stops and 'but' around tokens [begin, end).
void Widen(const Sentence& s, size_t& begin, size_t& end) {
  const auto breaks = [&](size_t i) { return s.tokens[i].punct || s.Is(i, "but") || s.Is(i, "because"); };
  while (begin > 0 && !breaks(begin - 1)) --begin;
  while (end < s.tokens.size() && !breaks(end)) ++end;
}

bool IsPlan(const Sentence& s, size_t begin, size_t end) {
  static const auto* kWords = new WordSet(
      FromList("want wants wanted wanna plan plans planning planned hope hopes hoping considering dream "
               "dreaming dreamed dreams "
               "tempted "
               "applied applying apply interview dressed halloween someday gonna future thinking"));
  static const auto* kFuture =
      new WordSet(FromList("be move start live become go take try relocate get join work "
                           "eat settle switch learn do play"));
  if (AnyOf(s, begin, end, *kWords)) return true;
  for (size_t i = begin; i < end; ++i) {
    if ((s.Is(i, "going") || s.Is(i, "about") || s.Is(i, "used") || s.Is(i, "like") || s.Is(i, "hard")) &&
        s.Is(i + 1, "to") && i + 2 < end && kFuture->contains(s.tokens[i + 2].word) &&
        !(s.Is(i, "like") && i > 0 && s.Is(i - 1, "i")))
      return true;
    if (s.Is(i, "will") && !s.Is(i + 1, "never") && !s.Is(i + 1, "not") && i > 0 &&
        (s.Is(i - 1, "i") || s.Is(i - 1, "we")))
      return true;
    // 'am moving next month', 'moving tomorrow'
    if (s.Is(i, "tomorrow")) return true;
    if (s.Is(i, "next") && i + 1 < s.tokens.size() && s.tokens[i].time && s.tokens[i + 1].time) return true;
    if (s.Is(i, "must") && s.Is(i + 1, "be") && i + 2 < end && s.Is(i + 2, "hard")) return true;
  }
  return false;
}

bool IsVisit(const Sentence& s, size_t begin, size_t end) {
  static const auto* kWords =
      new WordSet(FromList("visit visiting visited holiday holidays vacation trip tour flew flight "
                           "conference hotel hostel airbnb layover "
                           "passing "
                           "parents hunting wedding bill sold tourist guest favourite favorite"));
  static const auto* kShort = new WordSet(FromList("day days week weeks weekend night nights"));
  static const auto* kHere = new WordSet(FromList("now already been"));
  if (AnyOf(s, begin, end, *kWords)) return true;
  // 'I have found a room in Rotterdam' is not yet to live there.
  static const auto* kRooms =
      new WordSet(FromList("room flat apartment place house studio condo loft cottage"));
  static const auto* kMoved = new WordSet(FromList("moved moving unpacking unpacked live living keys home"));
  for (size_t i = begin; i < end; ++i) {
    if ((s.Is(i, "found") || s.Is(i, "find") || s.Is(i, "finding")) && AnyOf(s, i, i + 6, *kRooms) &&
        !AnyOf(s, begin, end, *kMoved) && !AnyOf(s, begin, end, *kHere))
      return true;
  }
  for (size_t i = begin; i + 1 < end; ++i) {
    if (!s.Is(i, "for") || s.Is(i + 1, "good") || AnyOf(s, begin, end, *kHere)) continue;
    for (size_t k = i + 1; k < i + 5 && k < end; ++k) {
      if (kShort->contains(s.tokens[k].word)) return true;
    }
  }
  return false;
}

bool IsMeal(const Sentence& s, size_t begin, size_t end) {
  static const auto* kSelf = new WordSet(FromList("i me my we our us myself i'm"));
  static const auto* kOpen =
      new WordSet(FromList("went gone going sticking eating started starting switched switching turned "
                           "keeping following only strictly "
                           "everything all "
                           "dinner dinners lunch food meals supper breakfast no back officially fully "
                           "finally now been being became just cut "
                           "put "
                           "living committed on sticking trying cooking nothing converted made"));
  static const auto* kWords = new WordSet(FromList(
      "restaurant cafe option options recipe recipes cookbook cake cookies yesterday tonight cooked hosting "
      "guests "
      "party met dog cat dogs cats puppy ordered bought tasted steak soup butcher deli plane"));
  static const auto* kTaste = new WordSet(FromList("love loved like liked hate enjoy enjoyed"));
  static const auto* kWay = new WordSet(FromList("eating being going life lifestyle diet way went"));
  if (!AnyOf(s, 0, s.tokens.size(), *kSelf) && (s.tokens.empty() || !kOpen->contains(s.tokens[0].word)) &&
      !(s.Is(0, "it") && (s.Is(1, "has") || s.Is(1, "must"))))
    return true;
  if (AnyOf(s, begin, end, *kWords)) return true;
  static const auto* kAte = new WordSet(FromList("ate desserts"));
  if (AnyOf(s, 0, s.tokens.size(), *kAte)) return true;
  for (size_t i = begin; i < end; ++i) {
    if ((s.Is(i, "was") || s.Is(i, "were")) && !lexicon::IsGerund(s.tokens[begin].word)) return true;
    if (s.Is(i, "had") && !s.Is(i + 1, "to")) return true;
    if (s.Is(i, "friend") || s.Is(i, "friends")) return true;
    if (s.Is(i, "today") && i > 0 && s.Is(begin, "i") && s.Is(begin + 2, "eating")) return true;
  }
  return AnyOf(s, begin, end, *kTaste) && !AnyOf(s, begin, end, *kWay);
}

bool IsOnce(const Sentence& s, size_t begin, size_t end) {
  static const auto* kWords = new WordSet(FromList(
      "once yesterday watched watching saw movie film documentary book meeting seat phone trouble car kids"));
  static const auto* kGo = new WordSet(FromList("went tried did"));
  static const auto* kBegan = new WordSet(
      FromList("started began begun took spent spend whole all devoted signed joined picked love"));
  static const auto* kThat = new WordSet(FromList("that this those these"));
  static const auto* kDay =
      new WordSet(FromList("yesterday monday tuesday wednesday thursday friday saturday sunday"));
  static const auto* kLiked =
      new WordSet(FromList("love loved loving hooked enjoy enjoyed enjoying like liked great since"));
  if (AnyOf(s, begin, end, *kWords)) return true;
  if (AnyOf(s, 0, s.tokens.size(), Playground())) return true;
  for (size_t i = 0; i < s.tokens.size(); ++i) {
    // 'I'm hiking with friends this weekend', 'we went camping two weekends ago'
    if (s.Is(i, "this") && s.Is(i + 1, "weekend") && begin < s.tokens.size() && !AnyOf(s, 0, i, *kBegan)) {
      for (size_t k = 1; k < i; ++k) {
        if (lexicon::IsGerund(s.tokens[k].word) && (s.Is(k - 1, "am") || s.Is(k - 1, "are"))) return true;
      }
    }
    if (s.Is(i, "went") && lexicon::IsGerund(i + 1 < s.tokens.size() ? s.tokens[i + 1].word : "")) {
      for (size_t k = i + 2; k < s.tokens.size(); ++k) {
        if (s.Is(k, "ago")) return true;
      }
    }
    // 'I bought a chess set for my son': a gift.
    static const auto* kGot = new WordSet(FromList("bought got ordered"));
    static const auto* kWhose = new WordSet(FromList("my our his her their a"));
    if (s.Is(i, "for") && i + 2 < s.tokens.size() && AnyOf(s, 0, i, *kGot) &&
        kWhose->contains(s.tokens[i + 1].word) && lexicon::IsRelation(s.tokens[i + 2].word))
      return true;
    // What brings people together is an occasion.
    if ((s.Is(i, "brings") || s.Is(i, "bring")) && s.Is(i + 1, "us") && s.Is(i + 2, "together")) return true;
    if (s.Is(i, "yesterday") || ((s.Is(i, "last") || s.Is(i, "on")) && i + 1 < s.tokens.size() &&
                                 kDay->contains(s.tokens[i + 1].word)))
      return !AnyOf(s, 0, s.tokens.size(), *kBegan);
    if (s.Is(i, "tried") && !AnyOf(s, 0, s.tokens.size(), *kLiked)) return true;
    // 'an abstract painting' hangs on a wall.
    if (s.Is(i, "a") || s.Is(i, "an")) {
      for (size_t k = i + 1; k < i + 4 && k < s.tokens.size(); ++k) {
        if ((s.Is(k, "painting") || s.Is(k, "drawing") || s.Is(k, "sculpture")) && k >= begin && k < end &&
            (k + 1 >= s.tokens.size() || !lexicon::IsPastimeTail(s.tokens[k + 1].word)))
          return true;
      }
    }
  }
  if (begin < s.tokens.size()) {
    for (size_t i = begin; i + 1 < end; ++i) {
      if (kThat->contains(s.tokens[i].word) && !s.tokens[i].time && !(i > 0 && s.Is(i - 1, "find")) &&
          lexicon::IsPastime(s.tokens[i + 1].word))
        return true;
      if (kGo->contains(s.tokens[i].word) && i > 0 && (s.Is(i - 1, "i") || s.Is(i - 1, "we"))) {
        for (size_t k = i + 1; k < end; ++k) {
          if (s.tokens[k].time && (s.Is(k, "last") || s.Is(k, "yesterday") || s.Is(k, "on"))) return true;
        }
      }
    }
  }
  return false;
}

bool IsPastJob(const Sentence& s, size_t begin, size_t end) {
  static const auto* kWords =
      new WordSet(FromList("once volunteer volunteering volunteered lived read childhood former ex watched "
                           "saw met costume kid college"));
  return AnyOf(s, begin, end, *kWords);
}

}  // namespace

bool TellsOfElse(const Sentence& s, absl::string_view slot, size_t begin, size_t end) {
  const bool home = slot == "location:current_city", job = slot == "occupation:job";
  if (slot == "occupation:business" || slot == "relationship:household" || slot == "relationship:pet") {
    static const auto* kNotYet =
        new WordSet(FromList("open opening start starting search searching find finding looking dream dreams "
                             "future ideal launch launching "
                             "used late ex former idea plan plans want wanna would could miss if wish"));
    return AnyOf(s, 0, s.tokens.size(), *kNotYet);
  }
  if (slot == "preference:likes" && AnyOf(s, 0, s.tokens.size(), Playground())) return true;
  const bool diet = slot == "preference:diet", pastime = slot == "preference:hobby";
  if (!home && !job && !diet && !pastime) return false;
  Widen(s, begin, end);
  static const auto* kOthers = new WordSet(FromList("friend friends parents neighbour neighbor colleague"));
  for (size_t i = begin; i < end; ++i) {
    const bool other = kOthers->contains(s.tokens[i].word) || lexicon::IsRelation(s.tokens[i].word);
    if (other && !(s.Is(i + 1, "and") && s.Is(i + 2, "i")) && i > 0 && i < begin + 3 &&
        (s.Is(i - 1, "my") || s.Is(i - 1, "a") || s.Is(i - 1, "our")))
      return true;
  }
  if (IsPlan(s, begin, end)) return true;
  return (home && IsVisit(s, begin, end)) || (job && IsPastJob(s, begin, end)) ||
         (diet && IsMeal(s, begin, end)) || (pastime && IsOnce(s, begin, end));
}

}  // namespace slowwave
