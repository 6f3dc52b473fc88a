// Values as Postgres' binary protocol has them: parameters of statements, columns of rows.
#ifndef SLOWWAVE_STORAGE_POSTGRES_VALUES_H_
#define SLOWWAVE_STORAGE_POSTGRES_VALUES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/time/time.h"

namespace slowwave::postgres {

// Bytes rather than text.
struct Blob {
  std::string_view bytes;
};

// The time of the transaction, by the database's clock; or another, for tests. The statement that it is bound
// to sees a value like any other: nothing in it has to be computed anew, here or on another node.
struct Clock {
  std::optional<absl::Time> instead;
};

// The types in use, as pg_type numbers them: never to change.
enum class Oid : unsigned {
  kBool = 16,
  kBytea = 17,
  kInt8 = 20,
  kText = 25,
  kFloat8 = 701,
  kBoolArray = 1000,
  kByteaArray = 1001,
  kTextArray = 1009,
  kInt8Array = 1016,
  kFloat8Array = 1022,
  kTimestamptz = 1184,
  kTimestamptzArray = 1185,
};

// One kind of value: its type and that of an array of it, and its bytes.
template <typename T, typename Enable = void>
struct Wire;

void AppendInt(std::string& out, uint64_t value, int bytes);

template <>
struct Wire<bool> {
  static constexpr Oid kOid = Oid::kBool, kArray = Oid::kBoolArray;
  static void Append(std::string& out, bool value) { out.push_back(value ? 1 : 0); }
};
template <typename T>
struct Wire<T, std::enable_if_t<(std::is_integral_v<T> && !std::is_same_v<T, bool>) || std::is_enum_v<T>>> {
  static constexpr Oid kOid = Oid::kInt8, kArray = Oid::kInt8Array;
  static void Append(std::string& out, T value) {
    AppendInt(out, static_cast<uint64_t>(static_cast<int64_t>(value)), 8);
  }
};
template <>
struct Wire<double> {
  static constexpr Oid kOid = Oid::kFloat8, kArray = Oid::kFloat8Array;
  static void Append(std::string& out, double value);
};
template <>
struct Wire<absl::Duration> {  // a column of microseconds
  static constexpr Oid kOid = Oid::kInt8, kArray = Oid::kInt8Array;
  static void Append(std::string& out, absl::Duration value) {
    Wire<int64_t>::Append(out, absl::ToInt64Microseconds(value));
  }
};
template <>
struct Wire<absl::Time> {
  static constexpr Oid kOid = Oid::kTimestamptz, kArray = Oid::kTimestamptzArray;
  static void Append(std::string& out, absl::Time value);
};
template <>
struct Wire<Blob> {
  static constexpr Oid kOid = Oid::kBytea, kArray = Oid::kByteaArray;
  static void Append(std::string& out, Blob value) { out.append(value.bytes); }
};
template <typename T>
struct Wire<T, std::enable_if_t<std::is_convertible_v<T, std::string_view>>> {
  static constexpr Oid kOid = Oid::kText, kArray = Oid::kTextArray;
  static void Append(std::string& out, std::string_view value) { out.append(value); }
};

// The parameters of one statement.
class Parameters {
 public:
  template <typename... Values>
  explicit Parameters(const Values&... values) {
    (Add(values), ...);
  }

  int size() const { return static_cast<int>(oids_.size()); }
  // The first, if it is a text.
  std::optional<std::string> FirstText() const;
  const unsigned* oids() const { return oids_.data(); }
  // Into the buffers of this object; null where the value is.
  std::vector<const char*> Pointers() const;
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }

 private:
  void Add(const Clock& clock);
  template <typename T>
  void Add(const T& value) {
    Begin(Wire<T>::kOid);
    Wire<T>::Append(bytes_, value);
    End();
  }
  template <typename T>
  void Add(const std::optional<T>& value) {
    Begin(Wire<T>::kOid);
    if (value.has_value()) {
      Wire<T>::Append(bytes_, *value);
      End();
    } else {
      offsets_.back() = -1;
    }
  }
  template <typename T>
  void Add(const std::vector<T>& values) {
    BeginArray(Wire<T>::kArray, Wire<T>::kOid, values.size());
    for (auto&& value : values) {
      const size_t at = BeginElement();
      Wire<T>::Append(bytes_, value);
      EndElement(at);
    }
    End();
  }
  template <typename T>
  void Add(const std::vector<std::optional<T>>& values) {
    BeginArray(Wire<T>::kArray, Wire<T>::kOid, values.size());
    for (const std::optional<T>& value : values) {
      if (!value.has_value()) {
        AppendInt(bytes_, static_cast<uint64_t>(-1), 4);
        continue;
      }
      const size_t at = BeginElement();
      Wire<T>::Append(bytes_, *value);
      EndElement(at);
    }
    End();
  }

  void Begin(Oid oid);
  void End();
  void BeginArray(Oid array, Oid element, size_t count);
  size_t BeginElement();
  void EndElement(size_t at);

  std::string bytes_;
  std::vector<int64_t> offsets_;  // -1: null
  std::vector<int> lengths_, formats_;
  std::vector<unsigned> oids_;
};

// Columns as binary results have them.
int64_t DecodeInt(std::string_view bytes);  // of 2, 4 or 8 bytes
double DecodeReal(std::string_view bytes);
absl::Time DecodeTime(std::string_view bytes);

}  // namespace slowwave::postgres

#endif  // SLOWWAVE_STORAGE_POSTGRES_VALUES_H_
