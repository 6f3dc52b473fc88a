// The `llm.` and `embedding.` keys of the configuration, as the clients take them.
#ifndef SLOWWAVE_SERVER_LLM_OPTIONS_H_
#define SLOWWAVE_SERVER_LLM_OPTIONS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/config.h"
#include "server/http_embedder.h"
#include "server/http_llm_client.h"

namespace slowwave {

// InvalidArgument names the key, never what the API key is: an address that is none, an address without a
// model, a file that cannot be read, an API key given twice.
absl::Status CheckEndpointKeys(const Config& config);

// For a configuration with an llm.base_url. Reads the files; errors as above.
absl::StatusOr<HttpLlmOptions> LlmOptionsFrom(const Config& config);
// For one with an embedding.base_url.
absl::StatusOr<HttpEmbedderOptions> EmbedderOptionsFrom(const Config& config);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_LLM_OPTIONS_H_
