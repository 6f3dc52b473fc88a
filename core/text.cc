#include "core/text.h"

#include <unicode/brkiter.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utext.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "absl/strings/ascii.h"

namespace slowwave {
namespace {

constexpr size_t kMaxSlugBytes = 64;

// ICU's data is part of the installation; without it nothing here can keep its contract.
void CheckIcu(UErrorCode status) {
  if (U_FAILURE(status)) std::abort();
}

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

UChar32 PlainForm(UChar32 c) {
  switch (c) {
    case 0x2018:
    case 0x2019:
    case 0x201A:
    case 0x201B:
    case 0x2032:
    case 0x02BC:
    case 0x00B4:
    case 0x2039:
    case 0x203A:
      return '\'';
    case 0x201C:
    case 0x201D:
    case 0x201E:
    case 0x201F:
    case 0x2033:
    case 0x00AB:
    case 0x00BB:
      return '"';
    case 0x2010:
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2014:
    case 0x2015:
    case 0x2212:
    case 0x00AD:
      return '-';
    default:
      return c;
  }
}

void Append(UChar32 c, std::string& out) {
  std::array<uint8_t, U8_MAX_LENGTH> bytes;
  int32_t length = 0;
  U8_APPEND_UNSAFE(bytes.data(), length, c);
  out.append(reinterpret_cast<const char*>(bytes.data()), length);
}

std::string FoldAscii(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool space = false;
  for (char c : text) {
    if (absl::ascii_isspace(c) || absl::ascii_iscntrl(c)) {
      space = true;
      continue;
    }
    if (space && !out.empty()) out.push_back(' ');
    space = false;
    out.push_back(absl::ascii_tolower(c));
  }
  return out;
}

// Calls `visit(character, begin, end)` for each character of valid UTF-8.
template <typename Visit>
void ForEachCharacter(absl::string_view text, Visit visit) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const auto length = static_cast<int64_t>(text.size());
  for (int64_t i = 0; i < length;) {
    const int64_t begin = i;
    UChar32 c;
    U8_NEXT(bytes, i, length, c);
    visit(c < 0 ? 0xFFFD : c, static_cast<size_t>(begin), static_cast<size_t>(i));
  }
}

bool IsWordCharacter(UChar32 c) {
  return u_isalnum(c) || (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0;  // marks belong to the letter before them
}

// The last word before a full stop that ends no sentence when a capital follows.
bool EndsInAbbreviation(absl::string_view sentence) {
  static constexpr std::array<absl::string_view, 15> kAbbreviations = {
      "mr", "mrs", "ms", "dr", "prof", "st", "mt", "jr", "sr", "vs", "e.g", "i.e", "approx", "dept", "rev"};
  sentence = absl::StripTrailingAsciiWhitespace(sentence);
  if (sentence.empty() || sentence.back() != '.') return false;
  sentence.remove_suffix(1);
  const size_t space = sentence.find_last_of(" \t\n(");
  const absl::string_view word = space == absl::string_view::npos ? sentence : sentence.substr(space + 1);
  const std::string lower = absl::AsciiStrToLower(word);
  return std::find(kAbbreviations.begin(), kAbbreviations.end(), lower) != kAbbreviations.end();
}

absl::string_view Trimmed(absl::string_view text) {
  size_t begin = text.size(), end = 0;
  ForEachCharacter(text, [&](UChar32 c, size_t from, size_t to) {
    if (u_isUWhiteSpace(c)) return;
    begin = std::min(begin, from);
    end = to;
  });
  return begin < end ? text.substr(begin, end - begin) : absl::string_view();
}

}  // namespace

bool IsCleanUtf8(absl::string_view text) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const auto length = static_cast<int64_t>(text.size());
  for (int64_t i = 0; i < length;) {
    UChar32 c;
    U8_NEXT(bytes, i, length, c);
    if (c <= 0) return false;
  }
  return true;
}

