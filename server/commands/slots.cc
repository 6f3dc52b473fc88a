#include <google/protobuf/util/json_util.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/commands/client_commands.h"
#include "server/commands/format.h"
#include "server/commands/output.h"
#include "server/jsonl.h"

namespace slowwave {
namespace {

using Stub = v1::MemoryService::Stub;
using nlohmann::json;

constexpr size_t kMaxSlotsFile = size_t{4} << 20;

// {"pattern": ..., "category": "location", "cardinality": "one"}: enum values in proto3 JSON or as plain
// words.
absl::StatusOr<v1::Slot> SlotFrom(json value) {
  if (!value.is_object()) return absl::InvalidArgumentError("a slot must be a JSON object");
  for (const auto& [key, prefix] :
       {std::pair{"category", "CATEGORY_"}, std::pair{"cardinality", "CARDINALITY_"},
        std::pair{"valueType", "VALUE_TYPE_"}, std::pair{"value_type", "VALUE_TYPE_"}}) {
    if (!value.contains(key) || !value[key].is_string()) continue;
    const std::string word = value[key].get<std::string>();
    if (!absl::StartsWith(word, prefix)) value[key] = prefix + absl::AsciiStrToUpper(word);
  }
  v1::Slot slot;
  const auto status = google::protobuf::util::JsonStringToMessage(value.dump(), &slot);
  if (!status.ok()) return absl::InvalidArgumentError(std::string(status.message()));
  return slot;
}

// A file of slots: one object, a list of them, or one a line.
absl::StatusOr<std::vector<v1::Slot>> ReadSlots(const std::string& name, std::istream& in) {
  std::string text;
  char buffer[4096];
  while (in.read(buffer, sizeof buffer), in.gcount() > 0) {
    text.append(buffer, static_cast<size_t>(in.gcount()));
    if (text.size() > kMaxSlotsFile)
      return absl::InvalidArgumentError(absl::StrCat(name, ": longer than 4 MB"));
  }
  if (in.bad()) return absl::UnavailableError(absl::StrCat("cannot read ", name));
  std::vector<v1::Slot> out;
  const auto add = [&](const std::string& where, const json& value) -> absl::Status {
    absl::StatusOr<v1::Slot> slot = SlotFrom(value);
    if (!slot.ok()) return absl::InvalidArgumentError(absl::StrCat(where, ": ", slot.status().message()));
    out.push_back(*std::move(slot));
    return absl::OkStatus();
  };
  if (absl::StatusOr<json> whole = ParseJson(text); whole.ok()) {
    if (!whole->is_array()) whole = json::array({*whole});
    for (size_t i = 0; i < whole->size(); ++i) {
      if (absl::Status s = add(absl::StrCat(name, ": slot ", i + 1), (*whole)[i]); !s.ok()) return s;
    }
  } else {
    std::istringstream lines(text);
    LineReader reader(lines);
    std::string line;
    while (reader.Next(line) == LineReader::Result::kLine) {
      if (absl::StripAsciiWhitespace(line).empty()) continue;
      const std::string where = absl::StrCat(name, ":", reader.number());
      absl::StatusOr<json> value = ParseJson(line);
      if (!value.ok()) return absl::InvalidArgumentError(absl::StrCat(where, ": ", value.status().message()));
      if (absl::Status s = add(where, *value); !s.ok()) return s;
    }
  }
  if (out.empty()) return absl::InvalidArgumentError(absl::StrCat(name, " holds no slots"));
  return out;
}

void Describe(const v1::Slot& slot, Table& table) {
  table.Row({slot.pattern(), CategoryWord(slot.category()),
             Word(v1::ValueType_Name(slot.value_type()), "VALUE_TYPE_"),
             Word(v1::Cardinality_Name(slot.cardinality()), "CARDINALITY_"),
             slot.has_temporal() && !slot.temporal() ? "no dates" : "dated",
             slot.builtin() ? "built in" : "own", slot.description()});
}

struct SlotsOptions {
  Target target;
  std::string file;
};

absl::StatusOr<int> RunPut(const SlotsOptions& o, CommandContext& context) {
  std::ifstream file;
  if (o.file != "-") {
    file.open(o.file, std::ios::binary);
    if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", o.file));
  }
  absl::StatusOr<std::vector<v1::Slot>> slots =
      ReadSlots(o.file == "-" ? "stdin" : o.file, o.file == "-" ? context.in : file);
  if (!slots.ok()) return slots.status();
  Client client(o.target);
  size_t done = 0;
  Table table;
  for (v1::Slot& slot : *slots) {
    v1::PutSlotRequest request;
    request.set_tenant(o.target.tenant);
    *request.mutable_slot() = slot;
    auto answer = client.Call(&Stub::PutSlot, request);
    if (!answer.ok()) {
      return absl::Status(
          answer.status().code(),
          absl::StrCat("slot ", done + 1, " (", Shorten(slot.pattern(), 60), "): ", answer.status().message(),
                       "; the ", done, " before it are registered"));
    }
    ++done;
    if (o.target.json) {
      context.out << JsonLine(answer->slot());
    } else {
      Describe(answer->slot(), table);
    }
  }
  context.out << table.Text();
  return 0;
}

}  // namespace

void AddSlots(CLI::App& root, CommandContext& context) {
  CLI::App* slots = root.add_subcommand("slots", "List the slots that facts fall under, or register more");
  slots->require_subcommand(0, 1);
  auto o = std::make_shared<SlotsOptions>();
  AddTargetFlags(*slots, o->target, UserFlag::kNone);
  slots->footer("Example: slowwave slots\n         slowwave slots put slots.json");

  auto p = std::make_shared<SlotsOptions>();
  CLI::App* put =
      slots->add_subcommand("put", "Register slots from a file; facts follow without reading anything again");
  AddTargetFlags(*put, p->target, UserFlag::kNone);
  put->add_option("file", p->file, "JSON: one slot, a list, or one a line; - is standard input")->required();
  put->footer(
      "A slot: {\"pattern\": \"*:preference:cuisine\", \"category\": \"preference\", \"cardinality\": "
      "\"many\",\n"
      "\"temporal\": true, \"aliases\": [\"*:preference:food\"], \"description\": \"what they like to "
      "eat\"}\n"
      "Example: slowwave slots put slots.json");
  OnChosen(*put, context, [p, &context] { return RunPut(*p, context); });

  OnChosen(*slots, context, [o, slots, &context]() -> absl::StatusOr<int> {
    if (!slots->get_subcommands().empty()) return context.exit_code;
    Client client(o->target);
    v1::ListSlotsRequest request;
    request.set_tenant(o->target.tenant);
    Table table;
    table.Row({"PATTERN", "CATEGORY", "VALUE", "HOLDS", "TIME", "FROM", "DESCRIPTION"});
    const absl::Status status =
        client.Pages(&Stub::ListSlots, request, [&](const v1::ListSlotsResponse& page) {
          for (const v1::Slot& slot : page.slots()) {
            if (o->target.json) {
              context.out << JsonLine(slot);
            } else {
              Describe(slot, table);
            }
          }
          return absl::OkStatus();
        });
    if (!status.ok()) return status;
    if (!o->target.json) context.out << table.Text();
    return 0;
  });
}

}  // namespace slowwave
