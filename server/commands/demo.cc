#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "server/app.h"
#include "server/commands/client_commands.h"
#include "server/commands/demo_story.h"
#include "server/commands/drain.h"
#include "server/commands/episode_sender.h"
#include "server/commands/format.h"
#include "server/commands/output.h"
#include "server/config.h"
#include "server/demo/sample_memory.h"
#include "server/logging.h"

namespace slowwave {
namespace {

using Stub = v1::MemoryService::Stub;

struct DemoOptions {
  std::string data_dir;
  bool once = false;
};

// A folder of our own, gone with the demo unless the caller named one.
class DataFolder {
 public:
  static absl::StatusOr<std::unique_ptr<DataFolder>> Make(const std::string& named) {
    std::error_code error;
    if (!named.empty()) {
      std::filesystem::create_directories(named, error);
      if (error)
        return absl::UnavailableError(absl::StrCat("cannot make the folder ", named, ": ", error.message()));
      return std::unique_ptr<DataFolder>(new DataFolder(named, false));
    }
    std::string path = (std::filesystem::temp_directory_path(error) / "slowwave-demo-XXXXXX").string();
    if (error || mkdtemp(path.data()) == nullptr) {
      return absl::UnavailableError("cannot make a temporary folder; name one with --data-dir");
    }
    return std::unique_ptr<DataFolder>(new DataFolder(path, true));
  }
  ~DataFolder() {
    if (temporary_) Remove(path_);
  }
  // A temporary folder that stays is no reason to fail.
  static void Remove(const std::string& path) {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  const std::string& path() const { return path_; }
  bool temporary() const { return temporary_; }

 private:
  DataFolder(std::string path, bool temporary) : path_(std::move(path)), temporary_(temporary) {}
  std::string path_;
  bool temporary_;
};

// Waits for Ctrl-C or SIGTERM from before the first thread on. While the demo still works a signal ends it at
// once; once it serves, the signal is what it waits for.
class Interrupt {
 public:
  explicit Interrupt(const DataFolder& folder) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::thread([state = state_, signals, path = folder.temporary() ? folder.path() : ""] {
      int signal = 0;
      sigwait(&signals, &signal);
      if (!state->serving) {
        if (!path.empty()) DataFolder::Remove(path);
        _exit(128 + signal);
      }
      state->asked.Notify();
      sigwait(&signals, &signal);
      _exit(128 + signal);
    }).detach();
  }
  void WaitServing() {
    state_->serving = true;
    state_->asked.WaitForNotification();
  }

