// The daemon's records as a person reads them. Pure functions of messages; all times in UTC.
#ifndef SLOWWAVE_SERVER_COMMANDS_FORMAT_H_
#define SLOWWAVE_SERVER_COMMANDS_FORMAT_H_

#include <google/protobuf/timestamp.pb.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "slowwave/v1/consolidation.pb.h"
#include "slowwave/v1/memory.pb.h"

namespace slowwave {

// '2025-05-10'.
std::string Day(const google::protobuf::Timestamp& time);
// '2025-05-10 22:40'.
std::string Minute(const google::protobuf::Timestamp& time);
// '1.20 s', '35 ms', '6 h'.
std::string Span(absl::Duration duration);

// 'TASK_STATE_DONE' as 'done': what follows `prefix`, in lower case.
std::string Word(const std::string& name, const std::string& prefix);
std::string StateWord(v1::TaskState state);
std::string KindWord(v1::TriggerKind kind);
std::string CategoryWord(v1::Category category);
std::string ChangeWord(v1::ChangeKind kind);

// When a fact holds: 'since 2025-05-10', '2024-03-01 to 2025-05-10', 'until 2025-05-10', 'corrected', or
// nothing.
std::string When(const v1::Fact& fact);

// An episode as evidence is shown: who said it and when. Empty speaker and time if it is not known any more.
struct Said {
  std::string speaker, day;
};
// Given an episode's id.
using Lookup = std::function<Said(const std::string&)>;

// '"I moved to Utrecht today"  Ines, 2025-05-10  (demo/s30/t01)' lines, one a piece of evidence.
std::string EvidenceText(const google::protobuf::RepeatedPtrField<v1::Evidence>& evidence,
                         const Lookup& lookup, int indent, const std::string& lead = "");

// Facts under their subjects and categories, in the order given. With `lookup`, each with the quotes behind
// it.
std::string FactsText(const std::vector<v1::Fact>& facts, const Lookup* lookup);

std::string ReportText(const v1::Report& report, bool changes);
std::string TaskText(const v1::Task& task);
std::string UserText(const v1::User& user);
// '  extract   37 gists'; one line a stage event.
std::string EventText(const v1::TaskEvent& event);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_COMMANDS_FORMAT_H_
