#include "server/commands/demo_story.h"

#include <algorithm>
#include <iterator>
#include <sstream>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "server/commands/output.h"
#include "server/jsonl.h"
#include "server/mapping.h"

namespace slowwave {
namespace {

constexpr int kQuotes = 2;

std::string Spaced(std::string slug) {
  std::replace(slug.begin(), slug.end(), '_', ' ');
  return slug;
}

std::string Titled(std::string slug) {
  slug = Spaced(std::move(slug));
  if (!slug.empty()) slug[0] = absl::ascii_toupper(slug[0]);
  return slug;
}

bool IsSummary(const v1::Fact& fact) { return fact.type() == v1::GIST_TYPE_SUMMARY; }

std::string Source(const std::string& id, const std::map<std::string, Arrival>& arrivals) {
  const auto found = arrivals.find(id);
  if (found == arrivals.end()) return id;
  return absl::StrCat(found->second.speaker, ", ", found->second.day, ", ", id);
}

std::string Quote(const v1::Evidence& piece, const std::map<std::string, Arrival>& arrivals) {
  return absl::StrCat("\"", Shorten(piece.quote(), 110), "\"  (", Source(piece.episode_id(), arrivals), ")");
}

template <typename Pieces>
std::string Quotes(const Pieces& pieces, const std::map<std::string, Arrival>& arrivals, const char* lead) {
  std::string out;
  int shown = 0;
  for (const v1::Evidence& piece : pieces) {
    if (shown == kQuotes) {
      absl::StrAppend(&out, "        and ", pieces.size() - kQuotes, " more\n");
      break;
    }
    absl::StrAppend(&out, "        ", lead, Quote(piece, arrivals), "\n");
    ++shown;
  }
  return out;
}

std::string ValueWhen(const v1::Fact& fact) {
  const std::string when = When(fact);
  return when.empty() ? fact.value() : absl::StrCat(fact.value(), " (", when, ")");
}

// In the order a person would tell: who, where, what they do, then the rest.
bool Earlier(const v1::Fact& a, const v1::Fact& b) {
  const auto rank = [](const v1::Fact& f) {
    return std::make_tuple(f.subject(), IsSummary(f), static_cast<int>(f.category()), f.key(),
                           f.has_valid_from() ? FromWire(f.valid_from()) : absl::InfinitePast());
  };
  return rank(a) < rank(b);
}

}  // namespace

std::map<std::string, Arrival> Arrivals(std::string_view jsonl) {
  std::map<std::string, Arrival> out;
  std::istringstream in{std::string(jsonl)};
  LineReader reader(in);
  std::string line;
  absl::Time newest = absl::InfinitePast();
  while (reader.Next(line) == LineReader::Result::kLine) {
    const absl::StatusOr<ImportedEpisode> episode = ParseEpisodeLine(line);
    if (!episode.ok() || !episode->timed) continue;
    const absl::Time at = episode->episode.occurred_at;
    out[episode->episode.id] = {reader.number(), episode->episode.speaker,
                                absl::FormatTime("%E4Y-%m-%d", at, absl::UTCTimeZone()), at < newest};
    newest = std::max(newest, at);
  }
  return out;
}

std::string NowText(const std::vector<v1::Fact>& all, const std::map<std::string, Arrival>& arrivals) {
  std::vector<v1::Fact> facts;
  std::copy_if(all.begin(), all.end(), std::back_inserter(facts),
               [](const v1::Fact& f) { return f.current(); });
  std::stable_sort(facts.begin(), facts.end(), Earlier);
  std::string out, subject;
  for (const v1::Fact& fact : facts) {
    if (fact.subject() != subject || out.empty()) {
      subject = fact.subject();
      absl::StrAppend(&out, out.empty() ? "" : "\n", "  ", Titled(subject), "\n");
    }
    const std::string when = When(fact);
    const std::string what = IsSummary(fact)
                                 ? "in passing"
                                 : absl::StrCat(Spaced(fact.predicate()), ": ", Shorten(fact.value(), 70));
    absl::StrAppend(&out, "    ", what, when.empty() ? "" : absl::StrCat("  ", when),
                    absl::StrFormat("  [confidence %.2f]", fact.confidence()), "\n",
                    Quotes(fact.evidence(), arrivals, ""));
  }
  return out;
}

std::string ChangesText(const std::vector<v1::Fact>& all, const std::map<std::string, Arrival>& arrivals) {
  std::map<std::string, std::vector<v1::Fact>> slots;
  for (const v1::Fact& fact : all) slots[fact.key()].push_back(fact);
  std::string out;
  for (const auto& [key, facts] : slots) {
    // Values that took over from each other make a chain; others stood side by side and ended by themselves.
    const bool one_at_a_time =
        std::adjacent_find(facts.begin(), facts.end(), [](const v1::Fact& before, const v1::Fact& after) {
          return !before.has_valid_to() || !after.has_valid_from() ||
                 FromWire(before.valid_to()) != FromWire(after.valid_from());
        }) == facts.end();
    const auto line = [&](const std::vector<v1::Fact>& chain) {
      std::vector<std::string> steps;
      for (const v1::Fact& fact : chain) steps.push_back(ValueWhen(fact));
      absl::StrAppend(&out, "    ", Titled(chain[0].subject()), ", ", Spaced(chain[0].predicate()), ": ",
                      absl::StrJoin(steps, " -> "), "\n");
      for (const v1::Fact& fact : chain) {
        if (fact.closed()) absl::StrAppend(&out, Quotes(fact.closing(), arrivals, ""));
      }
    };
    if (one_at_a_time && facts.size() > 1) {
      line(facts);
      continue;
    }
    for (const v1::Fact& fact : facts) {
      if (fact.closed()) line({fact});
    }
  }
  return out;
}

std::string LateText(const std::vector<v1::Fact>& all, const std::map<std::string, Arrival>& arrivals,
                     size_t limit) {
  std::string late, backdated;
  size_t lates = 0, backs = 0;
  for (const v1::Fact& fact : all) {
    if (IsSummary(fact)) continue;
    bool told = false;
    for (const auto* pieces : {&fact.evidence(), &fact.closing()}) {
      for (const v1::Evidence& piece : *pieces) {
        const auto found = arrivals.find(piece.episode_id());
        if (told || found == arrivals.end() || !found->second.late || lates >= limit) continue;
        told = true;
        ++lates;
        absl::StrAppend(&late, "    ", Titled(fact.subject()), ", ", Spaced(fact.predicate()), ": ",
                        ValueWhen(fact), "\n", "        line ", found->second.line,
                        " of the import: ", Quote(piece, arrivals), "\n");
      }
    }
    if (!fact.has_valid_from() || fact.evidence().empty() || backs >= limit) continue;
    const auto first = arrivals.find(fact.evidence(0).episode_id());
    if (first == arrivals.end() || Day(fact.valid_from()) >= first->second.day) continue;
    ++backs;
    absl::StrAppend(&backdated, "    ", Titled(fact.subject()), ", ", Spaced(fact.predicate()), ": ",
                    ValueWhen(fact), "\n        ", Quote(fact.evidence(0), arrivals), "\n");
  }
  std::string out;
  if (!late.empty())
    absl::StrAppend(&out, "  Came in after things said later, and found its place all the same:\n", late);
  if (!backdated.empty())
    absl::StrAppend(&out, "  Dated by what was said, not by when it was said:\n", backdated);
  return out;
}

std::string UnusedText(const std::vector<v1::FactDetail>& details,
                       const std::map<std::string, Arrival>& arrivals, size_t limit) {
  std::string out;
  size_t shown = 0;
  for (const v1::FactDetail& detail : details) {
    for (const v1::UnusedAssertion& unused : detail.unused()) {
      if (unused.assertion().evidence().empty() || shown++ >= limit) continue;
      absl::StrAppend(&out, "    ", unused.reason(), ": ", Shorten(unused.assertion().text(), 90),
                      "\n        ", Quote(unused.assertion().evidence(0), arrivals), "\n");
    }
  }
  return out;
}

std::string RunsText(const std::vector<v1::Report>& reports) {
  int64_t sampled = 0, clusters = 0, strays = 0, gists = 0, nothing = 0, created = 0, superseded = 0,
          ended = 0;
  std::map<std::string, int64_t> quarantined;
  for (const v1::Report& r : reports) {
    sampled += r.sampled();
    clusters += r.clusters();
    strays += r.strays();
    gists += r.gists();
    nothing += r.supported_nothing();
    created += r.facts_created();
    superseded += r.facts_superseded();
    ended += r.facts_ended();
    for (const auto& [reason, count] : r.quarantined()) quarantined[reason] += count;
  }
  std::vector<std::string> reasons;
  for (const auto& [reason, count] : quarantined) reasons.push_back(absl::StrCat(count, " ", Spaced(reason)));
  Table table(4);
  table.Row({"runs", absl::StrCat(reports.size())});
  table.Row({"episodes read", Grouped(sampled)});
  table.Row({"clusters", absl::StrCat(Grouped(clusters), ", and ", Grouped(strays),
                                      " strays, which are read all the same")});
  table.Row({"gists found", Grouped(gists)});
  table.Row({"quarantined", reasons.empty() ? "none: every gist was carried by what it cites"
                                            : absl::StrJoin(reasons, ", ")});
  table.Row({"facts", absl::StrCat(Grouped(created), " created, ", Grouped(superseded), " superseded, ",
                                   Grouped(ended), " ended")});
  table.Row(
      {"nothing to keep", absl::StrCat("in ", Grouped(nothing),
                                       " episodes: greetings, questions, chatter; they stay as they are")});
  return table.Text();
}

}  // namespace slowwave
