#include "server/wire_text.h"

#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace slowwave {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// As protobuf's own parser.
constexpr int kMaxDepth = 100;

// Whether protobuf takes it: no surrogates, no overlong forms, at most U+10FFFF.
bool IsUtf8(const char* begin, const char* end) {
  const auto* p = reinterpret_cast<const unsigned char*>(begin);
  const auto* last = reinterpret_cast<const unsigned char*>(end);
  while (p < last) {
    if (*p < 0x80) {
      ++p;
      continue;
    }
    int more = 0;
    uint32_t c = 0;
    if (*p >= 0xC2 && *p <= 0xDF) {
      more = 1, c = *p & 0x1F;
    } else if (*p >= 0xE0 && *p <= 0xEF) {
      more = 2, c = *p & 0x0F;
    } else if (*p >= 0xF0 && *p <= 0xF4) {
      more = 3, c = *p & 0x07;
    } else {
      return false;
    }
    if (last - p <= more) return false;
    for (int i = 1; i <= more; ++i) {
      if ((p[i] & 0xC0) != 0x80) return false;
      c = c << 6 | (p[i] & 0x3F);
    }
    if ((more == 2 && c < 0x800) || (more == 3 && (c < 0x10000 || c > 0x10FFFF)) ||
        (c >= 0xD800 && c <= 0xDFFF)) {
      return false;
    }
    p += more + 1;
  }
  return true;
}

// Walks a message's wire form and overwrites bad text in place, so that no length changes.
class Repair {
 public:
  explicit Repair(BadText& bad) : bad_(bad) {}

  // False: malformed; protobuf's parser will say the same.
  bool Message(char* p, char* end, const Descriptor& type, const std::string& path, int depth) {
    if (depth > kMaxDepth) return false;
    std::map<int, int> seen;
    while (p < end) {
      uint64_t tag = 0;
      if (!Varint(p, end, tag)) return false;
      const FieldDescriptor* field = type.FindFieldByNumber(static_cast<int>(tag >> 3));
      switch (tag & 7) {
        case 0: {
          uint64_t ignored = 0;
          if (!Varint(p, end, ignored)) return false;
          break;
        }
        case 1:
          if (end - p < 8) return false;
          p += 8;
          break;
        case 5:
          if (end - p < 4) return false;
          p += 4;
          break;
        case 2: {
          uint64_t size = 0;
          if (!Varint(p, end, size) || size > static_cast<uint64_t>(end - p)) return false;
          if (field != nullptr && !Delimited(p, p + size, *field, path, seen, depth)) return false;
          p += size;
          break;
        }
        default:
          return false;  // groups: none of our messages has one
      }
    }
    return true;
  }

 private:
  static bool Varint(char*& p, const char* end, uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (p == end) return false;
      const auto byte = static_cast<unsigned char>(*p++);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  bool Delimited(char* begin, char* end, const FieldDescriptor& field, const std::string& path,
                 std::map<int, int>& seen, int depth) {
    const bool text = field.type() == FieldDescriptor::TYPE_STRING;
    if (!text && field.type() != FieldDescriptor::TYPE_MESSAGE) return true;
    std::string name = absl::StrCat(path, path.empty() ? "" : ".", field.name());
    if (field.is_repeated()) absl::StrAppend(&name, "[", seen[field.number()]++, "]");
    if (!text) return Message(begin, end, *field.message_type(), name, depth + 1);
    if (IsUtf8(begin, end)) return true;
    for (char* p = begin; p < end; ++p) {
      if (static_cast<unsigned char>(*p) >= 0x80) *p = '?';
    }
    bad_.push_back(std::move(name));
    return true;
  }

  BadText& bad_;
};

}  // namespace

absl::Status ParseWire(std::string wire, google::protobuf::Message& message, BadText& bad) {
  // Reading a whole protobuf string of known size: the common case pays nothing for what follows.
  if (message.ParsePartialFromString(wire)) return absl::OkStatus();
  if (!Repair(bad).Message(wire.data(), wire.data() + wire.size(), *message.GetDescriptor(), "", 0) ||
      !message.ParsePartialFromString(wire)) {
    bad.clear();
    return absl::InvalidArgumentError(
        absl::StrCat("the request's bytes are not a ", message.GetDescriptor()->full_name()));
  }
  return absl::OkStatus();
}

const std::string* FindBad(const BadText& bad, absl::string_view path) {
  for (const std::string& name : bad) {
    if (path.empty() ||
        (absl::StartsWith(name, path) &&
         (name.size() == path.size() || name[path.size()] == '.' || name[path.size()] == '['))) {
      return &name;
    }
  }
  return nullptr;
}

absl::Status NotUtf8(absl::string_view path) {
  return absl::InvalidArgumentError(absl::StrCat(path, " is not UTF-8; allowed: UTF-8 without NUL"));
}

}  // namespace slowwave
