// POSTs of JSON to one address, many at a time from one thread, over connections that are kept.
#ifndef SLOWWAVE_SERVER_HTTP_TRANSFERS_H_
#define SLOWWAVE_SERVER_HTTP_TRANSFERS_H_

#include <curl/curl.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/clock.h"
#include "server/llm_wire.h"

namespace slowwave {

struct HttpTransferOptions {
  std::string url;
  std::string api_key;      // sent as a bearer's; empty: none
  std::string proxy;        // empty: none, whatever the environment says
  std::string ca_file;      // empty: the system's
  int max_connections = 1;  // kept open
  absl::Duration connect_timeout, silence_timeout, total_timeout;  // the last two by `clock`
  SteadyClock clock;
};

// Certificates are always verified, redirects never followed; HTTP/2 where it is offered over TLS.
// One thread, but for Wake.
class HttpTransfers {
 public:
  using Id = int64_t;
  // kInternal: libcurl cannot start.
  static absl::StatusOr<std::unique_ptr<HttpTransfers>> Make(HttpTransferOptions options);
  ~HttpTransfers();
  HttpTransfers(const HttpTransfers&) = delete;
  HttpTransfers& operator=(const HttpTransfers&) = delete;

  // `id` is not under way. `traceparent`: that header; empty: none.
  void Start(Id id, std::string body, const std::string& traceparent = "");
  // Closes what it has open; nothing more is heard of `id`.
  void Cancel(Id id);
  // Waits until something ends or may be sent or read, at most `timeout` (of real time), and returns what has
  // ended.
  std::vector<std::pair<Id, HttpAnswer>> Poll(absl::Duration timeout);
  // Ends a Poll, or the next one, at once. Any thread.
  void Wake();

 private:
  struct Transfer;
  struct EasyCleanup {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  using Easy = std::unique_ptr<CURL, EasyCleanup>;

  HttpTransfers(HttpTransferOptions options, CURLM* multi);
  bool Prepare(CURL* easy, Transfer& transfer);
  void End(Id id, CURLcode code);
  void EndWith(Id id, Transport transport, std::string problem);
  void EndOverdue();
  void EndAll(CURLMcode code);
  static size_t OnHeader(char* data, size_t size, size_t count, void* transfer);
  static size_t OnBody(char* data, size_t size, size_t count, void* transfer);

  const HttpTransferOptions options_;
  CURLM* const multi_;
  std::vector<std::string> headers_;  // of every transfer
  std::vector<Easy> idle_;
  std::map<Id, std::unique_ptr<Transfer>> active_;
  std::vector<std::pair<Id, HttpAnswer>> ended_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_HTTP_TRANSFERS_H_
