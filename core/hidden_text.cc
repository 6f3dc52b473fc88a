#include "core/hidden_text.h"

#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "core/text.h"

namespace slowwave {
namespace {

constexpr UChar32 kFirstTag = 0xE0020, kLastTag = 0xE007E, kTags = 0xE0000;
constexpr size_t kLeastBase64 = 32;
constexpr size_t kSpelledOut = 12;

bool IsAsciiLetter(UChar32 c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The Latin letter that a Cyrillic or Greek one cannot be told from; 0: it can.
UChar32 LooksLike(UChar32 c) {
  static constexpr char16_t kFrom[] = u"аеорсухіјѕԁһӏАВЕКМНОРСТУХІЈЅαοινρτυχκΑΒΕΖΗΙΚΜΝΟΡΤΥΧ";
  static constexpr char kTo[] = "aeopcyxijsdhlABEKMHOPCTYXIJSaoivptuxkABEZHIKMNOPTYX";
  static_assert(sizeof(kFrom) / sizeof(kFrom[0]) == sizeof(kTo));
  for (size_t i = 0; kTo[i] != '\0'; ++i) {
    if (static_cast<UChar32>(kFrom[i]) == c) return kTo[i];
  }
  return 0;
}

// Of `word`, which has letters of both scripts or none but such as look Latin.
void AppendAsLatin(const icu::UnicodeString& word, icu::UnicodeString& out) {
  bool all_look = true;
  for (int32_t i = 0; i < word.length(); i = word.moveIndex32(i, 1)) {
    const UChar32 c = word.char32At(i);
    all_look &= c < 0x80 || LooksLike(c) != 0;
  }
  if (!all_look) {
    out.append(word);
    return;
  }
  for (int32_t i = 0; i < word.length(); i = word.moveIndex32(i, 1)) {
    const UChar32 c = word.char32At(i);
    const UChar32 latin = LooksLike(c);
    out.append(latin != 0 ? latin : c);
  }
}

std::string Utf8(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

void AddBase64(absl::string_view text, std::vector<std::string>& found) {
  const auto is_base64 = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '/' || c == '-' ||
           c == '_' || c == '=';
  };
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin;
    while (end < text.size() && is_base64(text[end])) ++end;
    if (end - begin >= kLeastBase64) {
      std::string decoded;
      const absl::string_view run = text.substr(begin, end - begin);
      const bool plain =
          (absl::Base64Unescape(run, &decoded) || absl::WebSafeBase64Unescape(run, &decoded)) &&
          IsCleanUtf8(decoded) && std::none_of(decoded.begin(), decoded.end(), [](char c) {
            return absl::ascii_iscntrl(static_cast<unsigned char>(c)) && c != '\n';
          });
      if (plain) found.push_back(std::move(decoded));
    }
    begin = std::max(end, begin + 1);
  }
}

}  // namespace

std::vector<std::string> HiddenTexts(absl::string_view text) {
  std::vector<std::string> found;
  AddBase64(text, found);
  if (std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isascii(c); })) return found;
  const icu::UnicodeString all =
      icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
  icu::UnicodeString shown, word, tagged;
  for (int32_t i = 0; i < all.length(); i = all.moveIndex32(i, 1)) {
    const UChar32 c = all.char32At(i);
    if (c >= kFirstTag && c <= kLastTag) tagged.append(c - kTags);
    if (u_charType(c) == U_FORMAT_CHAR || (c >= kTags && c <= kLastTag)) continue;
    if (u_isalpha(c) != 0) {
      word.append(c);
      continue;
    }
    AppendAsLatin(word, shown);
    word.remove();
    shown.append(c);
  }
  AppendAsLatin(word, shown);
  if (shown != all) found.push_back(Utf8(shown));
  if (!tagged.isEmpty()) found.push_back(Utf8(tagged));
  return found;
}

bool IsSpelledOut(absl::string_view text) {
  size_t row = 0;
  for (const std::string& word : Words(text)) {
    row = word.size() == 1 && IsAsciiLetter(static_cast<unsigned char>(word[0])) ? row + 1 : 0;
    if (row >= kSpelledOut) return true;
  }
  return false;
}

}  // namespace slowwave