 private:
  // The thread outlives this object.
  struct State {
    std::atomic<bool> serving = false;
    absl::Notification asked;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// How a person in this folder calls this very program.
std::string Myself() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return "slowwave";
  const auto near = std::filesystem::relative(self, error);
  if (error || near.empty() || absl::StartsWith(near.string(), "..")) return self.string();
  return near.has_parent_path() ? near.string() : "./" + near.string();
}

void Heading(CommandContext& context, const std::string& text) { context.out << "\n== " << text << "\n\n"; }

absl::Status Import(Client& client, const Target& target, CommandContext& context) {
  Progress progress(context.err, IsTerminal(context.err));
  EpisodeSender sender(client, target, [&](const LineProblem& p) {
    context.out << "  line " << p.line << " " << p.status << ": " << p.reason << "\n";
  });
  std::istringstream sample{std::string(SampleMemory())};
  if (absl::Status status = sender.Read("the sample", sample, progress); !status.ok()) return status;
  const absl::StatusOr<ImportCounts> counts = sender.Finish(progress);
  if (!counts.ok()) return counts.status();
  context.out << "  " << Grouped(counts->lines) << " lines: " << Grouped(counts->stored) << " taken, "
              << Grouped(counts->existed) << " had already, " << Grouped(counts->refused + counts->different)
              << " refused\n";
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::Fact>> AllFacts(Client& client, const Target& target) {
  auto request = For<v1::ListFactsRequest>(target);
  request.set_history(true);
  std::vector<v1::Fact> facts;
  const absl::Status status = client.Pages(&Stub::ListFacts, request, [&](const v1::ListFactsResponse& page) {
    facts.insert(facts.end(), page.facts().begin(), page.facts().end());
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return facts;
}

absl::StatusOr<std::vector<v1::FactDetail>> Details(Client& client, const Target& target,
                                                    const std::vector<v1::Fact>& facts) {
  std::set<std::string> keys;
  for (const v1::Fact& fact : facts) keys.insert(fact.key());
  std::vector<v1::FactDetail> out;
  for (const std::string& key : keys) {
    auto request = For<v1::GetFactRequest>(target);
    request.set_key(key);
    auto detail = client.Call(&Stub::GetFact, request);
    if (!detail.ok()) return detail.status();
    out.push_back(*std::move(detail));
  }
  return out;
}

absl::StatusOr<std::vector<v1::Report>> Reports(Client& client, const Target& target) {
  std::vector<v1::Report> out;
  const absl::Status status =
      client.Pages(&v1::ConsolidationService::Stub::ListReports, For<v1::ListReportsRequest>(target),
                   [&](const v1::ListReportsResponse& page) {
                     out.insert(out.end(), page.reports().begin(), page.reports().end());
                     return absl::OkStatus();
                   });
  if (!status.ok()) return status;
  return out;
}

absl::Status Tell(Client& client, const Target& target, CommandContext& context) {
  const absl::StatusOr<std::vector<v1::Fact>> facts = AllFacts(client, target);
  if (!facts.ok()) return facts.status();
  const absl::StatusOr<std::vector<v1::FactDetail>> details = Details(client, target, *facts);
  if (!details.ok()) return details.status();
  const absl::StatusOr<std::vector<v1::Report>> reports = Reports(client, target);
  if (!reports.ok()) return reports.status();
  auto who = client.Call(&Stub::GetUser, For<v1::GetUserRequest>(target));
  if (!who.ok()) return who.status();
  const std::map<std::string, Arrival> arrivals = Arrivals(SampleMemory());

  const auto current =
      std::count_if(facts->begin(), facts->end(), [](const v1::Fact& f) { return f.current(); });
  Heading(context, "What a night of sleep made of it");
  context.out << "  " << Grouped(who->episodes()) << " episodes became " << current
              << " facts that hold now and " << facts->size() - static_cast<size_t>(current)
              << " that held once.\n\n"
              << NowText(*facts, arrivals);
  if (const std::string text = ChangesText(*facts, arrivals); !text.empty()) {
    Heading(context, "What changed over these months");
    context.out << text;
  }
  if (const std::string text = LateText(*facts, arrivals, 5); !text.empty()) {
    Heading(context, "Late news");
    context.out << text;
  }
  if (const std::string text = UnusedText(*details, arrivals, 5); !text.empty()) {
    Heading(context, "Said, but changed nothing");
    context.out << text;
  }
  Heading(context, "The report, in short");
  context.out << RunsText(*reports) << "    digest of all facts  " << who->digest() << "\n";
  return absl::OkStatus();
}

void GoOn(const App& app, const Target& target, const DataFolder& folder, bool serving,
          CommandContext& context) {
  const std::string me = Myself();
  Heading(context, "How to go on");
  if (!serving) {
    context.out << "  " << me
                << " demo     the same, and keeps serving until Ctrl-C, to be called with grpcurl or from "
                   "another shell\n"
                << "  " << me << " serve    the daemon for your own memory\n"
                << "  " << me << " import --user me chat.jsonl && " << me
                << " trigger --user me --until-drained\n";
    return;
  }
  const std::string with = absl::StrCat(" --address ", app.listen(), " --user ", target.user);
  context.out << "  This daemon serves gRPC on " << app.listen();
  if (!app.http_listen().empty()) context.out << " and metrics on http://" << app.http_listen() << "/metrics";
  context.out << ",\n  with its data in " << folder.path()
              << (folder.temporary() ? " (removed at the end)" : "") << ". In another shell:\n\n"
              << "  " << me << " facts" << with << " --history --evidence\n"
              << "  " << me << " facts show" << with << " ines:location:current_city\n"
              << "  echo '{\"text\": \"I moved to Lisbon today\", \"speaker\": \"Ines\"}' | " << me
              << " import" << with << " -\n"
              << "  " << me << " trigger" << with << " --until-drained\n"
              << "  " << me << " report" << with << "\n"
              << "  grpcurl -plaintext -d '{\"user\": \"" << target.user << "\"}' " << app.listen()
              << " slowwave.v1.MemoryService/GetUser\n\n"
              << "  Ctrl-C ends it.\n";
}

absl::StatusOr<int> RunDemo(const DemoOptions& o, CommandContext& context) {
  absl::StatusOr<std::unique_ptr<DataFolder>> folder = DataFolder::Make(o.data_dir);
  if (!folder.ok()) return folder.status();
  Interrupt interrupt(**folder);

  AppOptions options;
  options.config = DefaultConfig();
  options.config.listen = "127.0.0.1:0";
  options.config.http_listen = "127.0.0.1:0";
  options.config.data_dir = (*folder)->path();
  SetUpLogging("warn", options.config.log_format);
  absl::StatusOr<std::unique_ptr<App>> app = App::Create(std::move(options));
  if (!app.ok()) return app.status();
  if (absl::Status status = (*app)->Start(); !status.ok()) return status;

  Target target;
  target.address = (*app)->listen();
  target.user = "demo";
  Client client(target);
  context.out << "\n== A sample memory: three people, eight months of talk\n\n";
  if (absl::Status status = Import(client, target, context); !status.ok()) return status;

  Heading(context, "They sleep");
  auto request = For<v1::TriggerConsolidationRequest>(target);
  request.set_reason("demo");
  const absl::StatusOr<Drained> drained = Drain(client, request, [&](const v1::TaskEvent& event) {
    if (event.stage().empty() ? event.state() == v1::TASK_STATE_RUNNING : event.done()) {
      context.out << EventText(event) << std::endl;
    }
  });
  if (!drained.ok()) return drained.status();
  if (absl::Status status = Tell(client, target, context); !status.ok()) return status;
  GoOn(**app, target, **folder, !o.once, context);
  context.out.flush();
  if (!o.once) interrupt.WaitServing();
  (*app)->Stop();
  return 0;
}

}  // namespace

void AddDemo(CLI::App& root, CommandContext& context) {
  auto o = std::make_shared<DemoOptions>();
  CLI::App* command =
      root.add_subcommand("demo", "See it work: a sample memory, a night of sleep, and the facts it leaves");
  command->add_flag("--once", o->once, "Exit when all is told, instead of serving on until Ctrl-C");
  command->add_option("--data-dir", o->data_dir,
                      "Keep the data here, such as ./demo-data; a temporary folder if not given");
  command->footer("Needs nothing and leaves nothing behind.\nExample: slowwave demo --once");
  OnChosen(*command, context, [o, &context] { return RunDemo(*o, context); });
}

}  // namespace slowwave
