// Does a text read as an order to an assistant, or as a piece of a prompt, a reply or a tool's protocol? Pure
// functions; any thread.
#ifndef SLOWWAVE_CORE_INSTRUCTION_LIKE_H_
#define SLOWWAVE_CORE_INSTRUCTION_LIKE_H_

#include "absl/strings/string_view.h"

namespace slowwave {

// A sentence or a quote. In time linear in it. Also if it is written so that people do not see it: in
// characters that are not shown, in letters of another script that look alike, in base64, letter by letter.
bool IsInstructionLike(absl::string_view text);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_INSTRUCTION_LIKE_H_
