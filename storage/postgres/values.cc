#include "storage/postgres/values.h"

#include <bit>

namespace slowwave::postgres {
namespace {

// Timestamps count microseconds from 2000-01-01 UTC.
constexpr int64_t kEpochMicros = 946684800LL * 1000000;

}  // namespace

void AppendInt(std::string& out, uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

void Wire<double>::Append(std::string& out, double value) {
  AppendInt(out, std::bit_cast<uint64_t>(value), 8);
}

void Wire<absl::Time>::Append(std::string& out, absl::Time value) {
  AppendInt(out, static_cast<uint64_t>(absl::ToUnixMicros(value) - kEpochMicros), 8);
}

std::vector<const char*> Parameters::Pointers() const {
  std::vector<const char*> pointers;
  pointers.reserve(offsets_.size());
  for (int64_t offset : offsets_) pointers.push_back(offset < 0 ? nullptr : bytes_.data() + offset);
  return pointers;
}

std::optional<std::string> Parameters::FirstText() const {
  if (oids_.empty() || oids_.front() != static_cast<unsigned>(Oid::kText) || offsets_.front() < 0) {
    return std::nullopt;
  }
  return bytes_.substr(static_cast<size_t>(offsets_.front()), static_cast<size_t>(lengths_.front()));
}

void Parameters::Add(const Clock& clock) {
  if (clock.instead) return Add(*clock.instead);
  constexpr std::string_view kNow = "now";
  Begin(Oid::kTimestamptz);
  formats_.back() = 0;
  bytes_.append(kNow).push_back('\0');  // as what is text has to end
  End();
}

void Parameters::Begin(Oid oid) {
  offsets_.push_back(static_cast<int64_t>(bytes_.size()));
  lengths_.push_back(0);
  formats_.push_back(1);
  oids_.push_back(static_cast<unsigned>(oid));
}

void Parameters::End() {
  lengths_.back() = static_cast<int>(static_cast<int64_t>(bytes_.size()) - offsets_.back());
}

void Parameters::BeginArray(Oid array, Oid element, size_t count) {
  Begin(array);
  AppendInt(bytes_, count == 0 ? 0 : 1, 4);  // dimensions
  AppendInt(bytes_, 1, 4);                   // nulls are possible
  AppendInt(bytes_, static_cast<uint64_t>(element), 4);
  if (count == 0) return;
  AppendInt(bytes_, count, 4);
  AppendInt(bytes_, 1, 4);  // lower bound
}

size_t Parameters::BeginElement() {
  bytes_.append(4, '\0');
  return bytes_.size();
}

void Parameters::EndElement(size_t at) {
  std::string length;
  AppendInt(length, bytes_.size() - at, 4);
  bytes_.replace(at - 4, 4, length);
}

int64_t DecodeInt(std::string_view bytes) {
  uint64_t value = 0;
  for (char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  const int unused = 64 - 8 * static_cast<int>(bytes.size());
  return unused <= 0 || unused >= 64 ? static_cast<int64_t>(value)
                                     : static_cast<int64_t>(value << unused) >> unused;
}

double DecodeReal(std::string_view bytes) {
  return std::bit_cast<double>(static_cast<uint64_t>(DecodeInt(bytes)));
}

absl::Time DecodeTime(std::string_view bytes) {
  return absl::FromUnixMicros(DecodeInt(bytes) + kEpochMicros);
}

}  // namespace slowwave::postgres