std::string FoldText(absl::string_view text) {
  if (IsAscii(text)) return FoldAscii(text);
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCCasefoldInstance(status);
  CheckIcu(status);
  // Quotes first: compatibility decomposition turns an acute accent that stands for a quote into space and
  // mark.
  std::string plain;
  plain.reserve(text.size());
  ForEachCharacter(text, [&](UChar32 c, size_t, size_t) { Append(PlainForm(c), plain); });
  std::string folded;
  icu::StringByteSink<std::string> sink(&folded);
  nfkc->normalizeUTF8(0, icu::StringPiece(plain.data(), static_cast<int32_t>(plain.size())), sink, nullptr,
                      status);
  CheckIcu(status);
  std::string out;
  out.reserve(folded.size());
  bool space = false;
  ForEachCharacter(folded, [&](UChar32 c, size_t, size_t) {
    if (u_isUWhiteSpace(c) || u_iscntrl(c)) {
      space = true;
      return;
    }
    if (space && !out.empty()) out.push_back(' ');
    space = false;
    Append(PlainForm(c), out);
  });
  return out;
}

std::string Slug(absl::string_view text) {
  const std::string folded = FoldText(text);
  std::string out;
  bool gap = false, full = false;
  ForEachCharacter(folded, [&](UChar32 c, size_t from, size_t to) {
    if (full) return;
    if (!IsWordCharacter(c)) {
      gap = !out.empty();
      return;
    }
    if (out.size() + (gap ? 1 : 0) + (to - from) > kMaxSlugBytes) {
      full = true;
      return;
    }
    if (gap) out.push_back('_');
    gap = false;
    out.append(folded, from, to - from);
  });
  return out;
}

std::vector<std::string> Words(absl::string_view text) {
  const std::string folded = FoldText(text);
  std::vector<std::string> words;
  std::string word;
  bool apostrophe = false;  // seen after a letter; kept only if a letter follows
  const auto flush = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
    apostrophe = false;
  };
  ForEachCharacter(folded, [&](UChar32 c, size_t from, size_t to) {
    if (IsWordCharacter(c)) {
      if (apostrophe) word.push_back('\'');
      apostrophe = false;
      word.append(folded, from, to - from);
    } else if (c == '\'' && !word.empty() && !apostrophe) {
      apostrophe = true;
    } else {
      flush();
    }
  });
  flush();
  return words;
}

std::vector<absl::string_view> Sentences(absl::string_view text) {
  thread_local const std::unique_ptr<icu::BreakIterator> breaks = [] {
    UErrorCode status = U_ZERO_ERROR;
    std::unique_ptr<icu::BreakIterator> made(
        icu::BreakIterator::createSentenceInstance(icu::Locale::getEnglish(), status));
    CheckIcu(status);
    return made;
  }();
  UErrorCode status = U_ZERO_ERROR;
  UText* utext = utext_openUTF8(nullptr, text.data(), static_cast<int64_t>(text.size()), &status);
  CheckIcu(status);
  breaks->setText(utext, status);
  CheckIcu(status);
  std::vector<absl::string_view> sentences;
  size_t begin = 0;
  breaks->first();
  for (int32_t end = breaks->next(); end != icu::BreakIterator::DONE; end = breaks->next()) {
    const absl::string_view piece = text.substr(begin, end - begin);
    if (static_cast<size_t>(end) < text.size() && EndsInAbbreviation(piece) &&
        piece.find('\n') == absl::string_view::npos) {
      continue;
    }
    begin = end;
    for (size_t from = 0; from <= piece.size();) {
      const size_t newline = std::min(piece.find_first_of("\r\n", from), piece.size());
      const absl::string_view sentence = Trimmed(piece.substr(from, newline - from));
      if (!sentence.empty()) sentences.push_back(sentence);
      from = newline + 1;
    }
  }
  utext_close(utext);
  return sentences;
}

}  // namespace slowwave
