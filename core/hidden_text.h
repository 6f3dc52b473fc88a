// What stands in a text that people do not see when they look at it. Pure functions; any thread.
#ifndef SLOWWAVE_CORE_HIDDEN_TEXT_H_
#define SLOWWAVE_CORE_HIDDEN_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace slowwave {

// Other readings of `text` (UTF-8), none if there is nothing to hide in: without characters that are not
// shown and with the letters that words of mixed scripts borrow from another put into Latin; what its tag
// characters spell; what its base64 holds, if that is plain text.
std::vector<std::string> HiddenTexts(absl::string_view text);

// A dozen letters or more in a row, each by itself: 'i g n o r e ...'.
bool IsSpelledOut(absl::string_view text);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_HIDDEN_TEXT_H_
