// What an LLM is asked, word for word. Pure functions; any thread.
#ifndef SLOWWAVE_CORE_PROMPT_H_
#define SLOWWAVE_CORE_PROMPT_H_

#include <string>
#include <vector>

#include "core/extraction.h"
#include "core/llm_client.h"

namespace slowwave {

// Grows with every change of the words or of the form below: plans, reports and stored exchanges name it.
inline constexpr char kPromptVersion[] = "1";

// The question about one chunk: a system message that says what is wanted, and a user message with themes,
// slot patterns and, under a line MEMORIES, the chunk's memories and context as JSON lines in reading order.
// A memory's id is its index in the chunk plus one.
std::vector<LlmMessage> AskAbout(const Chunk& chunk);

// What to say after `answer` to the same question, which was no answer in the form asked for.
std::vector<LlmMessage> AskAgain(std::vector<LlmMessage> question, const std::string& answer);

// A JSON Schema of the reply.
const std::string& ReplySchema();

// A digest of what is asked about, the same whatever the slots and the turns around the memories: SHA-256 in
// hex. The model and the versions of prompt and parser are part of it.
std::string QuestionHash(const Chunk& chunk, const std::string& model);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_PROMPT_H_
