// How values are laid out in columns, and page tokens. Pure functions.
//
// Encoders may throw nlohmann::json::exception on strings that are not UTF-8, which types.h rules out; the
// store's transactions catch it. Decoders return false on what they did not write.
#ifndef SLOWWAVE_STORAGE_CODEC_H_
#define SLOWWAVE_STORAGE_CODEC_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/types.h"

namespace slowwave::codec {

// ["a","b"]
std::string EncodeStrings(const std::vector<std::string>& list);
bool DecodeStrings(std::string_view text, std::vector<std::string>& list);

// [["episode id","quote"], ...]
std::string EncodeEvidence(const std::vector<Evidence>& list);
bool DecodeEvidence(std::string_view text, std::vector<Evidence>& list);

std::string EncodeOptions(const TaskOptions& options);
bool DecodeOptions(std::string_view text, TaskOptions& options);

// Little-endian float32.
std::string EncodeEmbedding(const std::vector<float>& embedding);
bool DecodeEmbedding(std::string_view bytes, std::vector<float>& embedding);

std::string Sha256(std::string_view bytes);
// Over what an episode says: not its occurred_at (see Store::IngestEpisodes), access count and status, which
// change while it stays the same memory.
std::string ContentDigest(const Episode& episode);

// A UUID that begins with the time (version 7) and is greater than all that this process made before: rows
// made one after another lie beside each other in the index of their key, and in order.
std::string NewUuid();
// 128 random bits in hex.
std::string NewToken();

// A page token names its list (`kind`) and the last row.
std::string EncodePageToken(std::string_view kind, const std::vector<std::string>& fields);
// kInvalidArgument unless EncodePageToken made it for the same kind with `count` fields.
absl::StatusOr<std::vector<std::string>> DecodePageToken(std::string_view kind, std::string_view token,
                                                         size_t count);
absl::StatusOr<int64_t> PageTokenNumber(const std::string& field);

}  // namespace slowwave::codec

#endif  // SLOWWAVE_STORAGE_CODEC_H_
