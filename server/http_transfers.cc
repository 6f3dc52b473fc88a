#include "server/http_transfers.h"

#include <algorithm>
#include <cmath>

#include "absl/base/call_once.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/guarded_json.h"

namespace slowwave {
namespace {

Transport TransportOf(CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return Transport::kAnswered;
    case CURLE_OPERATION_TIMEDOUT:
      return Transport::kTimeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Transport::kUntrusted;
    default:
      return Transport::kConnection;
  }
}

CURLcode StartCurl() {
  static absl::once_flag once;
  static CURLcode code = CURLE_OK;
  absl::call_once(once, [] { code = curl_global_init(CURL_GLOBAL_DEFAULT); });
  return code;
}

}  // namespace

struct HttpTransfers::Transfer {
  Id id = 0;
  SteadyClock clock;
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers{nullptr, &curl_slist_free_all};
  Easy easy;
  std::string body;
  HttpAnswer answer;
  absl::Duration started, heard;  // `heard`: the last byte
  bool too_large = false;
};

HttpTransfers::HttpTransfers(HttpTransferOptions options, CURLM* multi)
    : options_(std::move(options)), multi_(multi) {
  // A large body is not announced first: some endpoints never say that they expect it.
  headers_ = {"Content-Type: application/json", "Accept: application/json", "Expect:"};
  if (!options_.api_key.empty()) headers_.push_back("Authorization: Bearer " + options_.api_key);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options_.max_connections));
}

absl::StatusOr<std::unique_ptr<HttpTransfers>> HttpTransfers::Make(HttpTransferOptions options) {
  if (const CURLcode code = StartCurl(); code != CURLE_OK) {
    return absl::InternalError(absl::StrCat("libcurl: ", curl_easy_strerror(code)));
  }
  CURLM* const multi = curl_multi_init();
  if (multi == nullptr) return absl::InternalError("libcurl: no multi handle");
  return std::unique_ptr<HttpTransfers>(new HttpTransfers(std::move(options), multi));
}

HttpTransfers::~HttpTransfers() {
  while (!active_.empty()) Cancel(active_.begin()->first);
  idle_.clear();
  curl_multi_cleanup(multi_);
}

size_t HttpTransfers::OnHeader(char*, size_t size, size_t count, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  self.heard = self.clock();
  return size * count;
}

// Bytes are counted after they are unpacked. Taking fewer than were given ends the transfer.
size_t HttpTransfers::OnBody(char* data, size_t size, size_t count, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  self.heard = self.clock();
  if (self.answer.body.size() + size * count > kMaxJsonBytes) {
    self.too_large = true;
    return 0;
  }
  self.answer.body.append(data, size * count);
  return size * count;
}

bool HttpTransfers::Prepare(CURL* easy, Transfer& transfer) {
  bool ok = true;
  const auto set = [&](CURLoption option, auto value) {
    ok = curl_easy_setopt(easy, option, value) == CURLE_OK && ok;
  };
  set(CURLOPT_URL, options_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_HTTPHEADER, transfer.headers.get());
  set(CURLOPT_USERAGENT, "slowwave");
  set(CURLOPT_ACCEPT_ENCODING, "");
  set(CURLOPT_POST, 1L);
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.body.size()));
  set(CURLOPT_POSTFIELDS, transfer.body.data());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TCP_NODELAY, 1L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_PROXY, options_.proxy.c_str());
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!options_.ca_file.empty()) set(CURLOPT_CAINFO, options_.ca_file.c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS,
      std::max(1L, static_cast<long>(absl::ToInt64Milliseconds(options_.connect_timeout))));
  set(CURLOPT_HEADERFUNCTION, &OnHeader);
  set(CURLOPT_HEADERDATA, &transfer);
  set(CURLOPT_WRITEFUNCTION, &OnBody);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_PRIVATE, &transfer);
  return ok && curl_multi_add_handle(multi_, easy) == CURLM_OK;
}

