#include "core/extract_cues.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "core/lexicon.h"

namespace slowwave {
namespace {

using WordSet = absl::flat_hash_set<absl::string_view>;

constexpr size_t kMaxTokens = 24;
constexpr size_t kNear = 6;  // tokens between an end's cue and its value

WordSet FromList(absl::string_view words) { return WordSet(absl::StrSplit(words, ' ', absl::SkipEmpty())); }

bool Has(const Sentence& s, const WordSet& words) {
  return std::any_of(s.tokens.begin(), s.tokens.end(),
                     [&](const Token& t) { return !t.punct && words.contains(t.word); });
}

// Words in a row; '/' parts alternatives: 'gave/given up'.
class Phrases {
 public:
  explicit Phrases(absl::string_view list) {
    for (absl::string_view phrase : absl::StrSplit(list, ',', absl::SkipWhitespace())) {
      auto& words = phrases_.emplace_back();
      for (absl::string_view word : absl::StrSplit(phrase, ' ', absl::SkipEmpty()))
        words.push_back(absl::StrSplit(word, '/'));
    }
  }

  // Tokens behind a phrase that begins at `at`; 0 if none does. Adverbs and times may stand inside.
  size_t EndAt(const Sentence& s, size_t at) const {
    for (const auto& words : phrases_) {
      size_t i = at, matched = 0;
      while (matched < words.size() && i < s.tokens.size() && !s.tokens[i].punct) {
        if (std::find(words[matched].begin(), words[matched].end(), s.tokens[i].word) !=
            words[matched].end()) {
          ++matched;
        } else if (matched == 0 || !lexicon::IsFiller(s.tokens[i].word)) {
          break;
        }
        ++i;
      }
      if (matched == words.size()) return i;
    }
    return 0;
  }

  bool In(const Sentence& s) const {
    for (size_t i = 0; i < s.tokens.size(); ++i) {
      if (EndAt(s, i) != 0) return true;
    }
    return false;
  }

