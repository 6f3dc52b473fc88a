// A chat completion and embeddings endpoint in the test's process that answers as it is told to.
#ifndef SLOWWAVE_TESTS_SUPPORT_SCRIPTED_ENDPOINT_H_
#define SLOWWAVE_TESTS_SUPPORT_SCRIPTED_ENDPOINT_H_

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace slowwave {

struct ScriptedAnswer {
  int status = 200;
  std::string body = {};
  std::string header = {};  // a whole line without its end; empty: none
  bool hang = false;        // not before Release
  bool hang_up = false;     // no answer: the connection closes
};

// A whole envelope whose content is `content`.
std::string Envelope(const std::string& content);

class ScriptedEndpoint {
 public:
  // `script(n, body)`: the answer to call n (from 0, by arrival); any thread, several at once.
  using Script = std::function<ScriptedAnswer(int call, const std::string& body)>;
  explicit ScriptedEndpoint(Script script);
  ~ScriptedEndpoint();

  std::string base_url() const;
  // Lets everything go that hangs, now and from now on.
  void Release();
  // Waits until `calls` have arrived in all, and says whether they did within a time that is plenty.
  bool AwaitCalls(int calls);

  int calls() const;
  int most_at_once() const;
  int connections() const;                  // distinct ones that carried a call
  std::vector<std::string> bodies() const;  // by arrival
  std::vector<std::string> authorizations() const;

 private:
  class Handler;
  struct Server;
  static Server& TheServer();

  const Script script_;
  const std::string path_;
  mutable absl::Mutex mutex_;
  bool released_ ABSL_GUARDED_BY(mutex_) = false;
  int now_ ABSL_GUARDED_BY(mutex_) = 0;
  int most_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<int> ports_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> bodies_ ABSL_GUARDED_BY(mutex_), authorizations_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Handler> handler_;  // last: it uses the others
};

}  // namespace slowwave

#endif  // SLOWWAVE_TESTS_SUPPORT_SCRIPTED_ENDPOINT_H_
