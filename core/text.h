// Unicode text, folded for comparison. Pure, deterministic, any thread. Built on ICU.
#ifndef SLOWWAVE_CORE_TEXT_H_
#define SLOWWAVE_CORE_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace slowwave {

// Valid UTF-8 (no surrogates, no overlong forms) without NUL.
bool IsCleanUtf8(absl::string_view text);

// NFKC, case folded, typographic quotes and dashes made plain, white space runs made one space, trimmed.
std::string FoldText(absl::string_view text);

// A slug: FoldText, letters and digits of any script kept, everything else made single underscores, none at
// the ends. 'New York!' gives 'new_york'. Empty if nothing is left. At most 64 bytes, cut between characters.
std::string Slug(absl::string_view text);

// Runs of letters, digits and inner apostrophes of FoldText(text), in order.
std::vector<std::string> Words(absl::string_view text);

// Sentences as byte ranges of the text itself (trimmed), by ICU's English rules; line breaks end a sentence
// too.
std::vector<absl::string_view> Sentences(absl::string_view text);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_TEXT_H_