 private:
  std::vector<std::vector<std::vector<absl::string_view>>> phrases_;
};

// Nothing but the speaker's own present: no plan, no guess, no past, nobody else.
bool SpeaksPlainly(const Sentence& s) {
  static const auto* kPast = new WordSet(FromList("was were had"));
  static const auto* kBlocks = new WordSet(FromList(
      "he she they you your his her hers their him them theirs who whose someone somebody everyone people "
      "friend "
      "friends "
      "colleague colleagues neighbour neighbor guy lady kid kids teacher's "
      "if unless whether wish wished hope hopes hoping hoped maybe perhaps might could would should 'd may "
      "shall gonna "
      "going-to wants wanted wanna plan plans planning planned consider considering thinking thought "
      "dream dreams "
      "dreaming dreamt tempted someday tomorrow soon almost nearly imagine pretend supposed said says told "
      "asked "
      "heard "
      "yesterday tonight back-then song movie film novel documentary series episode video article "
      "podcast "
      "book books apply applied applying application interview interviewed audition studying degree doubt "
      "wonder "
      "wondering "
      "prefer rather might've joke joking kidding costume halloween"));
  if (Has(s, *kBlocks)) return false;
  // 'My weekend was all chess' tells of a habit; other pasts may be over.
  static const auto* kWeekend = new WordSet(FromList("weekend weekends today hired taken started"));
  if (Has(s, *kPast) && !Has(s, *kWeekend)) return false;
  static const auto* kPhrases = new Phrases(
      "want to be/try/move/start/live/become/go/take/learn/get/work/do, want a, going to be, going to move, "
      "going to start, going to live, going to take, going to try, "
      "going to become, about to, looking to, looking for, ready to, next week/month/year/summer/spring");
  if (kPhrases->In(s)) return false;
  for (size_t i = 0; i < s.tokens.size(); ++i) {
    if (s.Is(i, "used") && !(i > 0 && (s.Is(i - 1, "getting") || s.Is(i - 1, "got") || s.Is(i - 1, "am"))))
      return false;
    if (s.Is(i, "will") && !s.Is(i + 1, "not") && !s.Is(i + 1, "never")) return false;
  }
  for (size_t i = 0; i < s.tokens.size(); ++i) {
    if (lexicon::IsRelation(s.tokens[i].word) && !(s.Is(i + 1, "and") && s.Is(i + 2, "i"))) return false;
  }
  return true;
}

// Nobody is named but, perhaps, at the sentence's start: what leaves the speaker out may still be theirs.
bool NamesNobody(const Sentence& s, const Phrase& value) {
  for (size_t i = 1; i < s.tokens.size(); ++i) {
    if (s.tokens[i].capital && (i < value.begin || i >= value.next)) return false;
  }
  return true;
}

bool FirstPerson(const Sentence& s) {
  static const auto* kSelf = new WordSet(FromList("i we my our me us myself ourselves"));
  return Has(s, *kSelf);
}

bool Negated(const Sentence& s) {
  static const auto* kNo = new WordSet(FromList("not never no without nobody nothing none neither hardly"));
  return Has(s, *kNo);
}

// The only value of the kind that begins behind a word of `leads`; nothing if there are several.
template <typename Fits>
std::optional<Phrase> OnlyValue(PhraseKind kind, const Sentence& s, const Fits& fits) {
  std::optional<Phrase> found;
  for (size_t i = 0; i < s.tokens.size(); ++i) {
    if (s.tokens[i].punct || !fits(i)) continue;
    const std::optional<Phrase> phrase = ReadPhrase(kind, s, i);
    if (!phrase) continue;
    if (found && phrase->begin < found->next) continue;
    if (found) return std::nullopt;
    found = phrase;
  }
  return found;
}

std::optional<Phrase> HomeOf(const Sentence& s) {
  static const auto* kCues =
      new WordSet(FromList("live living lives reside residing residence resident residents house flat "
                           "apartment place home move moved "
                           "moving "
                           "relocate relocated relocating relocation settle settled settling unpack "
                           "unpacking unpacked boxes address keys "
                           "roots "
                           "life permanently based inhabitant feet resettled neighbourhood neighborhood "
                           "landlord household cottage studio"));
  static const auto* kBlocks = new WordSet(FromList(
      "visit visited visiting visits holiday holidays vacation trip trips tour touring tourist flew fly "
      "flying flight "
      "drove "
      "driving conference hotel hostel airbnb passing grew born left leaving sold originally back restaurant "
      "restaurants museum "
      "cafe bar team concert festival wedding layover stopover train bus airport ate eat eating saw see "
      "seeing met "
      "booked booking "
      "tried love-to offer offered parents lived weekend sights sightseeing explore exploring exploring stay "
      "staying "
      "stayed "
      "favourite favorite birthday party read watched family's office headquarters business cheap nice "
      "rent-controlled "
      "takes "
      "client clients work from before joined online delivered shipped sent ordered package gallery "
      "exhibition"));
  static const auto* kLeads = new WordSet(FromList("in to into of call around at here"));
  if (Has(s, *kBlocks) || !Has(s, *kCues)) return std::nullopt;
  static const auto* kNoMove = new Phrases(
      "not moved/moving/living/live, never moved/lived/live, no place, no home, "
      "no house, no flat, no longer, not going, not sure, not home");
  if (kNoMove->In(s)) return std::nullopt;
  static const auto* kOwn =
      new WordSet(FromList("settled settling settle unpacking unpacked boxes home live living moving life"));
  static const auto* kIs = new WordSet(FromList("is has 's became feels"));
  static const auto* kTown = new WordSet(FromList("home where city base"));
  static const auto* kOurs = new WordSet(FromList("my our new"));
  static const auto* kRooms = new WordSet(FromList("apartment flat house home place studio address"));
  auto value = OnlyValue(PhraseKind::kPlace, s, [&](size_t i) {
    if (!s.tokens[i].capital && !(s.tokens[i].word == "the" || s.tokens[i].word == "new")) return false;
    // What opens a sentence is a town only if it is said to be one.
    if (i == 0) {
      const std::optional<Phrase> town = ReadPhrase(PhraseKind::kPlace, s, 0);
      return town && kIs->contains(town->next < s.tokens.size() ? s.tokens[town->next].word : "") &&
             Has(s, *kTown) && !lexicon::IsGerund(s.tokens[0].word) &&
             !lexicon::IsVagueNoun(s.tokens[0].word);
    }
    if (kOurs->contains(s.tokens[i - 1].word)) {
      const std::optional<Phrase> town = ReadPhrase(PhraseKind::kPlace, s, i);
      return town && kRooms->contains(town->next < s.tokens.size() ? s.tokens[town->next].word : "");
    }
    return kLeads->contains(s.tokens[i - 1].word) ||
           (s.tokens[i - 1].time && i + 1 < s.tokens.size() && s.tokens[i].capital);
  });
  if (value && !FirstPerson(s) && !(Has(s, *kOwn) && NamesNobody(s, *value))) return std::nullopt;
  if (value && !s.tokens[value->begin].capital) return std::nullopt;
  return value;
}

// Endings make jobs of many words; '-or' of too many ('my minor job').
bool IsTrade(absl::string_view word) {
  return lexicon::IsListedOccupation(word) ||
         (word.size() > 6 && !absl::EndsWith(word, "or") && lexicon::IsOccupation(word));
}

std::optional<Phrase> JobOf(const Sentence& s) {
  static const auto* kCues = new WordSet(FromList(
      "work working works job jobs hired employed career profession trade occupation shift shifts role "
      "position post "
      "living "
      "money paid pays bills day days life being become became week shift happy glad enjoy enjoying like "
      "love suits "
      "suit "
      "rewarding tired long tiring exhausting started began begun start salary wage wages earn duty"));
  static const auto* kBlocks = new WordSet(FromList(
      "quit left leaving lost resign resigned retire retired stopped fired laid sacked once volunteer "
      "volunteering dressed "
      "play played playing hobby fun see saw met meet call called need needs hire hiring ex former childhood "
      "party "
      "recommend "
      "appointment visit visited thanks thank training course class finished married dating"));
  static const auto* kLeads = new WordSet(FromList("a an"));
  static const auto* kFrames = new WordSet(FromList("as being become became be of"));
  static const auto* kNouns = new WordSet(FromList("job role position post gig career work shift shifts"));
  if (Has(s, *kBlocks) || !Has(s, *kCues) || Negated(s)) return std::nullopt;
  const auto framed = OnlyValue(PhraseKind::kListedJob, s, [&](size_t i) {
    return i > 0 && kLeads->contains(s.tokens[i].word) && kFrames->contains(s.tokens[i - 1].word);
  });
  static const auto* kOwn = new WordSet(FromList("first one new job this work"));
  if (framed && !FirstPerson(s) && !(Has(s, *kOwn) && NamesNobody(s, *framed))) return std::nullopt;
  if (framed) return framed;
  // 'the baker job I started', 'my vet job'
  static const auto* kMine = new WordSet(FromList("my the this new our"));
  for (size_t i = 1; i < s.tokens.size(); ++i) {
    if (!kNouns->contains(s.tokens[i].word) || !IsTrade(s.tokens[i - 1].word)) continue;
    size_t begin = i - 1;
    while (begin > 0 && begin + 4 > i && !s.tokens[begin - 1].punct &&
           !kMine->contains(s.tokens[begin - 1].word))
      --begin;
    if (begin == 0 || !kMine->contains(s.tokens[begin - 1].word)) continue;
    if (begin > 1 && s.Is(begin - 1, "new")) {
    }
    const Phrase value{begin, i, i + 1};
    if (!FirstPerson(s) && !((s.Is(begin - 1, "this") || s.Is(begin - 1, "new")) && NamesNobody(s, value)))
      return std::nullopt;
    return value;
  }
  return std::nullopt;
}

std::optional<Phrase> DietOf(const Sentence& s) {
  static const auto* kCues =
      new WordSet(FromList("eat eating eats food meal meals dinner dinners lunch lunches breakfast "
                           "breakfasts supper suppers diet dishes "
                           "cook "
                           "cooking went gone going turned became become switched switching converted "
                           "convert kitchen fridge plate menu "
                           "feel "
                           "lifestyle recipes snacks shopping groceries consume ingredients cut"));
  static const auto* kBlocks =
      new WordSet(FromList("restaurant restaurants cafe café bakery burger burgers cake cakes pizza option "
                           "options cookbook love loved like "
                           "liked "
                           "try tried trying bought yesterday tonight party guest guests airline wedding "
                           "ordered made baked hate support "
                           "visit "
                           "visited quit stopped gave given dropped ended week's once festival respect "
                           "admire tasted tasty delicious shop "
                           "store "
                           "blog challenge january friday mondays meatless amazing menu-card plane flight "
                           "serve serves served selling"));
  static const auto* kOneOff = new Phrases("last night, for/at the party, this one, no longer, not any more");
  if (Has(s, *kBlocks) || !Has(s, *kCues) || kOneOff->In(s)) return std::nullopt;
  // 'nothing that is not vegan' says vegan; any other 'not' does not.
  static const auto* kDouble = new Phrases(
      "anything/everything/nothing/food/something that is/are not, anything/everything/nothing/food not, "
      "nothing but, nothing other, nothing except, unless it");
  if (Negated(s) && !kDouble->In(s)) return std::nullopt;
  const auto value = OnlyValue(PhraseKind::kDiet, s, [&](size_t i) {
    return lexicon::IsDiet(s.tokens[i].word) ||
           (i + 1 < s.tokens.size() && lexicon::IsDietPair(s.tokens[i].word, s.tokens[i + 1].word));
  });
  static const auto* kOwn = new Phrases("has/have/needs/need to be, must be, going, only");
  if (value && !FirstPerson(s) && !(kOwn->In(s) && NamesNobody(s, *value))) return std::nullopt;
  return value;
}

std::optional<Phrase> PastimeIn(const Sentence& s) {
  static const auto* kNever = new WordSet(FromList(
      "relaxing winding unwinding left quit quitting stop stopped stopping enjoy enjoying enjoyed practise "
      "practice "
      "practising decided do did doing done love loving like liking start started begun began adore play "
      "playing "
      "played learn learning learnt got gotten get sold gave given give dropped drop ditched abandoned "
      "packed chucked "
      "end ended ending ceased parted hung relax relaxes unwind want wanted try trying tried find found "
      "spend spent "
      "turn take taken took put fond keen hooked sick bored tired goodbye farewell enough favourite favorite "
      "best "
      "hobby pastime passion weekend weekends giving dropping selling resting i my we our discovered had "
      "have devoted cut bid adding giving no not any more than of in with to for and"));
  return OnlyValue(PhraseKind::kListedPastime, s, [&](size_t i) {
    return !kNever->contains(s.tokens[i].word) &&
           !(absl::EndsWith(s.tokens[i].word, "ed") && s.tokens[i].word.size() > 4) &&
           !(s.Is(i + 1, "about") && lexicon::IsGerund(s.tokens[i].word)) &&
           !lexicon::IsEverydayGerund(s.tokens[i].word);
  });
}

// A break between what is said of one thing and of another.
bool Broken(const Sentence& s, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    if (s.tokens[i].punct || s.Is(i, "but") || s.Is(i, "and") || s.Is(i, "for") || s.Is(i, "because"))
      return true;
  }
  return false;
}

bool EndSaid(const Sentence& s, const Phrase& value) {
  static const auto* kBefore = new Phrases(
      "quit, quitting, fill of, done doing, stop/stopped/stopping/ceased, not be "
      "doing/playing/practising/going, gave/given/give/giving up, gave/given/giving, "
      "dropped/drop/dropping, "
      "done/through/finished with, no more, no longer, do not, not into, not doing, not going back, never, "
      "sold, "
      "goodbye, "
      "farewell, enough of, had/have it with, interest in, ditched, abandoned, packed in, packed, chucked, "
      "left, away "
      "from, "
      "retired from, got/am/get out of, not "
      "do/practise/practice/play/like/enjoy/practising/playing/care/want, let, cut, end of/to, ended, hung "
      "up, gave/given away, rid of, on from, parted with, retired/retiring, am/are over, out of, not a/much "
      "fan of, "
      "not keen on, not continuing with, towel on/with, kissed, sick "
      "of, "
      "bored of/with, tired of, have not done, my days of, time with, no interest in, back on, put, no");
  static const auto* kWords = new WordSet(
      FromList("quit quitting stopped gave gone given dropped sold done over end ended finished enough "
               "goodbye farewell abandoned ditched never no not left behind away rid retired packed "
               "chucked let cut kissed thrown threw stop give giving fill dropping leaving ending chosen "
               "ceased hung parted out bored sick tired lost stopping"));
  static const auto* kBack = new Phrases(
      "not/never get enough, not/never done/finished/bored/tired/sick/over, never/not tire/tired, not/never "
      "given/stopped/quit/give/stop/drop/dropped, never get bored/tired/sick, "
      "can not stop, can not give, not give up, never give up, never stop, can "
      "not imagine, can not quit, not quit, could not, not stop, not only, "
      "no matter, no better, nothing, not enough, no idea, no one, never gets old, "
      "not for the world");
  if (!Has(s, *kWords) || kBack->In(s)) return false;
  static const auto* kNotYet = new WordSet(FromList("yet"));
  if (Has(s, *kNotYet)) return false;
  static const auto* kForGood = new WordSet(FromList("anymore longer again good more"));
  // 'I left my chess set at home': where something is, not that it is over.
  for (size_t i = value.next; i < s.tokens.size() && i < value.next + 2; ++i) {
    if (s.Is(i, "at") || (s.Is(i, "on") && !s.tokens[i].time)) return false;
  }
  for (size_t i = 0; i < value.begin; ++i) {
    if (s.Is(i, "stopped") && s.Is(i + 1, "at")) return false;
    const size_t end = kBefore->EndAt(s, i);
    if (end == 0 || end > value.begin || value.begin - end > kNear || Broken(s, end, value.begin)) continue;
    // Words that end something only with 'any more' behind: 'do not', 'never', 'let ... go', 'no', 'put ...
    // behind'.
    static const auto* kWeak = new WordSet(FromList("do never cut let put out not no gave given packed"));
    if (s.Is(i, "sold")) {
      // What was sold is the gear, not a thing of the same name.
      if (value.next < s.tokens.size() && lexicon::IsPastimeTail(s.tokens[value.next].word)) return true;
      continue;
    }
    if (!kWeak->contains(s.tokens[i].word) || s.Is(i + 1, "up") || s.Is(i + 1, "longer") ||
        s.Is(i + 1, "more") || s.Is(i + 1, "away") || (s.Is(i, "no") && s.Is(i + 1, "interest")))
      return true;
    for (size_t k = value.end; k < s.tokens.size(); ++k) {
      if (kForGood->contains(s.tokens[k].word)) return true;
      static const auto* kParticles = new WordSet(FromList("up go away behind in aside out"));
      if (k == value.end && kParticles->contains(s.tokens[k].word) && !s.Is(i, "not") && !s.Is(i, "no"))
        return true;
    }
    if (s.Is(i, "not") && s.Is(i + 2, "back")) return true;
    if (s.Is(i, "no") && i == 0) return true;  // 'No chess for me now'
    if (s.Is(i, "do") && value.end < s.tokens.size() && s.tokens[value.end].time) return true;
  }
  for (size_t i = value.next; i < s.tokens.size() && i < value.next + 2; ++i) {
    if (s.tokens[i].punct) continue;
    static const auto* kVerbs = new Phrases(
        "is/are/'s/has/have/was over/finished/history/done/ended, is/are/'s/has no longer, no longer, "
        "is/are/'s not my/for/a, is/are/'s behind, days are/is over, gear/kit/equipment is/are/has "
        "sold/gone, but i/we stopped/quit/gave, but stopped/quit/not, and i are done, and i "
        "have parted");
    if (kVerbs->EndAt(s, i) != 0) return true;
    // 'Chess is out', not 'the accordion is out of its case'.
    static const auto* kOut = new Phrases("is/are/'s out");
    if (const size_t out = kOut->EndAt(s, i); out != 0 && (!s.Is(out, "of") || s.Is(out + 1, "my")))
      return true;
  }
  return false;
}

bool EnjoymentSaid(const Sentence& s, const Phrase& value) {
  static const auto* kCues =
      new WordSet(FromList("relax relaxes relaxed relaxing relaxation unwind unwinds unwinding winding wind "
                           "destress de-stress recharge "
                           "hobby "
                           "hobbies pastime pastimes passion passionate love loving enjoy enjoying adore "
                           "fond keen hooked addicted calm "
                           "calms "
                           "calming fun favourite favorite leisure spare free weekends weekend practise "
                           "practice obsessed joy happy "
                           "therapeutic "
                           "soothing soothes peace absorbed lately begun began started start taken took take "
                           "learning into crazy pleasure "
                           "fan mad "
                           "turn spend spent lot devoted dedicated interested enjoyed busy"));
  static const auto* kOwn = new WordSet(FromList("relax unwind relaxing unwinding winding relaxes whole"));
  static const auto* kMost = new Phrases(
      "no better, never feel/felt/been as/so/more, nothing relaxes/beats/calms/like, "
      "not get enough, nothing better/calmer");
  if (!FirstPerson(s) && !(Has(s, *kOwn) && NamesNobody(s, value))) return false;
  static const auto* kBlocks =
      new WordSet(FromList("watch watched watching saw see seen event show shows tickets ticket exhibition "
                           "competition match teach taught "
                           "class "
                           "workshop festival tried try trying invited invite cancelled canceled club's shop "
                           "store photo photos hate hated "
                           "dislike "
                           "boring injured injury accident sponsor charity channel online game company "
                           "design support helping meeting "
                           "project "
                           "campaign conference work working job"));
  if (Has(s, *kBlocks) || (Negated(s) && !kMost->In(s)) || !Has(s, *kCues)) return false;
  static const auto* kWeekends = new WordSet(FromList("weekend weekends"));
  static const auto* kWhole =
      new WordSet(FromList("whole entire all spent spend devoted on put into busy filled ate lost went kept "
                           "over every most with enjoyed dedicated"));
  // A cue must not be the value's own word.
  for (size_t i = 0; i < s.tokens.size(); ++i) {
    if ((i < value.begin || i >= value.end) && kCues->contains(s.tokens[i].word) &&
        (!kWeekends->contains(s.tokens[i].word) || Has(s, *kWhole)))
      return true;
  }
  return false;
}

}  // namespace

std::vector<Cue> ReadCues(const Sentence& s) {
  std::vector<Cue> cues;
  if (s.question || s.tokens.size() < 3 || s.tokens.size() > kMaxTokens) return cues;
  static const auto* kOver = new Phrases("used to, had it, had enough, not want to");
  const bool plain = SpeaksPlainly(s);
  if (plain || kOver->In(s)) {
    if (const auto value = PastimeIn(s)) {
      if (EndSaid(s, *value)) {
        cues.push_back({"preference:hobby", AssertionState::kEnded, *value});
      } else if (plain && EnjoymentSaid(s, *value)) {
        cues.push_back({"preference:hobby", AssertionState::kHolds, *value});
      }
    }
  }
  if (!plain) return cues;
  if (const auto value = HomeOf(s)) cues.push_back({"location:current_city", AssertionState::kHolds, *value});
  if (const auto value = JobOf(s)) cues.push_back({"occupation:job", AssertionState::kHolds, *value});
  if (const auto value = DietOf(s)) cues.push_back({"preference:diet", AssertionState::kHolds, *value});
  return cues;
}

}  // namespace slowwave
