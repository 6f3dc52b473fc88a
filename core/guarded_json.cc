#include "core/guarded_json.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"

namespace slowwave {
namespace {

using nlohmann::json;

// Reads without building anything, and stops at the first thing that is not allowed.
class Guard : public json::json_sax_t {
 public:
  const char* reason() const { return reason_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t value, const string_t&) override {
    return std::isfinite(value) || Refuse("not_a_number");
  }
  bool string(string_t& value) override { return value.find('\0') == string_t::npos || Refuse("nul"); }
  bool binary(binary_t&) override { return Refuse("not_json"); }
  bool start_object(size_t) override {
    keys_.emplace_back();
    return Deeper();
  }
  bool key(string_t& value) override {
    if (value.find('\0') != string_t::npos) return Refuse("nul");
    return keys_.back().insert(value).second || Refuse("duplicate_key");
  }
  bool end_object() override {
    keys_.pop_back();
    --depth_;
    return true;
  }
  bool start_array(size_t) override { return Deeper(); }
  bool end_array() override {
    --depth_;
    return true;
  }
  // 406 is the library's number for a literal that no double holds.
  bool parse_error(size_t, const std::string&, const json::exception& error) override {
    return Refuse(error.id == 406 ? "not_a_number" : "not_json");
  }

 private:
  bool Deeper() { return ++depth_ <= kMaxJsonDepth || Refuse("too_deep"); }
  bool Refuse(const char* reason) {
    reason_ = reason;
    return false;
  }

  std::vector<absl::flat_hash_set<std::string>> keys_;  // of the objects that are open
  int depth_ = 0;
  const char* reason_ = "not_json";
};

}  // namespace

absl::StatusOr<json> ParseGuardedJson(absl::string_view text) {
  if (text.size() > kMaxJsonBytes) return absl::InvalidArgumentError("too_large");
  if (text.find('\0') != absl::string_view::npos) return absl::InvalidArgumentError("nul");
  Guard guard;
  if (!json::sax_parse(text.begin(), text.end(), &guard)) return absl::InvalidArgumentError(guard.reason());
  return json::parse(text.begin(), text.end());
}

}  // namespace slowwave
