// The receiving ends of the two client streams. One call each; used by one thread at a time; may block. The
// call's audit outlives them.
#ifndef SLOWWAVE_SERVER_IMPORT_H_
#define SLOWWAVE_SERVER_IMPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "server/access.h"
#include "server/ingest.h"
#include "server/stream_reader.h"
#include "server/tenant_rates.h"

namespace slowwave {

// A stream's batches count as calls of its tenant, the first of them as the call that the stream is.
class BatchRate {
 public:
  explicit BatchRate(TenantRates* rates) : rates_(rates) {}
  TenantRates* rates() const { return rates_; }
  // Something was stored.
  void Stored() { ++stored_; }
  // Of all since the last time, at least one: how long to rest.
  absl::Duration Pay(const std::string& tenant);

 private:
  TenantRates* const rates_;  // null: no limit
  int stored_ = 0;
  bool first_ = true;
};

// IngestEpisodeStream.
class EpisodeSink : public StreamSink {
 public:
  EpisodeSink(const ServiceEnv& env, CallAudit& audit, TenantRates* rates)
      : env_(env), audit_(audit), rate_(rates) {}
  absl::Status Take(std::vector<std::string> messages) override;
  absl::StatusOr<grpc::ByteBuffer> Finish() override;
  absl::Duration Rest() override;
  void Describe(CallAudit& audit) const override;

 private:
  absl::Status Store();

  const ServiceEnv& env_;
  CallAudit& audit_;
  BatchRate rate_;
  std::optional<UserKey> user_;
  int64_t next_index_ = 0;
  std::vector<IngestItem> items_;
  v1::IngestSummary summary_;
};

// ImportUser.
class ImportSink : public StreamSink {
 public:
  ImportSink(const ServiceEnv& env, CallAudit& audit, TenantRates* rates)
      : env_(env), audit_(audit), rate_(rates) {}
  absl::Status Take(std::vector<std::string> messages) override;
  absl::StatusOr<grpc::ByteBuffer> Finish() override;
  absl::Duration Rest() override;
  void Describe(CallAudit& audit) const override;

 private:
  // What is wrong with a record is in the result; an error ends the call.
  absl::Status TakeRecord(const v1::ExportRecord& record, const BadText& bad, const std::string& wire_path);
  absl::Status TakeHeader(const v1::ExportHeader& header);
  // To put a slot is an operator's; one that is there already may come again.
  absl::Status TakeSlot(const v1::Slot& slot, const std::string& path);
  absl::Status Store();
  void Refuse(int64_t index, const absl::Status& why);

  const ServiceEnv& env_;
  CallAudit& audit_;
  BatchRate rate_;
  std::string tenant_, name_;  // as the first message gave them; `name_` may be the header's
  bool first_ = true;
  int64_t next_index_ = 0;
  std::vector<IngestItem> items_;
  int64_t denied_slots_ = 0;
  v1::IngestSummary summary_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_IMPORT_H_