void HttpTransfers::Start(Id id, std::string body, const std::string& traceparent) {
  auto transfer = std::make_unique<Transfer>();
  transfer->id = id;
  transfer->clock = options_.clock;
  transfer->body = std::move(body);
  const auto add = [&](const std::string& header) {
    // It hands back the list with one more, or nothing, and then leaves the list as it was.
    curl_slist* const longer = curl_slist_append(transfer->headers.get(), header.c_str());
    if (longer == nullptr) return;
    transfer->headers.release();
    transfer->headers.reset(longer);
  };
  for (const std::string& header : headers_) add(header);
  if (!traceparent.empty()) add("traceparent: " + traceparent);
  transfer->started = transfer->heard = options_.clock();
  if (idle_.empty()) {
    transfer->easy.reset(curl_easy_init());
  } else {
    transfer->easy = std::move(idle_.back());
    idle_.pop_back();
  }
  if (transfer->easy == nullptr || !Prepare(transfer->easy.get(), *transfer)) {
    transfer->answer.problem = "libcurl takes no more transfers, or not these options";
    ended_.emplace_back(id, std::move(transfer->answer));
    return;
  }
  active_.emplace(id, std::move(transfer));
}

void HttpTransfers::Cancel(Id id) {
  const auto found = active_.find(id);
  if (found == active_.end()) return;
  Easy easy = std::move(found->second->easy);
  curl_multi_remove_handle(multi_, easy.get());
  curl_easy_reset(easy.get());
  idle_.push_back(std::move(easy));
  active_.erase(found);
}

void HttpTransfers::End(Id id, CURLcode code) {
  Transfer& transfer = *active_.at(id);
  if (transfer.too_large) return EndWith(id, Transport::kTooLarge, "");
  if (code != CURLE_OK) return EndWith(id, TransportOf(code), curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  transfer.answer.status = static_cast<int>(status);
  curl_header* header = nullptr;
  if (curl_easy_header(transfer.easy.get(), "Retry-After", 0, CURLH_HEADER, -1, &header) == CURLHE_OK) {
    transfer.answer.retry_after = header->value;
  }
  EndWith(id, Transport::kAnswered, "");
}

void HttpTransfers::EndWith(Id id, Transport transport, std::string problem) {
  HttpAnswer answer = std::move(active_.at(id)->answer);
  answer.transport = transport;
  answer.problem = std::move(problem);
  ended_.emplace_back(id, std::move(answer));
  Cancel(id);
}

// Counted here and not by libcurl, whose own limit of silence knows whole seconds only.
void HttpTransfers::EndOverdue() {
  const absl::Duration now = options_.clock();
  std::vector<std::pair<Id, const char*>> overdue;
  for (const auto& [id, transfer] : active_) {
    if (now - transfer->heard >= options_.silence_timeout) {
      overdue.emplace_back(id, "silent for too long");
    } else if (now - transfer->started >= options_.total_timeout) {
      overdue.emplace_back(id, "took too long altogether");
    }
  }
  for (const auto& [id, problem] : overdue) EndWith(id, Transport::kTimeout, problem);
}

void HttpTransfers::EndAll(CURLMcode code) {
  while (!active_.empty()) {
    EndWith(active_.begin()->first, Transport::kConnection, curl_multi_strerror(code));
  }
}

std::vector<std::pair<HttpTransfers::Id, HttpAnswer>> HttpTransfers::Poll(absl::Duration timeout) {
  // What has ended already is not kept waiting.
  const double milliseconds = ended_.empty() ? std::ceil(absl::ToDoubleMilliseconds(timeout)) : 0;
  int running = 0;
  CURLMcode code =
      curl_multi_poll(multi_, nullptr, 0, static_cast<int>(std::clamp(milliseconds, 0.0, 60'000.0)), nullptr);
  if (code == CURLM_OK) code = curl_multi_perform(multi_, &running);
  if (code != CURLM_OK) EndAll(code);
  int left = 0;
  while (CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode result = message->data.result;
    void* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    End(static_cast<Transfer*>(transfer)->id, result);
  }
  EndOverdue();
  return std::exchange(ended_, {});
}

void HttpTransfers::Wake() { curl_multi_wakeup(multi_); }

}  // namespace slowwave
